"""Damaged or foreign data: said in a sentence, set aside where nothing that was acknowledged needs it."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from app.embedded.servers import embedded_postgres, embedded_valkey
from app.programs.server_process import EmbeddedServer, EmbeddedServerError
from tests.app.stacks import stack
from tests.support.programs.ports import free_port
from tests.support.programs.processes import CHECKOUT
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults
STORED = 2_000


@pytest.fixture
def killed(new_home: Path) -> EmbeddedServer:
    """A Valkey that had a stream when it was killed."""
    server = embedded_valkey(new_home)
    server.start()
    with redis.Redis.from_url(server.url) as client, client.pipeline(False) as pipeline:
        for number in range(STORED):
            pipeline.xadd("events", {"n": str(number)})
        pipeline.execute()
    server.kill()
    return server


def zeros_after(data: bytes) -> bytes:
    """A power cut: the file grew, the blocks were never written."""
    return data + bytes(4_096)


def zeros_in_the_middle(data: bytes) -> bytes:
    half = len(data) // 2
    return data[:half] + bytes(4_096) + data[half + 4_096 :]


@pytest.mark.parametrize(
    ("file", "damage", "kept", "said"),
    [
        ("*.incr.aof", zeros_after, range(STORED, STORED + 1), "the last 4,096 of the "),
        ("*.incr.aof", zeros_in_the_middle, range(1, STORED), " bytes of appendonly.aof.1.incr"),
        ("*.manifest", lambda _: b"", range(STORED, STORED + 1), "was written again"),
        (
            "*.manifest",
            lambda data: bytes(len(data)),
            range(STORED, STORED + 1),
            "was written again",
        ),
        ("*.manifest", lambda _: b"no manifest", range(1), "it was set aside as "),
        ("*.base.rdb", lambda data: data[:-3] + b"abc", range(1), "it was set aside as "),
    ],
)
async def test_valkey_starts_over_a_damaged_file(
    killed: EmbeddedServer,
    file: str,
    damage: Callable[[bytes], bytes],
    kept: range,
    said: str,
) -> None:
    (damaged,) = killed.recipe.directory.rglob(file)
    before = damage(damaged.read_bytes())
    damaged.write_bytes(before)
    told: list[str] = []
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(killed.keep_alive(told.append))
        await eventually(killed.up.is_set)
        keeping.cancel()
    try:
        with redis.Redis.from_url(killed.url) as client:
            assert client.xlen("events") in kept
    finally:
        killed.stop()
    (sentence,) = told
    assert said in sentence
    (aside,) = killed.recipe.directory.parent.glob("valkey.damaged-*")
    assert str(aside) in sentence
    assert next(aside.rglob(file)).read_bytes() == before


async def test_data_of_another_version_of_postgres_are_left_alone(home: Path) -> None:
    version = home / "postgres" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedServerError, match=r"PostgreSQL 17, .* `nest upgrade-data`"):
        await embedded_postgres(home).start_async()
    assert version.read_text() == "17\n"


def test_a_disk_that_takes_nothing_is_named(new_home: Path) -> None:
    """The limit on the size of files stands for a full disk; both are refused by the same call."""
    run = f"ulimit -f 0; exec {sys.executable} -m tests.support.faults.standin stack"
    done = subprocess.run(
        ["sh", "-c", run],
        cwd=CHECKOUT,
        env={"NEST_HOME": str(new_home), "PATH": "/usr/bin:/bin", "PORT": str(free_port())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"nest: NEST_HOME cannot be used: {new_home}: File too large. "
        "Free some space on that disk, and start again.\n"
    )


async def test_a_valkey_that_cannot_start_at_all_stops_nobody_else(home: Path) -> None:
    (home / "valkey").write_text("no directory")
    with stack(home) as running:
        await running.ready()
        await eventually(lambda: "ready after" in running.log)
        assert "valkey cannot use" in running.log
        await eventually(lambda: ", again in 0.4 s" in running.log)
        (home / "valkey").unlink()
        await eventually((home / "valkey" / "appendonlydir").exists)
        assert running.is_ready()


async def test_a_full_disk_is_the_reason_also_where_the_log_cannot_say_it(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is on the same disk: after a while it has no line of the end of the server."""
    server = embedded_valkey(new_home)
    said: list[str] = []
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(server.keep_alive(said.append), name="keep")
        await server.up.wait()
        full = shutil.disk_usage(new_home)._replace(free=4_096)
        monkeypatch.setattr("app.programs.server_process.disk_usage", lambda _path: full)
        server.kill()
        await eventually(lambda: said)
        keeping.cancel()
    await server.stop_async()
    assert f"no space is left on the disk of {new_home}" in said[0]
