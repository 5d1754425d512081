"""The audit: append-only, and a chain that tells what somebody with every right did to it."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from storage.errors import StorageUnavailable
from storage.postgres.deployment import Deployment
from storage.postgres.engine import Database
from storage.postgres.service.audit import Actor, Audit, AuditLines
from storage.postgres.service.audit_chain import AuditHead, AuditKey, Break
from storage.redis.audit_head import KeptHead, KeptHeadUnreadable
from storage.redis.client import Redis
from tests.support.audited import KEY
from tests.support.patient import PATIENT
from tests.support.programs.servers import for_role
from workers.audit_head import AuditForged, AuditShortened, audit_head_chore

ANNA = Actor("Anna, admin session 0a1b2c3d4e5f", "198.51.100.0/24")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, deadlines=PATIENT) as opened:
        yield opened


@pytest.fixture
def audit(database: Database) -> Audit:
    return Audit(database, KEY)


async def lines(audit: Audit, count: int) -> None:
    for number in range(1, count + 1):
        await audit.record(
            actor=ANNA, action="jobs.run", subject=f"job {number}", detail={"ä": [number, None]}
        )


async def found(audit: Audit, known: AuditHead | None = None) -> list[Break]:
    return [each async for each in audit.verify(known) if isinstance(each, Break)]


async def as_superuser(url: str, statement: str) -> None:
    """Past the trigger, as only a superuser or the owner gets."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(statement)
    finally:
        await connection.close()


def one(number: int, wrong: str) -> list[Break]:
    return [Break(first=number, last=number, wrong=wrong)]  # type: ignore[arg-type]


