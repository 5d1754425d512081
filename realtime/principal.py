"""Who is asking: a person known by a secret token, or an admin."""

import hashlib
from dataclasses import dataclass, field

from configurator.protocol.messages import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who proved who they are; ``admin`` may read everything and change nothing.

    ``admin_session`` is the hash of the admin session's token, ``token_sha256`` that of the person's,
    where it was shown to us, and ``called`` what the audit calls its admin.
    """

    person: Person
    admin: bool = False
    admin_session: bytes | None = field(default=None, repr=False)
    called: str = field(default="", compare=False)
    token_sha256: bytes | None = field(default=None, repr=False)

    def is_same_as(self, other: "Principal") -> bool:
        """Whether both are the same person or admin session, under whatever name."""
        mine, theirs = (self.person.id, self.admin_session), (other.person.id, other.admin_session)
        return mine == theirs


def token_sha256(token: str) -> bytes:
    """What is stored of a token: 32 bytes from which it cannot be found."""
    return hashlib.sha256(token.encode()).digest()
