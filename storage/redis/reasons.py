"""Why Redis cannot be used, in words, where the name of the error does not tell."""

from socket import gaierror
from typing import Final

from redis.exceptions import TimeoutError as ClientTimeoutError

from storage.tls import tls_problem

NO_SUCH_DATABASE: Final = "it has no database with the number in REDIS_URL"


def reason(error: BaseException, *, tls: bool) -> str | None:
    """The end of a sentence about the server, where there is one. `tls`: it was asked for."""
    if "DB index" in str(error):
        return NO_SUCH_DATABASE
    if isinstance(error.__cause__ or error.__context__, gaierror):
        return "nobody knows its host name"
    if tls and isinstance(error, ClientTimeoutError | TimeoutError):
        return f"{type(error).__name__}: it does not answer, or it does not speak TLS (rediss://)"
    return tls_problem(error, authority="ssl_ca_certs")
