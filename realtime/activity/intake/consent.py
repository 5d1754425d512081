"""The consent of a visitor: whether interactions may be stored, and which traits with them."""

from typing import Final

from starlette.requests import HTTPConnection, cookie_parser

from configurator.activity.visitor import (
    CONSENT_COOKIE,
    Consent,
    VisitorTraits,
    language_of,
    network_of,
    objection_of,
    printable,
)
from realtime.activity.intake.bots import BotDetector
from realtime.people.cookies import Cookies

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
"""The headers that matter, found in one pass: this code runs before every interaction."""


class VisitorReader:
    """Reads a request, or the opening of a socket, once; the result holds for all of it.

    The address is that of the connection's peer, or the one that a trusted proxy named. The web
    server has put it into the scope (`app.processes.web_config`); no header is read here.
    """

    def __init__(self, *, consent: Consent, bots: BotDetector, cookies: Cookies) -> None:
        self._consent: Consent = consent
        self._person_cookie = cookies.person
        self._bots = bots

    def visitor(self, asking: HTTPConnection) -> VisitorTraits:
        """The traits of the visitor that may be stored; none with an objection."""
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
            return VisitorTraits(objection=objection)
        user_agent = printable(headers.get(b"user-agent"))
        purpose = headers.get(b"sec-purpose") or headers.get(b"purpose") or headers.get(b"x-moz")
        return VisitorTraits(
            bot=self._bots.reason(user_agent, purpose=purpose),
            user_agent=user_agent,
            language=language_of(headers.get(b"accept-language")),
            network=network_of(asking.client.host if asking.client else None),
            host=headers.get(b"host", ""),
        )


def _cookies_in(header: str, person_cookie: str) -> dict[str, str]:
    """The cookies of the header, if ours are among them.

    This code runs before every interaction.
    """
    if person_cookie not in header and CONSENT_COOKIE not in header:
        return {}
    cookies = cookie_parser(header)
    if f"{CONSENT_COOKIE}=none" in map(str.strip, header.split(";")):
        cookies[CONSENT_COOKIE] = "none"  # two answers (as two paths can have): the refusal counts
    return cookies
