"""Our cookies: what they are called, how they are set, and which ones are believed.

Where the public address is https, names begin with `__Host-`: browsers take such a cookie only from
this very host, over https and for all paths, so that no other host of the domain can plant one. The
plain names are not read there, with one exception. A person who was here before has only the plain
cookie: the first form that they send moves them over (`former_person`), with a new token. Whoever
planted the plain cookie knows only the old token, which is nobody's then.

Two cookies of one name with different values: neither is believed, because nothing says which of
them is ours.
"""

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

PERSON_SECONDS: Final = 400 * 24 * 3600
"""How long a browser keeps a person's cookie: the longest that browsers allow."""

_PERSON: Final = "nest_person"
_ADMIN: Final = "nest_admin"
_HOST: Final = "__Host-"


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies of an installation; `secure`: its public address is https."""

    secure: bool = False

    @classmethod
    def of(cls, public_url: str) -> "Cookies":
        """Those of an installation with this address."""
        return cls(secure=urlsplit(public_url).scheme == "https")

    @property
    def person(self) -> str:
        """The name of the cookie that has a person's token."""
        return f"{_HOST if self.secure else ''}{_PERSON}"

    @property
    def admin(self) -> str:
        """The name of the cookie that has the token of an admin session."""
        return f"{_HOST if self.secure else ''}{_ADMIN}"

    def person_token(self, connection: HTTPConnection) -> str | None:
        """The token of the person whose browser this is."""
        return only(_header(connection), self.person)

    def admin_token(self, connection: HTTPConnection) -> str | None:
        """The token of the admin session of this browser."""
        return only(_header(connection), self.admin)

    def former_person(self, connection: HTTPConnection) -> str | None:
        """The token in a plain cookie of an earlier release, where it is not read any more."""
        header = _header(connection)
        if not self.secure or f"{self.person}=" in header:
            return None
        return only(header, _PERSON)

    def has_person(self, connection: HTTPConnection) -> bool:
        """Whether there is a cookie of a person, believed or not."""
        return any(name in connection.cookies for name in (self.person, _PERSON))

    def remember_person(self, answer: Response, token: str) -> None:
        """Make the browser this person's."""
        self._set(answer, self.person, token, PERSON_SECONDS, "lax")
        if self.secure:
            answer.delete_cookie(_PERSON)

    def remember_admin(self, answer: Response, token: str, *, seconds: int) -> None:
        """Give the browser an admin session. No other site can make it send this cookie."""
        self._set(answer, self.admin, token, seconds, "strict")

    def forget_person(self, answer: Response) -> None:
        """Make the browser nobody's."""
        answer.delete_cookie(self.person, secure=self.secure, httponly=True)
        if self.secure:
            answer.delete_cookie(_PERSON)

    def forget_admin(self, answer: Response) -> None:
        """Take the admin session from the browser."""
        answer.delete_cookie(self.admin, secure=self.secure, httponly=True, samesite="strict")

    def _set(
        self,
        answer: Response,
        name: str,
        token: str,
        seconds: int,
        site: Literal["lax", "strict"],
    ) -> None:
        answer.set_cookie(
            name,
            token,
            max_age=seconds,
            path="/",
            httponly=True,
            samesite=site,
            secure=self.secure,
        )


def only(header: str, name: str) -> str | None:
    """The value of this cookie in a Cookie header; None without one, and where two differ."""
    if name not in header:
        return None
    found = set()
    for part in header.split(";"):
        key, equals, value = part.partition("=")
        if equals and key.strip() == name:
            found.add(value.strip().strip('"'))
    return found.pop() or None if len(found) == 1 else None


def _header(connection: HTTPConnection) -> str:
    """What was sent, whole: HTTP/2 lets a client spread its cookies over several fields."""
    return "; ".join(connection.headers.getlist("cookie"))
