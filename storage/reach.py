"""Why no connection to a store came about, in words that are true of both."""

import errno
from socket import gaierror
from typing import Final

from storage.deadline import StoodStill
from storage.tls import chain

_NO_WAY: Final = {errno.EHOSTUNREACH, errno.ENETUNREACH}


def not_reached(error: BaseException) -> str | None:
    """The end of a sentence about the server, None where something else went wrong."""
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
    """The same for a deadline that the server let pass. A process that stood still says that."""
    if not isinstance(error, TimeoutError) or isinstance(error, StoodStill):
        return None
    told = str(error)
    return f"it does not answer {told}" if told.startswith("within ") else "it does not answer"
