"""Delays before a retry: exponential with full jitter, and at least as long as the server asked."""

from random import Random

FIRST_SECONDS = 0.25
AGAIN_LONGEST_SECONDS = 2.0
"""The longest delay on a working connection, so that a store is used soon after it is back."""

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
