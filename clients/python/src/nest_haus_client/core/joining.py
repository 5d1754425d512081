"""The joins of a house: at most one is unanswered; a refused one is sent again after a pause."""

from random import Random

from nest_haus_client.core.pause import Pause
from nest_haus_client.core.queue import ANSWER_SECONDS


class Joining:
    """The join that is unanswered, or that has to wait.

    ``number`` tells the houses of a connection apart.
    """

    def __init__(self, number: int, random: Random) -> None:
        self.answer_by: float | None = None
        self._number = number
        self._random = random
        self._joins = 0
        self._id: str | None = None
        self._tries = 0
        self._waits = False
        self._pause = Pause()

    def begin(self, now: float) -> str:
        """Record that a join is sent; returns its id."""
        self._joins += 1
        self._id = f"join-{self._number}-{self._joins}"
        self._waits = False
        self.answer_by = now + ANSWER_SECONDS
        return self._id

    def answers(self, re: str | None) -> bool:
        """Whether a message with this ``re`` answers the join."""
        return re is not None and re == self._id

    def answered(self) -> None:
        """Record that the server has let this client in."""
        self.stop()
        self._tries = 0

    def refused(self, now: float, retry_after_ms: int | None) -> None:
        """Begin the pause before the next join."""
        self.stop()
        self._pause.begin(now, self._tries, self._random, retry_after_ms)
        self._tries += 1
        self._waits = True

    def connected(self, now: float) -> bool:
        """Whether to join at once on this new connection, or after the pause that goes on."""
        self._waits = not self._pause.is_over(now)
        return not self._waits

    def disconnected(self) -> None:
        """Record that the connection is lost."""
        self.stop()
        self._pause.disconnected()

    def stop(self) -> None:
        """Expect no answer and wait for no other join."""
        self._id = self.answer_by = None
        self._waits = False

    def wake_at(self) -> float | None:
        """The time at which something is due; None if nothing is."""
        return self._pause.until if self._waits else self.answer_by

    def is_due(self, now: float) -> bool:
        """Whether the join that had to wait is to be sent now."""
        return self._waits and self._pause.is_over(now)
