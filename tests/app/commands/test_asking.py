"""Commands that talk to a server find the running stack of their NEST_HOME."""

import subprocess
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.commands.clients.asking import server_url
from app.settings.settings import parse_settings
from app.supervisor.exclusive import locked_home
from app.supervisor.running import note_address
from tests.support.programs.ports import free_port
from tests.support.programs.processes import CHECKOUT, nest, passed_on


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a stack that holds the home `tmp_path`; nobody answers there."""
    chosen = free_port()
    with locked_home(tmp_path):
        note_address(parse_settings({"NEST_HOME": str(tmp_path), "PORT": str(chosen)}))
        yield chosen


@pytest.mark.parametrize("command", ["conformance", "soak", "edit 7K3M9QXA --undo --timeout 0.1"])
def test_a_command_asks_the_running_stack(command: str, port: int, tmp_path: Path) -> None:
    done = subprocess.run(
        nest(*command.split()),
        cwd=CHECKOUT,
        env={**passed_on(), "NEST_HOME": str(tmp_path), "NEST_TOKEN": "a" * 43},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert f"127.0.0.1:{port}" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("given", "environ"),
    [("http://house.example:81", {}), (None, {"HOST": "house.example", "PORT": "81"})],
)
def test_a_given_address_counts_more(
    given: str | None, environ: dict[str, str], port: int, tmp_path: Path
) -> None:
    settings = parse_settings({"NEST_HOME": str(tmp_path), **environ})
    assert server_url(settings, Namespace(url=given), environ) == "http://house.example:81"
    assert server_url(settings, Namespace(url=None), {}) == f"http://127.0.0.1:{port}"
