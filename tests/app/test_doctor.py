"""`nest doctor` answers in time, whatever does not."""

import asyncio
import re
from datetime import timedelta

from app.doctor import _clocks, _redis
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
            findings = await _redis(link.url)
    assert [finding.state for finding in findings] == ["wrong"]
    assert "cannot be used" in findings[0].text


async def test_what_answers_is_named_with_its_version(redis_url: str) -> None:
    findings = await _redis(redis_url)
    assert findings[0].state == "ok"
    assert "answers, Valkey" in findings[0].text or "answers, Redis" in findings[0].text


async def test_a_clock_that_was_ahead_is_said(redis_url: str) -> None:
    async with Redis(redis_url) as redis:
        now_ms = (await position(redis)).redis_ms
        await commands(redis).xadd(EVENTS, {"s": "x", "e": "x"}, id=f"{now_ms + 7_200_500}-0")
    (*_, last) = await _redis(redis_url)
    assert (last.state, last.subject) == ("note", "redis")
    assert re.search("ids of the stream are (2:00:00|1:59:5.) ahead", last.text)


def test_a_clock_that_is_wrong_is_said() -> None:
    assert _clocks("database", timedelta(seconds=-9)) == []
    (ahead,) = _clocks("database", timedelta(days=3_650))
    (behind,) = _clocks("redis", timedelta(minutes=-5))
    assert (ahead.state, behind.state) == ("wrong", "wrong")
    assert "3650 days, 0:00:00 ahead of" in ahead.text
    assert "0:05:00 behind" in behind.text
