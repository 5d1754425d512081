"""How long to wait before trying again: exponential with full jitter, within what was asked."""

from random import Random

FIRST_SECONDS = 0.25
AGAIN_LONGEST_SECONDS = 2.0
"""On a connection that stands: a store that was away is used again at once when it is back."""

RECONNECT_LONGEST_SECONDS = 15.0


def delay_seconds(
    attempt: int,
    random: Random,
    retry_after_ms: int | None = None,
    *,
    longest_seconds: float = AGAIN_LONGEST_SECONDS,
) -> float:
    """Seconds before attempt number ``attempt`` (0 is the first retry).

    Uniform between 0 and the bound, so that many clients do not come back at the same moment;
    never less than the server asked for.
    """
    bound = min(longest_seconds, FIRST_SECONDS * 2.0 ** min(attempt, 10))
    return (retry_after_ms or 0) / 1000 + random.uniform(0.0, bound)
