"""The door through which interactions come: who sends them, and whether any may be stored."""

from http.cookies import CookieError

from starlette.requests import HTTPConnection

from configurator.visitor import (
    CONSENT_COOKIE,
    Consent,
    Visitor,
    language_of,
    network_of,
    objection_of,
    printable,
)
from realtime.bots import Bots


class Door:
    """Looks at a request or at the opening of a socket once; what it says holds for all of it.

    The address is that of the peer of the connection. No header is believed about it, because the
    web process trusts no proxy (`proxy_headers` is off).
    """

    def __init__(self, *, consent: Consent, bots: Bots) -> None:
        self._consent: Consent = consent
        self._bots = bots

    def visitor(self, asking: HTTPConnection) -> Visitor:
        """Who this is, as far as it may be known."""
        headers = asking.headers
        objection = objection_of(
            gpc=headers.get("sec-gpc"),
            dnt=headers.get("dnt"),
            consent_cookie=_cookie(asking),
            consent=self._consent,
        )
        if objection is not None:
            return Visitor(objection=objection)
        user_agent = printable(headers.get("user-agent"))
        purpose = headers.get("sec-purpose") or headers.get("purpose") or headers.get("x-moz")
        return Visitor(
            bot=self._bots.reason(user_agent, purpose=purpose),
            user_agent=user_agent,
            language=language_of(headers.get("accept-language")),
            network=network_of(asking.client.host if asking.client else None),
            host=headers.get("host", ""),
        )

    def unseen(self) -> Visitor:
        """Somebody whose request nobody looked at: nothing is known, no consent either."""
        required = self._consent == "required"
        return Visitor(objection="no_consent" if required else None)


def _cookie(asking: HTTPConnection) -> str | None:
    try:
        return asking.cookies.get(CONSENT_COOKIE)
    except CookieError:
        return None
