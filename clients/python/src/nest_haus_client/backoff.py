"""How long to wait before trying again: exponential with full jitter, within what was asked."""

from random import Random

FIRST_SECONDS = 0.25
LONGEST_SECONDS = 15.0


def delay_seconds(attempt: int, random: Random, retry_after_ms: int | None = None) -> float:
    """Seconds before attempt number ``attempt`` (0 is the first retry).

    Uniform between 0 and the bound, so that many clients do not come back at the same moment;
    never less than the server asked for.
    """
    bound = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempt, 10))
    return (retry_after_ms or 0) / 1000 + random.uniform(0.0, bound)
