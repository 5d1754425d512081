"""Who is here: members of a room, from this process and from the others.

Presence is never part of the document. Each process tells the others its members now and then;
what it told expires, so that a process that died takes its members along.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from configurator.access import Role

COLOURS = 8

_TREES = (
    "Ahorn", "Birke", "Buche", "Eberesche", "Eibe", "Eiche", "Erle", "Esche", "Espe", "Fichte",
    "Föhre", "Ginkgo", "Hainbuche", "Hasel", "Holunder", "Kastanie", "Kiefer", "Kirsche", "Lärche",
    "Linde", "Mispel", "Nussbaum", "Olive", "Pappel", "Platane", "Quitte", "Robinie", "Tanne",
    "Ulme", "Wacholder", "Weide", "Zirbe",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One connection of a person in a room; `colour` is 0..7. `category` and `view`: looked at now."""

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
    """What another process said about its members, good until `expires_at`."""

    process: str
    members: tuple[Member, ...]
    expires_at: datetime


def merge_members(
    local: Iterable[Member], remote: Iterable[RemoteMembers], *, now: datetime
) -> tuple[Member, ...]:
    """Everybody who is here, once per connection, in an order that does not depend on who asks.

    What has expired does not count. A connection that several processes report (it moved) counts
    as the process that has it here says, else as the report that expires last.
    """
    here: dict[str, Member] = {}
    for report in sorted(remote, key=lambda report: (report.expires_at, report.process)):
        if report.expires_at > now:
            here.update((member.connection, member) for member in report.members)
    here.update((member.connection, member) for member in local)
    return tuple(sorted(here.values(), key=lambda member: (member.name, member.connection)))


def guest_name(number: int) -> str:
    """The name of a guest who has not said theirs, like "Gast Ahorn"; repeats after 32 numbers."""
    return f"Gast {_TREES[number % len(_TREES)]}"
