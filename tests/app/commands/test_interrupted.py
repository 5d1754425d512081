"""Ctrl-C ends a command without a traceback, and with what is true of the data."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event
from uuid import uuid4

import asyncpg
import pytest

from app.backup.making import make_backup
from app.commands.data.restore import Progress
from storage.postgres.service.backups import contents_of
from tests.support.programs.processes import CHECKOUT, nest, passed_on
from tests.support.programs.servers import apart
from tests.support.waiting import PATIENT_SECONDS, eventually

STOPPED = "nest: Stopped; nothing was changed.\n"
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""


def test_while_it_loads() -> None:
    """The program is stopped in the middle of its imports."""
    program = (
        "import os, signal, sys\n"
        "class Stopping:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'app.cli': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Stopping())\n"
        "from app.entry import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, env=passed_on(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("command", ["backup", "restore"])
async def test_before_anything_is_done(command: str, database_url: str, tmp_path: Path) -> None:
    """Somebody keeps a lock, so the command waits."""
    file = tmp_path / "one.backup"
    epoch = (await contents_of(database_url)).epoch
    if command == "restore":
        apart(lambda: make_backup(database_url, file, {}))
    arguments = (
        ("restore", str(file), "--replace") if command == "restore" else ("backup", str(file))
    )
    holder, watcher = [await asyncpg.connect(database_url) for _ in range(2)]
    await holder.execute("BEGIN; LOCK TABLE people IN ACCESS EXCLUSIVE MODE")
    process = await asyncio.create_subprocess_exec(
        *nest(*arguments),
        cwd=CHECKOUT,
        start_new_session=True,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**passed_on(), "NEST_HOME": str(tmp_path), "DATABASE_URL": database_url},
    )
    try:
        await eventually(lambda: watcher.fetchval(WAITING))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        async with asyncio.timeout(PATIENT_SECONDS):
            said = (await process.communicate())[1].decode()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await holder.close()
        await watcher.close()
    assert process.returncode == 130
    assert said.endswith(STOPPED)
    assert "Traceback" not in said
    assert file.exists() == (command == "restore")
    assert (await contents_of(database_url)).epoch == epoch


async def test_a_restore_that_is_committed_meanwhile_goes_on_to_its_end(database_url: str) -> None:
    progress, epoch = Progress(), uuid4()
    begun, go_on = Event(), Event()

    async def restored() -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute("UPDATE deployment SET epoch = $1", epoch)
        await connection.close()

    def work() -> None:
        begun.set()
        go_on.wait()
        asyncio.run(restored())

    async with asyncio.TaskGroup() as group:
        working = group.create_task(progress.carry_out(work, database_url, epoch))
        await eventually(begun.is_set)
        working.cancel()
        go_on.set()
    assert not working.cancelled()
    assert progress.said.startswith("the backup is restored, but the steps after it are not done")
