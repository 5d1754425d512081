"""`nest doctor` answers in time, whatever does not."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.away import away
from app.doctor.clocks import clocks
from app.doctor.doctor import examine, examine_database
from app.doctor.home import look_at_home
from app.doctor.redis import look_at_redis
from app.embedded.servers import embedded_postgres
from app.settings.settings import parse_settings
from realtime.process.clock import read_clock
from storage.errors import OutcomeUnknown, StorageUnavailable
from storage.postgres.engine import Database, Deadlines
from storage.postgres.look import one_look
from storage.postgres.standbys import standbys
from storage.redis.activity.keys import EVENTS
from storage.redis.activity.position import position
from storage.redis.client import Redis, commands
from tests.storage.link import Link, link_to
from tests.support.programs.ports import free_port
from tests.support.waiting import PATIENT_SECONDS, eventually

INFO = b"$4\r\nINFO\r\n"


async def test_a_server_that_says_nothing_about_itself(redis_url: str) -> None:
    """Redis answers PING and CONFIG, and hangs at INFO."""
    async with link_to(redis_url) as link:
        pump = link.pump

        async def hang(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, replies: bool = False
        ) -> None:
            if replies:
                await pump(reader, writer, replies=True)
                return
            while chunk := await reader.read(65_536):
                if INFO in chunk:
                    Link.freeze(link)
                    return
                writer.write(chunk)

        link.pump = hang  # type: ignore[method-assign]
        async with asyncio.timeout(PATIENT_SECONDS):
            findings = await look_at_redis(link.url)
    assert [finding.state for finding in findings] == ["wrong"]
    assert "cannot be used" in findings[0].text


async def test_all_logins_of_a_frozen_server_are_looked_at_at_once(
    database_url: str, tmp_path: Path
) -> None:
    """One after the other they took 21 s: 3 s for the database, 5 s for each of three logins, ..."""
    async with link_to(database_url) as link, asyncio.TaskGroup() as tasks:
        link.freeze()
        environ = {
            "NEST_HOME": str(tmp_path),
            "NEST_AUDIT_KEY": "k" * 32,
            "DATABASE_URL": link.url,
            "PORT": str(free_port()),
        }
        settings = parse_settings(environ, node="test")
        looking = tasks.create_task(examine(settings, environ))
        asked = ("the database", "web processes", "workers", "figures", "the key of the audit")
        await eventually(lambda: len(link._writers) >= 2 * len(asked))
        link.cut(refuse=True)
    wrong = [finding for finding in looking.result() if finding.state == "wrong"]
    assert [(finding.subject, "cannot be used" in finding.text) for finding in wrong] == [
        ("database", True)
    ]


async def test_a_server_that_freezes_during_a_look_ends_it(database_url: str) -> None:
    """Neither its answer nor the end of the connection is waited for."""
    async with link_to(database_url) as link:

        async def ask_a_frozen_one() -> None:
            async with one_look(link.url, answer_seconds=0.2) as connection:
                link.freeze()
                await connection.fetchval("SELECT 1")

        with pytest.raises(StorageUnavailable, match="does not answer"):
            await ask_a_frozen_one()


async def test_a_store_that_answers_is_named_with_its_version(redis_url: str) -> None:
    findings = await look_at_redis(redis_url)
    assert findings[0].state == "ok"
    assert "answers, Valkey" in findings[0].text or "answers, Redis" in findings[0].text


async def test_the_doctor_says_to_mend_a_wrong_password(redis_url: str) -> None:
    async with Redis(redis_url) as redis:
        await redis.once("ACL", "SETUSER", "looker", "on", ">right", "+@all")
        try:
            query = "&" if "?" in redis_url else "?"
            (finding,) = await look_at_redis(f"{redis_url}{query}username=looker&password=wrong")
        finally:
            await redis.once("ACL", "DELUSER", "looker")
    assert "it refuses user or password" in finding.text
    assert finding.mend.startswith("Name a user and a password in REDIS_URL that it accepts.")


async def test_the_doctor_says_to_mend_a_host_that_is_not_ours(tmp_path: Path) -> None:
    environ = {"HOST": "256.1.1.1", "PORT": str(free_port()), "NEST_HOME": str(tmp_path)}
    findings = await examine(parse_settings(environ, node="test"), environ)
    (finding,) = [each for each in findings if each.subject == "web"]
    assert "HOST 256.1.1.1" in finding.text
    assert finding.mend.startswith("Set HOST to an address of this machine")


async def test_a_standby_that_commits_wait_for_and_nobody_sees_is_reported(home: Path) -> None:
    async with embedded_postgres(home) as url:
        connection = await asyncpg.connect(url)
        await connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby1'")
        await connection.execute("SELECT pg_reload_conf()")
        async with Database(url) as database:
            await eventually(lambda: _asked(database, "standby1"))
            await connection.close()
            said = await examine_database(url)
            for name, deadlines in (
                ("answer", Deadlines(statement=0.2, call=60.0)),
                ("whole", Deadlines(call=1.0)),
            ):
                make = f"CREATE SEQUENCE {name}"
                told = await eventually(partial(_late_at_commit, url, deadlines, make))
                assert told is not None
                sentence = away(told, parse_settings({"DATABASE_URL": url}, node="test"))
                assert sentence.startswith("PostgreSQL: at COMMIT it does not answer")
                assert "synchronous_standby_names" in sentence
    (standby,) = [each for each in said if "synchronous_standby_names" in each.text]
    assert standby.state == "wrong"
    assert "no standby is there: no edit can be stored" in standby.text
    assert "ALTER SYSTEM RESET synchronous_standby_names" in standby.mend


async def _late_at_commit(url: str, deadlines: Deadlines, statement: str) -> OutcomeUnknown | None:
    """The error of a commit that is not answered; None: the deadline passed before COMMIT."""
    try:
        async with Database(url, deadlines=deadlines) as late:
            await late.write(partial(_run, statement))
    except OutcomeUnknown as told:
        return told
    except StorageUnavailable:
        return None
    raise AssertionError("it was answered")


async def _run(statement: str, connection: AsyncConnection) -> None:
    await connection.exec_driver_sql(statement)


async def _asked(database: Database, name: str) -> bool:
    return (await standbys(database)).asked == name


async def test_a_clock_that_was_ahead_is_reported(redis_url: str) -> None:
    async with Redis(redis_url) as redis:
        now_ms = (await position(redis)).redis_ms
        await commands(redis).xadd(EVENTS, {"s": "x", "e": "x"}, id=f"{now_ms + 7_200_500}-0")
    (*_, last) = await look_at_redis(redis_url)
    assert (last.state, last.subject) == ("note", "redis")
    assert re.search("ids of the stream are (2:00:00|1:59:5.) ahead", last.text)


async def test_a_clock_that_is_wrong_is_reported() -> None:
    here = datetime(2026, 11, 30, tzinfo=UTC)

    async def said(ahead: timedelta, trip_seconds: float = 0.0) -> list[str]:
        times = iter([0.0, trip_seconds])

        async def ask() -> datetime:
            return here + ahead

        reading = await read_clock(ask, wall=lambda: here, steady=lambda: next(times))
        return [finding.text for finding in clocks("database", reading)]

    assert await said(timedelta(seconds=-1.9)) == []
    assert await said(timedelta(seconds=3), trip_seconds=2.0) == []  # may have been the way
    (ahead,) = await said(timedelta(days=3_650))
    (behind,) = await said(timedelta(minutes=-5))
    assert "3650 days, 0:00:00 ahead of" in ahead
    assert "0:05:00 behind" in behind


def test_data_that_nest_run_cannot_use_are_reported(tmp_path: Path) -> None:
    def said(**more: str) -> dict[str, str]:
        settings = parse_settings({"NEST_HOME": str(tmp_path), **more}, node="test")
        return {each.text: each.state for each in look_at_home(settings, running=False)[1:]}

    assert not [text for text in said() if "free" not in text]
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    (tmp_path / "valkey.damaged-20261103-100000").mkdir()
    (version, aside, *_) = said().items()
    assert "was made by PostgreSQL 15" in version[0]
    assert version[1] == "wrong"
    assert "valkey.damaged-20261103-100000" in aside[0]
    assert aside[1] == "note"
    assert "was made by" not in "".join(said(DATABASE_URL="postgresql://a@b/c"))
