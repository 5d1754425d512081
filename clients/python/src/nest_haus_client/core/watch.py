"""The live interactions that an admin watches: the filter, and how far they were taken."""

from collections import deque
from collections.abc import Callable
from random import Random

from nest_haus_client.core.pause import Pause
from nest_haus_client.errors import ClientError, Refused
from nest_haus_client.messages import Activity, ActivityFilter, Unwatched, Watch, Watching

BATCHES_KEPT = 64
"""The most batches of interactions that wait for a slow reader; more are requested again later."""

NOT_ALLOWED = ("admins_only", "not_authenticated", "access_revoked")
"""The codes that end a watch permanently; after any other end it begins again."""


class WatchState:
    """One watch over all connections.

    ``take()`` returns batches in order. No interactions are missing between them except those that a
    batch itself reports (``gap``, ``skipped``): after a lost connection, or when too many wait, the
    server is asked for the interactions after the last batch that was taken.
    """

    def __init__(
        self,
        *,
        since: str | None,
        history: int,
        wanted: ActivityFilter | None,
        random: Random,
        heard: Callable[[], None],
    ) -> None:
        self.ended: ClientError | None = None
        self._since = since
        self._history = history
        self._filter = wanted
        self._random = random
        self._heard = heard
        self._batches: deque[Activity] = deque()
        self._overrun = False
        self._to_ask = False
        self._subscribed = False
        self._watch_id: str | None = None
        self._count = 0
        self._tries = 0
        self._pause = Pause()

    @property
    def waiting(self) -> bool:
        """Whether a batch can be taken now."""
        return bool(self._batches)

    def take(self) -> Activity | None:
        """The next batch, or None. After the last one, those that did not fit are requested."""
        if not self._batches:
            return None
        batch = self._batches.popleft()
        self._since = batch.last_id or self._since
        if self._overrun and not self._batches:
            self._to_ask = True
        return batch

    # ---- the connection

    def connected(self) -> None:
        """Record that there is a connection, on which the server must be asked."""
        self._to_ask = self.ended is None

    def disconnected(self) -> None:
        """Record that the connection is lost."""
        self._to_ask = False
        self._pause.disconnected()

    def wake_at(self) -> float | None:
        """The time at which the server is to be asked, or None."""
        return self._pause.until if self._to_ask else None

    def message(self, now: float) -> Watch | None:
        """The message to send now, if any."""
        if not self._to_ask or not self._pause.is_over(now):
            return None
        self._count += 1
        self._watch_id = f"watch-{self._count}"
        self._to_ask = self._overrun = self._subscribed = False
        self._batches.clear()
        return Watch(
            id=self._watch_id, since=self._since, history=self._history, filter=self._filter
        )

    # ---- hearing

    def answers(self, re: str | None) -> bool:
        """Whether a message with this ``re`` answers the watch."""
        return re is not None and re == self._watch_id

    def receive(self, frame: Watching | Activity | Unwatched, now: float) -> None:
        """Handle a message of the server about the watch."""
        match frame:
            case Watching() if frame.re == self._watch_id:
                self._subscribed = True
                self._since = self._since or frame.since
            case Activity():
                self._tries = 0
                self._keep(frame)
            case Unwatched(code=str(code)) if code in NOT_ALLOWED:
                self.ended = Refused(code)
            case Unwatched(code=str()):
                self._again(now, None)
            case _:
                pass
        self._heard()

    def refused(self, refused: Refused, now: float) -> None:
        """Handle the refusal of the watch."""
        if refused.retryable:
            self._again(now, refused.retry_after_ms)
        else:
            self.end(refused)

    def end(self, why: ClientError) -> None:
        """End it: the server does not allow the watch, or the client is closed."""
        self.ended = why
        self._heard()

    def _keep(self, batch: Activity) -> None:
        if not self._subscribed or self._overrun:
            return
        if len(self._batches) < BATCHES_KEPT:
            self._batches.append(batch)
        else:
            self._overrun = True

    def _again(self, now: float, retry_after_ms: int | None) -> None:
        self._to_ask = True
        self._pause.begin(now, self._tries, self._random, retry_after_ms)
        self._tries += 1
