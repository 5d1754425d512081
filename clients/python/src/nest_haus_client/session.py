"""One client, whatever connection it has just now: hello, houses, questions, the watch. No I/O.

The shell (``connection``) calls ``opened``, ``receive``, ``tick`` and ``closed``; after each call
it sends ``take_messages()`` and looks at ``broken`` (end this connection, make a new one) and
``fatal`` (the server does not want this client; nothing helps). What was on its way when a
connection ended is sent again on the next one: every message here may be repeated.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import msgspec

from nest_haus_client.backoff import delay_seconds
from nest_haus_client.errors import ClientError, Refused
from nest_haus_client.messages import (
    PROTOCOL,
    Activity,
    ActivityFilter,
    ErrorFrame,
    FromServer,
    Hello,
    Introduce,
    Introduced,
    Left,
    OpFrame,
    Ops,
    Outcome,
    OutcomeOf,
    Person,
    PositionFrame,
    PresenceFrame,
    Snapshot,
    ToServer,
    Unreadable,
    Unwatch,
    Unwatched,
    Watch,
    Watching,
    Welcome,
    decode,
)
from nest_haus_client.pending import ANSWER_SECONDS
from nest_haus_client.state import HouseState

HELLO_ID = "hello"
BATCHES_KEPT = 64
"""So many batches of interactions wait for a slow reader; then it is read again from its place."""

NOT_ALLOWED = ("admins_only", "not_authenticated", "access_revoked")
"""What ends a watch for good; after any other end it begins again."""

Answer = FromServer | Refused


@dataclass(slots=True)
class _Question:
    """Something that is asked until it is answered. ``heard`` gets the answer, once."""

    message: OutcomeOf | Introduce
    heard: Callable[[Answer], None]
    send_at: float = 0.0
    answer_by: float | None = None
    tries: int = 0


class WatchState:
    """The live interactions: which are wanted, how far they were taken.

    ``take()`` gives batches in order. Nothing is missed between them but what a batch itself says
    (``gap``, ``skipped``): after a lost connection, or when too many wait, the server is asked for
    what follows the last one that was taken.
    """

    def __init__(
        self,
        *,
        since: str | None,
        history: int,
        wanted: ActivityFilter | None,
        heard: Callable[[], None],
    ) -> None:
        self.ended: ClientError | None = None
        self._since = since
        self._history = history
        self._filter = wanted
        self._heard = heard
        self._batches: deque[Activity] = deque()
        self._overrun = False
        self._subscribed = False
        self._watch_id: str | None = None
        self._count = 0

    @property
    def waiting(self) -> bool:
        """Whether a batch can be taken now."""
        return bool(self._batches)

    @property
    def behind(self) -> bool:
        """Whether the server has to be asked again, now that what waited is taken."""
        return self._overrun and not self._batches

    def question(self) -> Watch:
        """What to send, on every connection and when it is ``behind``."""
        self._count += 1
        self._watch_id = f"watch-{self._count}"
        self._overrun = self._subscribed = False
        self._batches.clear()
        return Watch(
            id=self._watch_id, since=self._since, history=self._history, filter=self._filter
        )

    def take(self) -> Activity | None:
        """The next batch, if one is there."""
        if not self._batches:
            return None
        batch = self._batches.popleft()
        self._since = batch.last_id or self._since
        return batch

    def receive(self, frame: Watching | Activity | Unwatched) -> None:
        """Take a message of the server about the watch."""
        match frame:
            case Watching() if frame.re == self._watch_id:
                self._subscribed = True
                self._since = self._since or frame.since
            case Activity() if self._subscribed and not self._overrun:
                if len(self._batches) < BATCHES_KEPT:
                    self._batches.append(frame)
                else:
                    self._overrun = True
            case Unwatched() if frame.code in NOT_ALLOWED:
                self.ended = Refused(frame.code)
            case _:
                pass
        self._heard()

    def answers(self, re: str | None) -> bool:
        """Whether a message with this ``re`` answers the watch."""
        return re is not None and re == self._watch_id

    def end(self, why: ClientError) -> None:
        """Nothing follows: the server does not let us watch, or the client is closed."""
        self.ended = why
        self._heard()


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
        self._random = random
        self._watch: WatchState | None = None
        self._watch_at: float | None = None
        self._watch_tries = 0
        self._questions: dict[str, _Question] = {}
        self._asked = 0
        self._token_asked_for = False
        self._token_refused = False
        self._welcome_by: float | None = None
        self._messages: list[ToServer] = []

    def identify(self, token: str | None, *, asked_for: bool = False) -> None:
        """What proves who this is, from the next connection on; ``asked_for``: only there.

        One that was asked for may have run out on its way - a computer slept, Redis forgot it - so
        only when the next one is refused too the server does not know this client.
        """
        self._hello = msgspec.structs.replace(self._hello, token=token)
        self._token_asked_for = asked_for

    def without_token(self, refused: Refused | None) -> None:
        """There is nothing to say hello with: refused to whoever was asked, or not known why."""
        self.retry_after_ms = None
        if refused is not None:
            self._hello_refused(refused)

    def take_messages(self) -> list[ToServer]:
        """What to send now, in order."""
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
        """Forget a house; what it still had to say is sent first."""
        self._messages += house.take_messages()
        self.houses.remove(house)

    def ask(
        self, message: OutcomeOf | Introduce, heard: Callable[[Answer], None], now: float
    ) -> str:
        """Ask until it is answered; returns the name of the question, for ``forget``."""
        self._asked += 1
        name = f"ask-{self._asked}"
        question = _Question(msgspec.structs.replace(message, id=name), heard, send_at=now)
        self._questions[name] = question
        self._put_questions(now)
        return name

    def forget(self, name: str) -> None:
        """Nobody waits for this answer any more."""
        self._questions.pop(name, None)

    def watch(self, watch: WatchState) -> None:
        """Subscribe to the live interactions, in place of an earlier watch."""
        self._watch = watch
        if self.online:
            self._messages.append(watch.question())

    def unwatch(self, watch: WatchState) -> None:
        """End the subscription, if it is still this one."""
        if self._watch is watch:
            self._watch = self._watch_at = None
            if self.online:
                self._messages.append(Unwatch())

    def end_watch(self, why: ClientError) -> None:
        """No interaction follows."""
        if self._watch is not None:
            self._watch.end(why)

    def watch_further(self, watch: WatchState) -> None:
        """After batches were taken: ask for what had no place, if there is such."""
        if self._watch is watch and watch.behind and self.online:
            self._messages.append(watch.question())

    # ---- the connection

    def opened(self, now: float) -> None:
        """A connection is open: say who we are."""
        self.broken = self.retry_after_ms = None
        self._welcome_by = now + ANSWER_SECONDS
        self._messages = [self._hello]

    def closed(self) -> None:
        """The connection is gone; whatever was not answered is asked again on the next one."""
        self.online = False
        self._welcome_by = self._watch_at = None
        self._messages.clear()
        for question in self._questions.values():
            question.answer_by = None
            question.send_at = 0.0
        for house in self.houses:
            house.disconnected()

    def wake_at(self) -> float | None:
        """When ``tick`` has something to do."""
        moments = [self._welcome_by, self._watch_at, *(house.wake_at() for house in self.houses)]
        if self.online:
            moments += [q.answer_by or q.send_at for q in self._questions.values()]
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now: float) -> None:
        """Do what is due; ``broken`` is set when an answer is missing for too long."""
        for house in self.houses:
            house.tick(now)
        questions = self._questions.values()
        if (
            any(house.overdue for house in self.houses)
            or any(q.answer_by is not None and now >= q.answer_by for q in questions)
            or (self._welcome_by is not None and now >= self._welcome_by)
        ):
            self.broken = "the server does not answer"
        if self._watch_at is not None and now >= self._watch_at:
            self._watch_at = None
            if self._watch is not None and self.online:
                self._messages.append(self._watch.question())
        self._put_questions(now)

    # ---- hearing

    def receive(self, text: str | bytes, now: float) -> None:
        """Take one message of the server."""
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
            case Outcome() | Introduced() if frame.re in self._questions:
                self._answered(frame.re, frame)
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
                    self._watch_received(self._watch, frame, now)
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
            self._messages.append(self._watch.question())
        self._put_questions(now)

    def _watch_received(
        self, watch: WatchState, frame: Watching | Activity | Unwatched, now: float
    ) -> None:
        watch.receive(frame)
        if isinstance(frame, Unwatched) and frame.code is not None and watch.ended is None:
            self._watch_at = now + delay_seconds(self._watch_tries, self._random)
            self._watch_tries += 1
        elif isinstance(frame, Activity):
            self._watch_tries = 0

    def _refused(self, frame: ErrorFrame, now: float) -> None:
        refused = Refused(
            frame.code,
            text=frame.message,
            detail=frame.detail,
            retryable=frame.retryable,
            retry_after_ms=frame.retry_after_ms,
        )
        if frame.re == HELLO_ID:
            self._token_used(refused)
        elif frame.re in self._questions:
            self._question_refused(frame.re, refused, now)
        elif self._watch is not None and self._watch.answers(frame.re):
            self._watch_refused(self._watch, refused, now)
        elif house := self._house_of(frame):
            house.refused(frame, now)
        elif frame.retryable:  # said before the server ends this connection
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

    def _question_refused(self, name: str, refused: Refused, now: float) -> None:
        question = self._questions[name]
        if not refused.retryable and refused.code != "not_joined":
            self._answered(name, refused)
            return
        question.answer_by = None
        pause = delay_seconds(question.tries - 1, self._random, refused.retry_after_ms)
        question.send_at = now + pause

    def _watch_refused(self, watch: WatchState, refused: Refused, now: float) -> None:
        if refused.retryable:
            pause = delay_seconds(self._watch_tries, self._random, refused.retry_after_ms)
            self._watch_tries += 1
            self._watch_at = now + pause
        else:
            watch.end(refused)

    def _answered(self, name: str, answer: Answer) -> None:
        self._questions.pop(name).heard(answer)

    def _put_questions(self, now: float) -> None:
        if not self.online:
            return
        for question in self._questions.values():
            if question.answer_by is None and now >= question.send_at:
                question.answer_by = now + ANSWER_SECONDS
                question.tries += 1
                self._messages.append(question.message)
