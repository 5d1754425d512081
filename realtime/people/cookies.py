"""Our cookies: their names, how they are set, and which ones are believed.

Where the public address is https, names begin with `__Host-`: browsers take such a cookie only from
this very host, over https and for all paths, so that no other host of the domain can plant one. The
plain names are not read there, with one exception. A person from the time before has only the plain
cookie: the first form that they send gives them the new cookie (`former_person`) and a new token.
An attacker who planted the plain cookie knows only the old token, which has ended by then.

Of two cookies with one name and different values none is believed, because nothing says which one
is ours. Believing the one of a known person would pick a planted one as soon as ours has ended.
`realtime.edge.one_cookie` has the browser drop the other (`removals`). A single planted cookie
cannot be told from ours where the address is plain http: only https protects from that.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

PERSON_SECONDS: Final = 400 * 24 * 3600
"""A person's cookie lives this long: the longest time that browsers allow."""

_PERSON: Final = "nest_person"
_ADMIN: Final = "nest_admin"
_HOST: Final = "__Host-"
_DOMAINS_MAX: Final = 4
_PATHS_MAX: Final = 9
_NAMED_HOST: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.[a-z_-][a-z0-9_-]*", re.IGNORECASE)
"""A host with a domain above it; an IP address has none."""
_PLAIN_PATH: Final = re.compile(r"[!-+\--:<-~]*")
"""The characters of a path that a Set-Cookie header takes unchanged."""


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies of an installation. ``secure`` says that its public address is https."""

    secure: bool = False

    @classmethod
    def of(cls, public_url: str) -> "Cookies":
        """The cookies of an installation with this public address."""
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
        """The token in the plain cookie of an earlier release, which is not accepted any more."""
        header = _header(connection)
        if not self.secure or f"{self.person}=" in header:
            return None
        return only(header, _PERSON)

    def differing(self, connection: HTTPConnection) -> list[str]:
        """The names of those cookies of ours that this request brings with different values."""
        header = _header(connection)
        names = [self.person, self.admin]
        if self.secure:
            names = [] if f"{self.person}=" in header else [_PERSON]
        return [name for name in names if len(_values(header, name)) > 1]

    def removals(self, connection: HTTPConnection) -> list[str]:
        """Set-Cookie headers that delete the foreign ones among the cookies that differ.

        Our cookie is for this host alone and for all paths. A foreign one that the browser sent
        here is either for a path that this address begins with, or for a domain that this host
        belongs to.
        """
        domains = ["", *_domains(connection.url.hostname or "")]
        return [
            f'{name}=""; Max-Age=0; Path={path}{f"; Domain={domain}" if domain else ""}'
            for name in self.differing(connection)
            for domain in domains
            for path in _paths(connection)
            if domain or path != "/"
        ]

    def has_person(self, connection: HTTPConnection) -> bool:
        """Whether the request has a person's cookie, believed or not."""
        return any(name in connection.cookies for name in (self.person, _PERSON))

    def remember_person(self, answer: Response, token: str) -> None:
        """Set the cookie of this person in the browser."""
        self._set(answer, self.person, token, PERSON_SECONDS, "lax")
        if self.secure:
            answer.delete_cookie(_PERSON)

    def remember_admin(self, answer: Response, token: str, *, seconds: int) -> None:
        """Set the cookie of an admin session.

        Other sites cannot make the browser send it.
        """
        self._set(answer, self.admin, token, seconds, "strict")

    def forget_person(self, answer: Response) -> None:
        """Remove the person's cookie from the browser."""
        answer.delete_cookie(self.person, secure=self.secure, httponly=True)
        if self.secure:
            answer.delete_cookie(_PERSON)

    def forget_admin(self, answer: Response) -> None:
        """Remove the admin session's cookie from the browser."""
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
    """The value of this cookie in a Cookie header; None if it is missing or has several values."""
    found = _values(header, name)
    return found.pop() or None if len(found) == 1 else None


def _values(header: str, name: str) -> set[str]:
    if name not in header:
        return set()
    parts = (part.partition("=") for part in header.split(";"))
    return {
        value.strip().strip('"') for key, equals, value in parts if equals and key.strip() == name
    }


def _domains(host: str) -> list[str]:
    """The domains that can set a cookie for this host, beside the host itself, the widest first."""
    if not _NAMED_HOST.fullmatch(host):
        return []
    labels = host.split(".")
    return [".".join(labels[at:]) for at in range(len(labels) - 2, -1, -1)][:_DOMAINS_MAX]


def _paths(connection: HTTPConnection) -> list[str]:
    """The paths whose cookies are sent to this address, the shortest first."""
    raw: bytes = connection.scope.get("raw_path") or connection.scope.get("path", "/").encode()
    path = raw.decode("latin-1").rstrip("/")
    if not _PLAIN_PATH.fullmatch(path):
        return ["/"]
    found = ["/"]
    for end in range(1, len(path) + 1):
        if end == len(path) or path[end] == "/":
            found += [path[:end], f"{path[:end]}/"]
    return list(dict.fromkeys(found))[:_PATHS_MAX]


def _header(connection: HTTPConnection) -> str:
    """All Cookie fields, joined: HTTP/2 lets a client spread its cookies over several fields."""
    return "; ".join(connection.headers.getlist("cookie"))
