"""The owner of a port is named; every address of a host is listened on."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.supervisor.exclusive import AlreadyInUseError
from app.supervisor.listening import listen, require_free_port
from tests.support.programs.ports import free_port
from tests.support.programs.processes import passed_on


def test_the_owner_of_a_busy_port_is_named_by_process_and_command() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(AlreadyInUseError) as refused:
        require_free_port("127.0.0.1", port)
    said = str(refused.value)
    assert said.startswith(f"PORT {port} on 127.0.0.1 is busy: process {os.getpid()} (")
    assert said.endswith(") listens there. Stop it, or choose another PORT.")


def test_a_host_is_listened_on_at_each_of_its_addresses() -> None:
    port = free_port()
    opened = listen("localhost", port)
    known = {found[4][0] for found in socket.getaddrinfo("localhost", port)}
    assert opened
    for each in opened:
        assert each.getsockname()[0] in known
        socket.create_connection(each.getsockname()[:2], timeout=5).close()
        each.close()
    require_free_port("localhost", port)


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(AlreadyInUseError, match=r"HOST 192\.0\.2\.1 PORT \d+ cannot be listened"):
        require_free_port("192.0.2.1", free_port())


def test_a_web_process_of_its_own_names_who_has_its_port(tmp_path: Path) -> None:
    port = free_port()
    environ = {
        "PORT": str(port),
        "NEST_HOME": str(tmp_path),
        "DATABASE_URL": f"postgresql://a@127.0.0.1:{free_port()}/b",
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
    }
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "web"],
            env={**passed_on(), **environ}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"nest: PORT {port} on 127.0.0.1 is busy: process {os.getpid()} ("
    )
    assert done.stderr.count("\n") == 1
