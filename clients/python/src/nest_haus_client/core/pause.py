"""Pauses after a refusal that is only for a while."""

from random import Random

from nest_haus_client.backoff import delay_seconds


class Pause:
    """The pause before something is sent again. ``until`` is its end, as the caller's clock counts.

    A pause that the server asked for outlives the connection, so that a client does not hurry by
    connecting again. One of our own only spreads the retries, and ends with the connection.
    """

    def __init__(self) -> None:
        self.until = 0.0
        self._told = False

    def begin(self, now: float, tries: int, random: Random, retry_after_ms: int | None) -> None:
        """Begin the pause before retry number ``tries`` (0 is the first), as long as the server asked."""
        self.until = now + delay_seconds(tries, random, retry_after_ms)
        self._told = bool(retry_after_ms)

    def disconnected(self) -> None:
        """Record that the connection is lost."""
        if not self._told:
            self.until = 0.0

    def is_over(self, now: float) -> bool:
        """Whether it may be sent again."""
        return now >= self.until
