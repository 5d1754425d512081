"""`nest deadletters` on real servers: list, show, fix, re-drive, drop, and the audit of it."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from app.cli import main
from configurator.activity.interaction import encode_event
from storage.postgres.service.audit import Audit
from storage.redis.activity.dead_letters import DeadLetter
from storage.redis.activity.keys import EVENTS
from storage.redis.activity.stream_group import StreamGroup
from storage.redis.client import commands
from tests.support.activity import Parts, event, parts
from tests.support.audited import KEY
from tests.support.programs.servers import apart


@pytest.fixture
def nest(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    """The command line, with what it printed and its exit code."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)

    def call(*arguments: str) -> tuple[int, str]:
        code = main(["deadletters", *arguments])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return call


def letters_of(nest: Any) -> list[dict[str, Any]]:
    _, printed = nest("list", "--json")
    return [orjson.loads(line) for line in printed.splitlines()]


async def bury_poison(all_parts: Parts) -> None:
    for payload in (b"\xff\x1b[31m", b'{"a":1}', b"{}"):
        await commands(all_parts.redis).xadd(EVENTS, {"s": "x", "e": payload})
    group = StreamGroup(all_parts.redis, consumer="w")
    taken = await group.read(3, 10)
    await group.dead_letters.bury(
        [DeadLetter(entry=entry, reason="wrong_type event_id") for entry in taken]
    )


def test_from_a_letter_to_an_event_by_hand(
    nest: Any, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    assert nest("list") == (0, "There are no dead letters.\n")

    async def prepare() -> None:
        async with parts(database_url, redis_url) as all_parts:
            await bury_poison(all_parts)

    apart(prepare)
    newest, middle, oldest = letters_of(nest)
    code, printed = nest("show", oldest["id"])
    assert code == 0
    assert "malformed_json" in printed
    assert "delivered 1 times" in printed
    assert "\x1b" not in printed
    assert "delivered 1" in nest("show", middle["id"])[1]

    bad, good = tmp_path / "bad.json", tmp_path / "good.json"
    bad.write_bytes(b"{}")
    good.write_bytes(encode_event(event()) + b"\n")
    code, printed = nest("fix", oldest["id"], str(bad))
    assert (code, "nothing was changed" in printed) == (1, True)
    code, printed = nest("fix", oldest["id"], str(good))
    assert code == 0
    fixed = letters_of(nest)[0]
    assert fixed["fixed"]
    assert fixed["id"] in printed
    code, printed = nest("redrive", fixed["id"], "1-1")
    assert code == 1
    assert f"{fixed['id']} went back into the stream as " in printed
    assert "there is no letter 1-1" in printed
    assert nest("drop", newest["id"]) == (0, f"{newest['id']} is permanently gone\n")
    assert nest("redrive", "--kind", "wrong_type") == (0, "1 letters went back into the stream.\n")
    assert letters_of(nest) == []
    assert nest("redrive")[0] == nest("show", "x")[0] == 2

    async def look() -> None:
        async with parts(database_url, redis_url) as all_parts:
            lines = await Audit(all_parts.database, KEY).latest()
            assert [line.action for line in lines] == [
                "dead_letters.redrive",
                "dead_letters.drop",
                "dead_letters.redrive",
                "dead_letters.fix",
            ]
            assert lines[1].subject == newest["id"]
            assert lines[1].actor.startswith("nest deadletters")
            assert set(lines[1].detail) == {"entry", "reason", "payload_sha256"}
            assert await commands(all_parts.redis).xlen(EVENTS) == 5

    apart(look)
