"""The members who are here."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

from configurator.people.presence import (
    Member,
    RemoteMembers,
    guest_name,
    merge_members,
)
from configurator.people.roles import Role
from configurator.people.visible import initials

NOON = datetime(2025, 7, 2, 12, tzinfo=UTC)


def member(connection: str, name: str = "Anna Berger", *, view: str | None = None) -> Member:
    return Member(
        connection=connection,
        person=UUID(int=1),
        name=name,
        initials=initials(name),
        colour=3,
        role=Role.EDITOR,
        view=view,
    )


def report(process: str, *members: Member, seconds: int = 20) -> RemoteMembers:
    expires_at = NOON + timedelta(seconds=seconds)
    return RemoteMembers(process=process, members=members, expires_at=expires_at)


def test_everybody_once_in_the_same_order_everywhere() -> None:
    here = [member("c3", "Cem"), member("c1", "Anna")]
    away = [report("p2", member("c2", "Anna")), report("p3", member("c4", "Bea"))]

    for local in permutations(here):
        for remote in permutations(away):
            merged = merge_members(local, remote, now=NOON)
            assert [each.connection for each in merged] == ["c1", "c2", "c4", "c3"]


def test_the_report_of_a_dead_process_expires() -> None:
    remote = [report("p2", member("c2"), seconds=20)]

    assert merge_members([], remote, now=NOON + timedelta(seconds=19))
    assert not merge_members([], remote, now=NOON + timedelta(seconds=20))


def test_a_connection_that_moved_counts_once() -> None:
    old, new = member("c1", view="exterior"), member("c1", view="pv")

    assert merge_members([new], [report("p2", old)], now=NOON) == (new,)
    later_report = [report("p2", new, seconds=30), report("p3", old, seconds=10)]
    assert merge_members([], later_report, now=NOON) == (new,)
    assert merge_members([], later_report[::-1], now=NOON) == (new,)


def test_guests_by_number() -> None:
    assert guest_name(0) == "Gast Ahorn"
    names = {guest_name(number) for number in range(1_000)}
    assert len(names) == 32
    assert guest_name(32 + 5) == guest_name(5)
