"""Errors of TLS in words, for both stores: the certificate, its problem, and what to change."""

import ssl
from collections.abc import Iterator, Mapping
from typing import Final

_EXPIRED: Final = 10
_NOT_YET_VALID: Final = 9
_HOST_NAME: Final = 62
_ADDRESS: Final = 64
_UNKNOWN_ISSUER: Final = frozenset({2, 18, 19, 20, 21})

CERTIFICATE: Final[Mapping[int, str]] = {
    _EXPIRED: "its certificate is out of date",
    _NOT_YET_VALID: "its certificate is not valid yet, or a clock is wrong",
    _HOST_NAME: "its certificate is for another host name than the one in the URL",
    _ADDRESS: "its certificate is for another address than the one in the URL",
}
"""Sentences by OpenSSL's code of the problem (`X509_V_ERR_…`)."""


def tls_problem(error: BaseException, *, authority: str) -> str | None:
    """The problem as the end of a sentence about the server; None if it is not a problem of TLS.

    `authority` is the parameter that names the trusted certificates. The error may be the cause of
    the one that is passed.
    """
    for each in chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            if each.verify_code in _UNKNOWN_ISSUER:
                return f"its certificate is from an authority that is not trusted: name that as {authority}"
            return CERTIFICATE.get(each.verify_code, "its certificate is not accepted")
        if isinstance(each, ssl.SSLError):
            return "it does not speak TLS as it was asked to"
    return None


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its causes, the newest first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
