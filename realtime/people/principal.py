"""The principal of a request: a visitor, known by a secret token, or a member of staff."""

import hashlib
from dataclasses import dataclass, field
from typing import TypeAlias

from configurator.people.roles import Permission, Role
from configurator.protocol.messages import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A person who plans a house; their role depends on the configuration.

    ``token_sha256`` is the hash of the token that came with the request, if one did.
    """

    person: Person
    token_sha256: bytes | None = field(default=None, repr=False)

    def is_same_as(self, other: "Principal") -> bool:
        """Whether both are the same person, under whatever name."""
        return isinstance(other, Visitor) and self.person.id == other.person.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """A member of staff, who has the same role everywhere and in each configuration.

    ``person`` is what visitors see of them, ``session_sha256`` the hash of the token of their
    session, and ``called`` the name that the audit has for them.
    """

    person: Person
    role: Role
    session_sha256: bytes = field(repr=False)
    called: str = field(default="", compare=False)

    def may(self, permission: Permission) -> bool:
        """Whether they may do this everywhere."""
        return self.role.may(permission)

    def is_same_as(self, other: "Principal") -> bool:
        """Whether both have the same session."""
        return isinstance(other, Staff) and self.session_sha256 == other.session_sha256


Principal: TypeAlias = Visitor | Staff


def token_sha256(token: str) -> bytes:
    """The hash of a token, which is stored: 32 bytes from which the token cannot be found."""
    return hashlib.sha256(token.encode()).digest()
