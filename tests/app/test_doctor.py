"""`nest doctor` answers in time, whatever does not."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.doctor_clocks import clocks
from app.doctor_home import look_at_home
from app.doctor_redis import look_at_redis
from app.settings import parse_settings
from realtime.clock import read_clock
from storage.redis.client import Redis
from storage.redis.stream import EVENTS, commands, position
from tests.storage.link import Link, link_to

INFO = b"$4\r\nINFO\r\n"


async def test_a_server_that_says_nothing_about_itself(redis_url: str) -> None:
    """Redis answers PING and CONFIG, and hangs at INFO."""
    async with link_to(redis_url) as link:
        pump = link._pump

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

        link._pump = hang  # type: ignore[method-assign]
        async with asyncio.timeout(15):
            findings = await look_at_redis(link.url)
    assert [finding.state for finding in findings] == ["wrong"]
    assert "cannot be used" in findings[0].text


async def test_what_answers_is_named_with_its_version(redis_url: str) -> None:
    findings = await look_at_redis(redis_url)
    assert findings[0].state == "ok"
    assert "answers, Valkey" in findings[0].text or "answers, Redis" in findings[0].text


async def test_a_clock_that_was_ahead_is_said(redis_url: str) -> None:
    async with Redis(redis_url) as redis:
        now_ms = (await position(redis)).redis_ms
        await commands(redis).xadd(EVENTS, {"s": "x", "e": "x"}, id=f"{now_ms + 7_200_500}-0")
    (*_, last) = await look_at_redis(redis_url)
    assert (last.state, last.subject) == ("note", "redis")
    assert re.search("ids of the stream are (2:00:00|1:59:5.) ahead", last.text)


async def test_a_clock_that_is_wrong_is_said() -> None:
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


def test_data_that_nest_run_does_not_start_with_are_said(tmp_path: Path) -> None:
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
