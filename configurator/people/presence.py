"""Presence: the members of a room, from this process and from the others.

Presence is never part of the document. Each process regularly reports its members to the others; a
report expires, so the members of a process that died vanish.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from configurator.people.roles import Role

COLOURS = 8

_TREES = (
    "Ahorn", "Birke", "Buche", "Eberesche", "Eibe", "Eiche", "Erle", "Esche", "Espe", "Fichte",
    "Föhre", "Ginkgo", "Hainbuche", "Hasel", "Holunder", "Kastanie", "Kiefer", "Kirsche", "Lärche",
    "Linde", "Mispel", "Nussbaum", "Olive", "Pappel", "Platane", "Quitte", "Robinie", "Tanne",
    "Ulme", "Wacholder", "Weide", "Zirbe",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One connection of a person in a room; `colour` is 0 to 7.

    `category` and `view` are what the person looks at now.
    """

    connection: str
    person: UUID
    name: str
    initials: str
    colour: int
    role: Role
    category: str | None = None
    view: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteMembers:
    """The members that another process reported, valid until `expires_at`."""

    process: str
    members: tuple[Member, ...]
    expires_at: datetime


def merge_members(
    local: Iterable[Member], remote: Iterable[RemoteMembers], *, now: datetime
) -> tuple[Member, ...]:
    """All members, each connection once, in an order that is the same on every process.

    Expired reports do not count. If several processes report a connection (it moved), this
    process's own report counts, else the one that expires last.
    """
    here: dict[str, Member] = {}
    for report in sorted(remote, key=lambda report: (report.expires_at, report.process)):
        if report.expires_at > now:
            here.update((member.connection, member) for member in report.members)
    here.update((member.connection, member) for member in local)
    return tuple(sorted(here.values(), key=lambda member: (member.name, member.connection)))


def guest_name(number: int) -> str:
    """The name of a guest who has given none, such as "Gast Ahorn"; repeats after 32 numbers."""
    return f"Gast {_TREES[number % len(_TREES)]}"
