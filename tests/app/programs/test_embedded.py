"""Embedded PostgreSQL and Valkey: started, stopped, killed, taken over; data kept."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis

from app.embedded.servers import embedded_postgres, embedded_valkey, login_url
from app.programs.server_process import EmbeddedServer, EmbeddedServerError, run_once
from tests.support.programs.processes import CHECKOUT
from tests.support.waiting import PATIENT_SECONDS, eventually_blocking

pytestmark = pytest.mark.faults

ABANDON = """
import os, signal, sys
from pathlib import Path
from app.embedded.servers import embedded_postgres, embedded_valkey
for make in (embedded_postgres, embedded_valkey):
    server = make(Path(sys.argv[1]))
    server.start()
    print(server.pid, flush=True)
if sys.argv[2] == "die":
    os.kill(os.getpid(), signal.SIGKILL)
sys.stdin.read()
"""


@pytest.fixture
def postgres(home: Path) -> Iterator[EmbeddedServer]:
    server = embedded_postgres(home)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(new_home: Path) -> Iterator[EmbeddedServer]:
    server = embedded_valkey(new_home)
    server.start()
    yield server
    server.stop()


async def query(server: EmbeddedServer, statement: str) -> object:
    connection = await asyncpg.connect(server.url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_postgres_keeps_what_it_acknowledged(postgres: EmbeddedServer) -> None:
    wanted = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "max_connections": "200",
        "listen_addresses": "",
        "data_checksums": "on",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
    }
    assert {name: await query(postgres, f"SHOW {name}") for name in wanted} == wanted


async def test_a_password_that_a_login_gives_itself_opens_nothing(
    postgres: EmbeddedServer,
) -> None:
    """PostgreSQL lets every role set its own; there is no rule under which it would be asked for."""
    connection = await asyncpg.connect(login_url(postgres.url, "nest_web"))
    try:
        await connection.execute("ALTER ROLE nest_web PASSWORD 'known to somebody'")
    finally:
        await connection.close()
    assert await query(postgres, "SHOW listen_addresses") == ""
    asked = "SELECT array_agg(DISTINCT auth_method || ' ' || type) FROM pg_hba_file_rules"
    assert await query(postgres, asked) == ["peer local"]
    again = await asyncpg.connect(login_url(postgres.url, "nest_web"))  # needs none
    await again.close()


def test_valkey_keeps_what_it_acknowledged(valkey: EmbeddedServer) -> None:
    with redis.Redis.from_url(valkey.url, decode_responses=True) as client:
        assert client.config_get("append*") | client.config_get("maxmemory-policy") == (
            client.config_get("append*")
            | {
                "appendonly": "yes",
                "appendfsync": "always",
                "maxmemory-policy": "noeviction",
            }
        )


async def test_used_as_a_context_it_runs_inside_and_not_after(home: Path) -> None:
    server = embedded_postgres(home)
    async with server as url:
        assert url == server.url
        assert await query(server, "SELECT current_database()") == "nest"
        pid = server.pid
    assert server.pid is None
    assert pid is not None
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_postgres_has_its_data_after_a_restart(postgres: EmbeddedServer, end: str) -> None:
    await query(postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
    (postgres.stop if end == "stop" else postgres.kill)()
    postgres.start()
    assert await query(postgres, "SELECT answer FROM kept") == 42


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_valkey_has_its_data_after_a_restart(valkey: EmbeddedServer, end: str) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        client.xadd("events", {"n": "1"})
    (valkey.stop if end == "stop" else valkey.kill)()
    valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        assert client.xlen("events") == 1


async def test_postgres_starts_while_sessions_of_the_killed_one_still_work(
    postgres: EmbeddedServer,
) -> None:
    connection = await asyncpg.connect(postgres.url)
    postgres.kill()
    postgres.start()
    assert await query(postgres, "SELECT 1") == 1
    connection.terminate()


def abandon(home: Path, *, then: str) -> tuple[subprocess.Popen[str], list[int]]:
    """Servers started by another process, which then dies or waits; their process ids."""
    parent = subprocess.Popen(
        [sys.executable, "-c", ABANDON, str(home), then],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert parent.stdout is not None
    return parent, [int(parent.stdout.readline()) for _ in range(2)]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
def test_servers_end_with_a_parent_that_was_killed(home: Path) -> None:
    parent, pids = abandon(home, then="die")
    with parent:
        assert parent.wait(PATIENT_SECONDS) == -signal.SIGKILL
    eventually_blocking(lambda: not any(map(psutil.pid_exists, pids)))


async def test_a_start_ends_servers_that_were_left_over(home: Path) -> None:
    parent, pids = abandon(home, then="wait")
    with parent:
        postgres, valkey = embedded_postgres(home), embedded_valkey(home)
        async with postgres, valkey as url:
            assert await query(postgres, "SELECT 1") == 1
            assert redis.Redis.from_url(url).ping()
            running = {
                p.pid for p in psutil.Process(parent.pid).children() if p.status() != "zombie"
            }
            assert running.isdisjoint(pids)
        parent.kill()


async def test_a_stale_lock_file_that_names_another_living_process_does_not_stop_the_start(
    home: Path,
) -> None:
    postgres = embedded_postgres(home)
    postgres.start()
    postgres.kill()
    lock = home / "postgres" / "postmaster.pid"
    _, *rest = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *rest]))
    async with postgres:
        assert await query(postgres, "SELECT 1") == 1


def test_a_stale_socket_does_not_stop_the_start(valkey: EmbeddedServer) -> None:
    valkey.kill()
    assert valkey.recipe.socket.exists()
    valkey.start()
    assert redis.Redis.from_url(valkey.url).ping()


async def test_an_interrupted_first_start_is_begun_again(new_home: Path) -> None:
    (new_home / "postgres.new").mkdir(parents=True)
    (new_home / "postgres.new" / "PG_VERSION").write_text("18\n")
    async with (server := embedded_postgres(new_home)):
        assert await query(server, "SELECT 1") == 1


@pytest.mark.parametrize("name", ["n" * 200, "with space, and ünïcode"])
async def test_a_home_with_an_awkward_path_works(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    postgres, valkey = embedded_postgres(home), embedded_valkey(home)
    async with postgres, valkey as url:
        assert await query(postgres, "SELECT 1") == 1
        assert redis.Redis.from_url(url).ping()
        assert postgres.recipe.socket.parent.stat().st_mode & 0o077 == 0
    assert not postgres.recipe.socket.parent.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_root_below_a_directory_that_only_root_may_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    postgres, valkey = embedded_postgres(closed / "home"), embedded_valkey(closed / "home")
    async with postgres, valkey as url:
        assert await query(postgres, "SELECT 1") == 1
        assert redis.Redis.from_url(url).ping()
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_with_programs_below_a_directory_that_only_root_may_enter(tmp_path: Path) -> None:
    """`initdb` finds `postgres` in this way; no other right of root is kept."""
    program = tmp_path / "program"
    program.touch(mode=0o755)
    looks = (
        f"import os; assert os.access({str(program)!r}, os.R_OK | os.X_OK);"
        "own = open('/proc/self/status').read(); assert 'CapEff:\\t0000000000000002' in own, own;"
        "assert os.getresuid().count(os.geteuid()) == 3 and os.geteuid()"
    )
    run_once(sys.executable, "-c", looks, directory=tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_works_as_an_ordinary_user() -> None:
    script = (
        "import os, sys; from pathlib import Path;"
        "from app.embedded.servers import embedded_postgres, embedded_valkey;"
        "servers = [embedded_postgres(Path(sys.argv[1])), embedded_valkey(Path(sys.argv[1]))];"
        "[server.start() for server in servers];"
        "[server.stop() for server in servers]; print('worked as', os.geteuid())"
    )
    user = pwd.getpwnam("nobody")
    home = Path(tempfile.mkdtemp(prefix="nest-t-"))  # pytest's own directories are root's alone
    os.chown(home, user.pw_uid, user.pw_gid)
    python = "/usr/bin/python3" if Path(sys.executable).resolve().is_relative_to("/root") else ""
    packages = Path(psutil.__file__).parents[1]
    done = subprocess.run(
        [python or sys.executable, "-c", script, str(home)],
        cwd=CHECKOUT,
        env={"PYTHONPATH": f".:{packages}", "PYTHONDONTWRITEBYTECODE": "1"},
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(home)
    assert done.stdout == f"worked as {user.pw_uid}\n", done.stderr


def test_a_start_that_fails_says_what_the_server_said(new_home: Path) -> None:
    server = embedded_valkey(new_home)
    server.start()
    server.stop()
    (new_home / "valkey" / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense")
    with pytest.raises(EmbeddedServerError, match=r"valkey ended again at once\. It said: .+"):
        server.start()


def test_a_directory_of_somebody_else_is_refused(new_home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    new_home.mkdir()
    (new_home / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EmbeddedServerError, match="belongs to somebody else"):
        embedded_valkey(new_home).start()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_cannot_be_written_is_reported_in_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(EmbeddedServerError, match=r"valkey cannot use .*: Permission denied"):
        embedded_valkey(tmp_path / "home").start()