async def test_not_even_the_owner_changes_a_line_by_a_statement(
    audit: Audit, database_url: str
) -> None:
    await lines(audit, 2)
    connection = await asyncpg.connect(database_url)
    try:
        for statement in (
            "UPDATE admin_actions SET actor = 'nobody'",
            "DELETE FROM admin_actions",
            "TRUNCATE admin_actions",
            "INSERT INTO admin_actions (id, actor, action, subject) VALUES (3, 'a', 'b', 'c')",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                await connection.execute(statement)
    finally:
        await connection.close()
    assert await found(audit) == []


async def test_an_untouched_chain_is_whole_and_says_its_head(
    audit: Audit, database: Database
) -> None:
    await lines(audit, 3)
    told = [each async for each in audit.verify()]
    head = await AuditLines(database).newest()
    assert told == [head]
    assert head is not None
    assert head.id == 3


async def test_a_change_by_a_superuser_is_told_with_the_number_of_the_line(
    audit: Audit, database_url: str
) -> None:
    cases: list[tuple[str, list[Break]]] = [
        ("DELETE FROM admin_actions WHERE id = 3", one(3, "missing")),
        ("DELETE FROM admin_actions WHERE id = 1", one(1, "missing")),
        ("DELETE FROM admin_actions WHERE id < 4", [Break(first=1, last=3, wrong="missing")]),
        ("UPDATE admin_actions SET actor = 'nobody' WHERE id = 3", one(3, "changed")),
        ("UPDATE admin_actions SET network = NULL WHERE id = 2", one(2, "changed")),
        ("UPDATE admin_actions SET result = 'refused' WHERE id = 2", one(2, "changed")),
        ("UPDATE admin_actions SET detail = '{}' WHERE id = 4", one(4, "changed")),
        (
            "UPDATE admin_actions SET at = at + interval '1 microsecond' WHERE id = 5",
            one(5, "changed"),
        ),
        ("UPDATE admin_actions SET key_id = 'ffffffff' WHERE id = 2", one(2, "other_key")),
        (
            # The contents of a line take the place of the line before, which is removed.
            "DELETE FROM admin_actions WHERE id = 2; UPDATE admin_actions SET id = 2 WHERE id = 3",
            one(2, "changed"),
        ),
        (
            "INSERT INTO admin_actions (id, actor, action, subject, key_id, signature) VALUES"  # noqa: ISC004
            f" (6, 'nobody', 'jobs.run', 'forged', '{KEY.id}', sha256('forged'))",
            one(6, "changed"),
        ),
    ]
    for statement, expected in cases:
        await as_superuser(database_url, "TRUNCATE admin_actions")
        await lines(audit, 5)
        await as_superuser(database_url, statement)
        assert await found(audit) == expected, statement


async def test_a_shortened_end_is_told_by_a_head_that_was_kept_elsewhere(
    audit: Audit, database: Database, database_url: str
) -> None:
    await lines(audit, 5)
    kept = await AuditLines(database).newest()
    await as_superuser(database_url, "DELETE FROM admin_actions WHERE id > 3")
    assert await found(audit) == []
    assert await found(audit, kept) == [Break(first=4, last=5, wrong="missing")]
    assert kept is not None
    noted = AuditHead.parse(f"{kept.id}:{kept.short}")
    assert await found(audit, noted) == [Break(first=4, last=5, wrong="missing")]
    await lines(audit, 3)  # other lines grow in their place
    assert await found(audit, kept) == one(5, "changed")


async def test_lines_of_another_key_are_told(audit: Audit, database: Database) -> None:
    await lines(audit, 1)
    await lines(Audit(database, AuditKey(b"another")), 2)
    assert await found(audit) == [*one(2, "other_key"), *one(3, "other_key")]


async def test_many_that_append_at_once_make_one_chain(
    database: Database, database_url: str
) -> None:
    async with Database(database_url, deadlines=PATIENT) as another:
        audits = [Audit(database, KEY), Audit(another, KEY)]
        async with asyncio.TaskGroup() as group:
            for number in range(60):
                group.create_task(
                    audits[number % 2].record(actor=ANNA, action="jobs.run", subject=str(number))
                )
        assert await found(audits[0]) == []
        assert sorted(int(line.subject) for line in await audits[1].latest()) == [*range(60)]


async def test_lines_of_releases_before_are_signed_once_and_hide_their_subjects(
    audit: Audit, database_url: str
) -> None:
    await as_superuser(
        database_url,
        "INSERT INTO admin_actions (id, actor, action, subject) VALUES"
        " (1, 'Admin', 'jobs.run', 'fold minutes'),"
        " (4, 'Admin', 'privacy.export',"
        " encode(sha256('subject:anna@example.org'), 'hex'))",
    )
    assert await audit.adopt() == 2
    assert await audit.adopt() == 0
    await lines(audit, 1)
    assert await found(audit) == []
    (line,) = await audit.latest(subject=" Anna@Example.org ")
    assert (line.id, line.action) == (4, "privacy.export")
    await as_superuser(database_url, "DELETE FROM admin_actions WHERE id = 1")
    assert await found(audit) == [Break(first=1, last=3, wrong="missing")]


async def test_a_subject_says_nothing_without_the_key(audit: Audit) -> None:
    said = audit.hidden("anna@example.org")
    assert said == audit.hidden(" Anna@EXAMPLE.org")
    assert said != AuditKey(b"another").subject("anna@example.org")
    await audit.record(actor=ANNA, action="privacy.look", subject=said)
    (line,) = await audit.latest(subject="anna@example.org")
    assert "anna" not in line.subject


async def test_workers_notice_that_the_end_is_gone(
    audit: Audit, database: Database, database_url: str, redis_url: str
) -> None:
    async with Redis(redis_url) as redis:
        chore = audit_head_chore(database, redis)
        await chore.run()
        await lines(audit, 3)
        await chore.run()
        await lines(audit, 1)
        await chore.run()
        kept = KeptHead(redis, await Deployment(database).epoch())
        known = await kept.read()
        assert known == await AuditLines(database).newest()
        await as_superuser(database_url, "DELETE FROM admin_actions WHERE id = 4")
        assert await found(audit, known) == one(4, "missing")
        await lines(audit, 2)  # another line 4
        with pytest.raises(AuditShortened):
            await chore.run()
        assert await found(audit, known) == one(4, "changed")
        await kept.forget()
        await chore.run()


async def test_the_web_role_appends_nothing_but_the_next_line_of_now(
    audit: Audit, database_url: str
) -> None:
    await lines(audit, 2)
    true = {
        "id": "3",
        "at": "clock_timestamp()",
        "signature": "sha256('x')",
        "key_id": f"'{KEY.id}'",
        "detail": "'{}'",
    }
    forged = (
        {"id": "0"},
        {"id": "-7"},
        {"id": "2"},
        {"id": "4"},
        {"id": "9223372036854775807"},
        {"id": "(-9223372036854775808)"},
        {"at": "now() - interval '1 day'"},
        {"at": "'infinity'"},
        {"at": "'0044-03-15 BC'"},
        {"signature": "''"},
        {"signature": "NULL"},
        {"signature": "sha512('x')"},
        {"key_id": "NULL"},
        {"key_id": "'me'"},
        {"key_id": "repeat('a', 100000)"},
        {"detail": "'7'"},
    )
    for url in (for_role(database_url, "nest_web"), database_url):
        connection = await asyncpg.connect(url)
        try:
            for each in forged:
                values = {**true, **each}
                statement = (
                    "INSERT INTO admin_actions (actor, action, subject,"
                    f" {', '.join(values)}) VALUES ('Anna', 'a', 'b', {', '.join(values.values())})"
                )
                with pytest.raises(
                    asyncpg.PostgresError, match=r"append-only|duplicate|null value"
                ):
                    await connection.execute(statement)
        finally:
            await connection.close()
    await lines(audit, 1)
    assert await found(audit) == []


async def test_lines_that_cannot_be_are_named_and_shown(
    audit: Audit, database: Database, database_url: str, redis_url: str
) -> None:
    """Before migration 0022, a process with the right to append could write such lines."""
    await lines(audit, 3)
    forge = (
        "INSERT INTO admin_actions (id, at, actor, action, subject, key_id, signature) VALUES"
        f" ({{}}, {{}}, 'nobody', 'jobs.run', 'forged', '{KEY.id}', {{}})"
    )
    for number in (0, -(2**63)):
        await as_superuser(database_url, forge.format(f"'{number}'", "now()", "sha256('x')"))
    assert await found(audit) == [*one(-(2**63), "number"), *one(0, "number")]
    await as_superuser(database_url, "DELETE FROM admin_actions WHERE id < 1")
    for at in ("'infinity'", "'-infinity'", "'0044-03-15 BC'", "'280000-01-01'"):
        await as_superuser(database_url, forge.format(4, at, "sha256('x')"))
        assert await found(audit) == one(4, "changed"), at
        await as_superuser(database_url, "DELETE FROM admin_actions WHERE id = 4")
    async with Redis(redis_url) as redis:
        chore = audit_head_chore(database, redis)
        await chore.run()
        known = await KeptHead(redis, await Deployment(database).epoch()).read()
        await as_superuser(database_url, forge.format(4, "now()", "''"))
        with pytest.raises(AuditForged):
            await chore.run()
        assert await found(audit, known) == one(4, "changed")
        key = f"nest:audit:head:{await Deployment(database).epoch()}"
        for written in ("31:", "", "x", f"{2**63}:{'0' * 64}", "-1:00", "\xff"):
            await redis.client.set(key, written)
            with pytest.raises(KeptHeadUnreadable):
                await chore.run()
    await as_superuser(database_url, "DELETE FROM admin_actions WHERE id = 4")
    await as_superuser(database_url, forge.format(2**63 - 1, "now()", "sha256('x')"))
    assert await found(audit) == [Break(first=4, last=2**63 - 2, wrong="missing")]
    assert (await audit.latest())[0].id == 2**63 - 1
    with pytest.raises(StorageUnavailable, match="nest audit verify"):
        await lines(audit, 1)


async def test_a_line_that_lost_its_signature_is_never_signed_again(
    audit: Audit, database: Database, database_url: str
) -> None:
    await lines(audit, 3)
    kept = await AuditLines(database).newest()
    forged = "UPDATE admin_actions SET actor = 'nobody', key_id = NULL, signature = NULL"
    await as_superuser(database_url, f"{forged} WHERE id = 2")
    assert await audit.adopt() == 0
    assert await found(audit) == [*one(2, "unsigned"), *one(3, "after_unsigned")]
    await as_superuser(database_url, forged)
    assert await audit.adopt() == 0  # it was asked before
    await as_superuser(database_url, "UPDATE deployment SET audit_adopted_at = NULL")
    assert await audit.adopt(kept) == 0  # a worker kept a head
    assert await found(audit, kept) == [
        *one(1, "unsigned"),
        *one(2, "unsigned"),
        *one(3, "unsigned"),
    ]
