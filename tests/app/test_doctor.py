"""`nest doctor` answers in time, whatever does not."""

import asyncio

from app.doctor import _redis
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
