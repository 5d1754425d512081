"""The reasons why a store could not be reached, in words for both stores."""

import errno
from socket import gaierror
from typing import Final

from storage.deadline import NotWithin, StoodStill
from storage.tls import chain

_NO_WAY: Final = {errno.EHOSTUNREACH, errno.ENETUNREACH}


def not_reached(error: BaseException) -> str | None:
    """The reason as the end of a sentence about the server; None for another kind of error."""
    for each in chain(error):
        if isinstance(each, gaierror):
            return "nobody knows its host name"
        if isinstance(each, ConnectionRefusedError):
            return "nothing listens there"
        if isinstance(each, FileNotFoundError):
            return "there is no such socket"
        if isinstance(each, OSError) and each.errno in _NO_WAY:
            return "no way leads there"
        if type(each) is OSError and str(each).startswith("Multiple exceptions"):
            return "nothing listens there, on any of its addresses"
    return None


def unanswered(error: BaseException) -> str | None:
    """The same for a passed deadline; the sentence differs if this process itself stood still."""
    if not isinstance(error, TimeoutError) or isinstance(error, StoodStill):
        return None
    seconds = f" within {error.seconds:g} s" if isinstance(error, NotWithin) else ""
    return f"it does not answer{seconds}"
