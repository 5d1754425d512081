"""The reasons why Redis cannot be used, in words, for errors whose name does not say them."""

from typing import Final

from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterError,
    InvalidResponse,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as ClientConnectionError
from redis.exceptions import TimeoutError as ClientTimeoutError

from storage.reach import not_reached, unanswered
from storage.tls import chain, tls_problem

NO_SUCH_DATABASE: Final = "it has no database with the number in REDIS_URL"

_KINDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (AuthenticationError, "it refuses user or password"),
    (BusyLoadingError, "it is reading its data"),
    (ClientTimeoutError, "it does not answer"),
    (NoPermissionError, "its ACL does not let our user do this (NOPERM)"),
    (ReadOnlyError, "it is a replica and takes no writes (READONLY)"),
    (OutOfMemoryError, "its memory is full, and nothing may be evicted (OOM)"),
    (MasterDownError, "it is a replica that has lost its primary (MASTERDOWN)"),
    (AskError, "it is a node of a cluster, which is not supported (MOVED)"),
    (ClusterError, "it is a node of a cluster that does not work (CLUSTERDOWN)"),
    (TryAgainError, "it is a node of a cluster, which is not supported (TRYAGAIN)"),
)

_REPLIES: Final = {
    "MISCONF": "it cannot write to its disk, and takes no writes until it can",
    "NOREPLICAS": "it takes no writes without its replicas",
    "UNBLOCKED": "somebody changed or removed the key that we waited for",
    "WRONGTYPE": "one of our keys has another type: another program writes into this database",
}


def reason(error: BaseException, *, tls: bool) -> str | None:
    """The reason as the end of a sentence about the server, or None. `tls`: the URL asks for TLS.

    Redis' reply to the login is the cause of the error that redis-py raises.
    """
    if tls and isinstance(error, ClientTimeoutError | TimeoutError):
        return f"{type(error).__name__}: it does not answer, or it does not speak TLS (rediss://)"
    for each in chain(error):
        if said := _replied(each):
            return said
    authority = "ssl_ca_certs"
    known = tls_problem(error, authority=authority) or not_reached(error) or unanswered(error)
    if known is None and isinstance(error, InvalidResponse):
        return "the program that listens there does not speak the protocol of Redis"
    if known is None and isinstance(error, ClientConnectionError):
        return "the connection was lost, or the program that listens there is not Redis"
    return known


def refuses_login(error: BaseException) -> bool:
    """Whether Redis answered and refused the user or the password."""
    return any(isinstance(each, AuthenticationError) for each in chain(error))


def lacks_database(error: BaseException) -> bool:
    """Whether Redis answered that it has no database with the number of the URL."""
    return any(_says_no_database(each) for each in chain(error))


def answered(error: BaseException) -> bool:
    """Whether the error is Redis' own answer, so that the server was reached."""
    return any(isinstance(each, ResponseError) for each in chain(error))


def _says_no_database(error: BaseException) -> bool:
    return "DB index" in str(error)


def _replied(error: BaseException) -> str | None:
    if _says_no_database(error):
        return NO_SUCH_DATABASE
    if "max number of clients" in str(error):
        return "all its connections are taken"
    word = str(error).partition(" ")[0] if isinstance(error, ResponseError) else ""
    if word in _REPLIES:
        return f"{_REPLIES[word]} ({word})"
    return next((words for kind, words in _KINDS if isinstance(error, kind)), None)
