"""The units of systemd name what is there: commands, settings, files."""

import re
import subprocess
from pathlib import Path

import pytest

from app.settings import SETTINGS
from tests.support.haproxy import DEPLOY
from tests.support.installing import SYSTEMD_ANALYZE
from tests.support.processes import CHECKOUT, nest

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SHORTEST_STOP_SECONDS = 2 + 7 + 10
"""Of a web process: for its proxy, to hand over, for requests under way."""


def values(unit: Path, name: str) -> list[str]:
    """Everything that this unit says under a name."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


def test_there_are_three() -> None:
    assert [each.name for each in UNITS] == [
        "nest-release.service",
        "nest-web@.service",
        "nest-worker@.service",
    ]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_of_ours_with_settings_of_ours(unit: Path) -> None:
    [started] = values(unit, "ExecStart")
    program, command = started.split()
    assert program == "/opt/nest/.venv/bin/nest"
    subprocess.run(nest(command, "--help"), check=True, capture_output=True, cwd=CHECKOUT)
    known = {setting.name for setting in SETTINGS}
    given = [each.split("=")[0] for line in values(unit, "Environment") for each in line.split()]
    assert set(given) <= known
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp"):
        assert values(unit, name) == ["yes"]
    assert values(unit, "User") == ["nest"]


def test_a_web_process_has_the_time_that_it_takes_to_stop() -> None:
    [unit] = [each for each in UNITS if "web" in each.name]
    assert int(values(unit, "TimeoutStopSec")[0]) > SHORTEST_STOP_SECONDS
    assert values(unit, "Restart") == ["on-failure"]


def test_systemd_understands_them(tmp_path: Path) -> None:
    program = SYSTEMD_ANALYZE.required()
    names = []
    for unit in UNITS:
        name = unit.name.replace("@.", "@8081.")
        text = unit.read_text().replace("/opt/nest/.venv/bin/nest", "/bin/true")
        (tmp_path / name).write_text(text)
        names.append(str(tmp_path / name))
    said = subprocess.run(
        [program, "verify", *names], check=False, capture_output=True, text=True, timeout=60
    )
    of_ours = [line for line in said.stderr.splitlines() if "nest-" in line]
    assert (said.returncode, of_ours) == (0, [])
