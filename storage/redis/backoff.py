"""How long to wait before connecting again."""

from collections.abc import Callable

_FIRST_SECONDS = 0.1
_MAX_SECONDS = 2.0


def pause(failures: int, jitter: Callable[[], float]) -> float:
    """Seconds before the next try: at once after the first failure, then full jitter 0.1 to 2 s.

    `jitter` gives numbers from 0 to 1.
    """
    if failures <= 1:
        return 0.0
    longest = min(_MAX_SECONDS, _FIRST_SECONDS * 2.0 ** min(failures, 10))
    return _FIRST_SECONDS + (longest - _FIRST_SECONDS) * jitter()
