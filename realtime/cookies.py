"""Our cookies: what they are called, how they are set, and which ones are believed.

Where the public address is https, names begin with `__Host-`: browsers take such a cookie only from
this very host, over https and for all paths, so that no other host of the domain can plant one. The
plain names are not read there, with one exception. A person who was here before has only the plain
cookie: the first form that they send moves them over (`former_person`), with a new token. Whoever
planted the plain cookie knows only the old token, which is nobody's then.

Two cookies of one name with different values: neither is believed, because nothing says which of
them is ours. To believe the one that is a known person would pick a planted one as soon as ours has
ended. `realtime.http.one_cookie` has the browser drop the other (`removals`). A single planted cookie
cannot be told from ours where the address is plain http: only https protects from that.
"""

import re
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
_DOMAINS_MAX: Final = 4
_PATHS_MAX: Final = 9
_NAMED_HOST: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.[a-z_-][a-z0-9_-]*", re.IGNORECASE)
"""A host with a domain above it; an IP address has none."""
_PLAIN_PATH: Final = re.compile(r"[!-+\--:<-~]*")
"""Values that a Set-Cookie header takes as they are."""


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

    def differing(self, connection: HTTPConnection) -> list[str]:
        """The names of ours that this request brings with different values, and that we would read."""
        header = _header(connection)
        names = [self.person, self.admin]
        if self.secure:
            names = [] if f"{self.person}=" in header else [_PERSON]
        return [name for name in names if len(_values(header, name)) > 1]

    def removals(self, connection: HTTPConnection) -> list[str]:
        """Set-Cookie headers that delete what is not ours of the cookies that differ.

        Ours is for this host alone and for all paths. Another one that the browser sent here is for
        a path that this address begins with, or for a domain that this host belongs to.
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
    """The domains for which a host can be sent a cookie beside its own, the widest first."""
    if not _NAMED_HOST.fullmatch(host):
        return []
    labels = host.split(".")
    return [".".join(labels[at:]) for at in range(len(labels) - 2, -1, -1)][:_DOMAINS_MAX]


def _paths(connection: HTTPConnection) -> list[str]:
    """The paths for which a cookie can be that is sent to this address, the shortest first."""
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
    """What was sent, whole: HTTP/2 lets a client spread its cookies over several fields."""
    return "; ".join(connection.headers.getlist("cookie"))
