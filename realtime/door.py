"""The door through which interactions come: who sends them, and whether any may be stored."""

from typing import Final

from starlette.requests import HTTPConnection, cookie_parser
from starlette.types import Scope

from configurator.visitor import (
    CONSENT_COOKIE,
    UNKNOWN_NETWORK,
    Consent,
    Visitor,
    language_of,
    network_of,
    objection_of,
    printable,
)
from realtime.bots import Bots
from realtime.cookies import Cookies

_READ: Final = frozenset(
    {
        b"accept-language",
        b"cookie",
        b"dnt",
        b"host",
        b"purpose",
        b"sec-gpc",
        b"sec-purpose",
        b"user-agent",
        b"x-moz",
    }
)
"""Looked for in one pass: this stands before every interaction."""


class Door:
    """Looks at a request or at the opening of a socket once; what it says holds for all of it.

    The address is that of the peer of the connection, or what a trusted proxy said: the web server
    has put it there (`app.processes.web_config`), and no header is looked at here.
    """

    def __init__(self, *, consent: Consent, bots: Bots, cookies: Cookies) -> None:
        self._consent: Consent = consent
        self._person_cookie = cookies.person
        self._bots = bots

    def visitor(self, asking: HTTPConnection) -> Visitor:
        """Who this is, as far as it may be known."""
        told = {name: value for name, value in asking.scope["headers"] if name in _READ}
        headers = {name: value.decode("latin-1") for name, value in told.items()}
        cookies = _cookies_in(headers.get(b"cookie", ""), self._person_cookie)
        objection = objection_of(
            gpc=headers.get(b"sec-gpc"),
            dnt=headers.get(b"dnt"),
            consent_cookie=cookies.get(CONSENT_COOKIE),
            consent=self._consent,
            on_our_page=self._person_cookie in cookies,
        )
        if objection is not None:
            return Visitor(objection=objection)
        user_agent = printable(headers.get(b"user-agent"))
        purpose = headers.get(b"sec-purpose") or headers.get(b"purpose") or headers.get(b"x-moz")
        return Visitor(
            bot=self._bots.reason(user_agent, purpose=purpose),
            user_agent=user_agent,
            language=language_of(headers.get(b"accept-language")),
            network=network_of(asking.client.host if asking.client else None),
            host=headers.get(b"host", ""),
        )


def network_in(scope: Scope) -> str:
    """The network whose limits count for this request or socket: that of the address, see `Door`.

    Where the server knows none, as on a socket of the file system, all requests are of one network.
    All whose address is none are of another one: what a proxy hands on is not always an address.
    """
    client = scope.get("client")
    host: str = client[0] if client else ""
    return network_of(host) or (UNKNOWN_NETWORK if host else "")


def _cookies_in(header: str, person_cookie: str) -> dict[str, str]:
    """The cookies, where there are ours among them: this stands before every interaction."""
    if person_cookie not in header and CONSENT_COOKIE not in header:
        return {}
    cookies = cookie_parser(header)
    if f"{CONSENT_COOKIE}=none" in map(str.strip, header.split(";")):
        cookies[CONSENT_COOKIE] = "none"  # of two answers, as of two paths, the refusal counts
    return cookies
