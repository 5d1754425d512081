"""One client, independent of its present connection: hello, houses, questions, the watch. No I/O.

The shell (``connection``) calls ``opened``, ``receive``, ``tick`` and ``closed``; after each call
it sends ``take_messages()`` and looks at ``broken`` (end this connection, make a new one) and
``fatal`` (the server rejects this client permanently). Messages in flight when a connection ended are
sent again on the next one: every message here may be repeated.
"""

from collections.abc import Callable
from random import Random

import msgspec

from nest_haus_client.core.questions import Answer, Question, Questions
from nest_haus_client.core.queue import ANSWER_SECONDS
from nest_haus_client.core.state import HouseState
from nest_haus_client.core.watch import WatchState
from nest_haus_client.errors import ClientError, Refused
from nest_haus_client.messages import (
    PROTOCOL,
    Activity,
    ErrorFrame,
    FromServer,
    Hello,
    Introduced,
    Left,
    OpFrame,
    Ops,
    Outcome,
    Person,
    PositionFrame,
    PresenceFrame,
    Snapshot,
    ToServer,
    Unreadable,
    Unwatch,
    Unwatched,
    Watching,
    Welcome,
    decode,
)

HELLO_ID = "hello"


class Session:
    """See the module."""

    def __init__(self, *, client: str, random: Random, session_id: str | None = None) -> None:
        self.houses: list[HouseState] = []
        self.person: Person | None = None
        self.online = False
        self.broken: str | None = None
        self.fatal: Refused | None = None
        self.retry_after_ms: int | None = None
        self._hello = Hello(
            id=HELLO_ID, protocol=PROTOCOL, client=client[:64], session_id=session_id
        )
        self._watch: WatchState | None = None
        self._questions = Questions(random)
        self._token_asked_for = False
        self._token_refused = False
        self._welcome_by: float | None = None
        self._messages: list[ToServer] = []

    def identify(self, token: str | None, *, asked_for: bool = False) -> None:
        """Set the next connection's token; ``asked_for``: a function gave it, for that connection only.

        Such a token may have expired meanwhile (the computer slept, Redis lost it), so only if the
        next one is refused, too, does the server not know this client.
        """
        self.retry_after_ms = None
        self._hello = msgspec.structs.replace(self._hello, token=token)
        self._token_asked_for = asked_for

    def without_token(self, refused: Refused | None) -> None:
        """Record that there is no token for hello; ``refused``: the function's error, if it is known."""
        self.retry_after_ms = None
        if refused is not None:
            self._hello_refused(refused)

    def take_messages(self) -> list[ToServer]:
        """The messages to send now, in order."""
        taken, self._messages = self._messages, []
        for house in self.houses:
            taken += house.take_messages()
        return taken

    # ---- asking

    def add(self, house: HouseState, now: float) -> None:
        """Enter a house, now or as soon as there is a connection."""
        self.houses.append(house)
        if self.online:
            house.connected(now)

    def remove(self, house: HouseState) -> None:
        """Forget a house; its remaining messages are sent first."""
        self._messages += house.take_messages()
        self.houses.remove(house)

    def ask(self, message: Question, heard: Callable[[Answer], None], now: float) -> str:
        """Ask until it is answered; returns the name of the question, for ``forget``."""
        name = self._questions.add(message, heard)
        self._put_due(now)
        return name

    def forget(self, name: str) -> None:
        """Drop a question whose answer is no longer needed."""
        self._questions.forget(name)

    def watch(self, watch: WatchState) -> None:
        """Subscribe to the live interactions, in place of an earlier watch."""
        self._watch = watch
        if self.online:
            watch.connected()

    def unwatch(self, watch: WatchState) -> None:
        """End the subscription, if it is still this one."""
        if self._watch is watch:
            self._watch = None
            if self.online:
                self._messages.append(Unwatch())

    def end_watch(self, why: ClientError) -> None:
        """End the watch: no interactions follow."""
        if self._watch is not None:
            self._watch.end(why)

    # ---- the connection

    def opened(self, now: float) -> None:
        """A connection is open: say who we are."""
        self.broken = None
        self._welcome_by = now + ANSWER_SECONDS
        self._messages = [self._hello]

    def closed(self) -> None:
        """Record that the connection is lost; unanswered messages are sent again on the next one."""
        self.online = False
        self._welcome_by = None
        self._messages.clear()
        self._questions.disconnected()
        if self._watch is not None:
            self._watch.disconnected()
        for house in self.houses:
            house.disconnected()

    def wake_at(self) -> float | None:
        """The time of the next due ``tick``, or None."""
        moments = [self._welcome_by, *(house.wake_at() for house in self.houses)]
        if self.online:
            moments.append(self._questions.wake_at())
            moments.append(self._watch.wake_at() if self._watch is not None else None)
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now: float) -> None:
        """Do what is due; ``broken`` is set when an answer is missing for too long."""
        for house in self.houses:
            house.tick(now)
        if (
            any(house.overdue for house in self.houses)
            or self._questions.is_overdue(now)
            or (self._welcome_by is not None and now >= self._welcome_by)
        ):
            self.broken = "the server does not answer"
        self._put_due(now)

    # ---- hearing

    def receive(self, text: str | bytes, now: float) -> None:
        """Handle one message of the server."""
        try:
            frame = decode(text)
            if frame is not None:
                self._receive(frame, now)
        except (Unreadable, msgspec.DecodeError) as problem:
            self.broken = f"the server sent something unreadable: {problem}"

    def _receive(self, frame: FromServer, now: float) -> None:
        match frame:
            case Welcome():
                self._welcomed(frame, now)
            case Outcome() | Introduced() if frame.re is not None and frame.re in self._questions:
                self._questions.answered(frame.re, frame)
            case (
                Snapshot()
                | Ops()
                | OpFrame()
                | Outcome()
                | PositionFrame()
                | PresenceFrame()
                | Left()
            ):
                for house in list(self.houses):
                    if house.id == frame.configuration or house.answers(frame.re):
                        house.receive(frame, now)
            case Watching() | Activity() | Unwatched():
                if self._watch is not None:
                    self._watch.receive(frame, now)
            case ErrorFrame():
                self._refused(frame, now)
            case _:
                pass

    def _welcomed(self, frame: Welcome, now: float) -> None:
        self._welcome_by = None
        self._token_refused = False
        self.online = True
        self.person = frame.person
        for house in self.houses:
            house.connected(now)
        self._messages += [message for house in self.houses for message in house.take_messages()]
        if self._watch is not None:
            self._watch.connected()
        self._put_due(now)

    def _refused(self, frame: ErrorFrame, now: float) -> None:
        refused = Refused.of(frame)
        if frame.re == HELLO_ID:
            self._token_used(refused)
        elif frame.re is not None and frame.re in self._questions:
            self._questions.refused(frame.re, refused, now)
        elif self._watch is not None and self._watch.answers(frame.re):
            self._watch.refused(refused, now)
        elif house := self._house_of(frame):
            house.refused(frame, now)
        elif frame.retryable:  # the server sends this before it ends the connection
            self.retry_after_ms = frame.retry_after_ms
        elif frame.code in {"client_too_old", "not_authenticated"}:
            self.fatal = refused

    def _house_of(self, frame: ErrorFrame) -> HouseState | None:
        return next((h for h in self.houses if h.concerns(frame)), None)

    def _token_used(self, refused: Refused) -> None:
        again = self._token_asked_for and not self._token_refused
        if refused.code == "not_authenticated" and again:
            self._token_refused = True
            self.broken = str(refused)
        else:
            self._hello_refused(refused)

    def _hello_refused(self, refused: Refused) -> None:
        if refused.retryable:
            self.retry_after_ms = refused.retry_after_ms
            self.broken = str(refused)
        else:
            self.fatal = refused

    def _put_due(self, now: float) -> None:
        """Queue the questions and the watch that are to be sent now."""
        if not self.online:
            return
        self._messages += self._questions.messages(now)
        watch = self._watch.message(now) if self._watch is not None else None
        if watch is not None:
            self._messages.append(watch)
