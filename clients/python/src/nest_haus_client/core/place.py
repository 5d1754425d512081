"""The place of this person in the configurator, which the others of the house are told."""

from random import Random

from nest_haus_client.core.pause import Pause
from nest_haus_client.messages import ErrorFrame, Present

PRESENCE_SECONDS = 0.1
"""Seconds between two messages about this person's place; the latest place counts."""


class Place:
    """A place that must be told to the server again whenever it has changed.

    ``number`` tells the houses of a connection apart.
    """

    def __init__(self, number: int, random: Random) -> None:
        self._id = f"place-{number}"
        self._random = random
        self._category: str | None = None
        self._view: str | None = None
        self._told = True
        self._next_at = 0.0
        self._pause = Pause()

    def move(self, category: str | None, view: str | None) -> None:
        """Set the place."""
        self._category, self._view, self._told = category, view, False

    def disconnected(self) -> None:
        """Record that the connection is lost."""
        self._pause.disconnected()

    def joined(self) -> None:
        """Record that the server does not know the place: to it this is a new member."""
        if self._category is not None or self._view is not None:
            self._told = False

    def answers(self, re: str | None) -> bool:
        """Whether a message with this ``re`` answers one about the place."""
        return re == self._id

    def refused(self, frame: ErrorFrame, now: float) -> None:
        """Take the refusal of a message about the place."""
        if frame.retryable:
            self._told = False
            self._pause.begin(now, 0, self._random, frame.retry_after_ms)

    def wake_at(self) -> float | None:
        """The time at which the place is to be told; None if it was told."""
        return None if self._told else max(self._next_at, self._pause.until)

    def message(self, configuration: str, now: float) -> Present | None:
        """The message to send now, if any."""
        wake_at = self.wake_at()
        if wake_at is None or now < wake_at:
            return None
        self._told, self._next_at = True, now + PRESENCE_SECONDS
        return Present(
            id=self._id, configuration=configuration, category=self._category, view=self._view
        )
