"""Why Redis cannot be used, in words, where the name of the error does not tell."""

from typing import Final

from redis.exceptions import AuthenticationError, BusyLoadingError
from redis.exceptions import TimeoutError as ClientTimeoutError

from storage.reach import not_reached, unanswered
from storage.tls import tls_problem

NO_SUCH_DATABASE: Final = "it has no database with the number in REDIS_URL"


def reason(error: BaseException, *, tls: bool) -> str | None:
    """The end of a sentence about the server, where there is one. `tls`: it was asked for."""
    if "DB index" in str(error):
        return NO_SUCH_DATABASE
    if tls and isinstance(error, ClientTimeoutError | TimeoutError):
        return f"{type(error).__name__}: it does not answer, or it does not speak TLS (rediss://)"
    if isinstance(error, AuthenticationError):
        return "it refuses user or password"
    if isinstance(error, BusyLoadingError):
        return "it is reading its data"
    if isinstance(error, ClientTimeoutError):
        return "it does not answer"
    authority = "ssl_ca_certs"
    return tls_problem(error, authority=authority) or not_reached(error) or unanswered(error)
