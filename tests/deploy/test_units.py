"""The units of systemd name what is there: commands, settings, files."""

import re
import subprocess
from pathlib import Path

import pytest

from app.settings.settings import SETTINGS
from tests.support.programs.haproxy import DEPLOY
from tests.support.programs.installing import SYSTEMD_ANALYZE
from tests.support.programs.processes import CHECKOUT, nest

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SHORTEST_STOP_SECONDS = 2 + 7 + 10
"""The stop of a web process: time for its proxy, for the hand-over, and for requests under way."""


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
def test_units_start_our_commands_with_our_settings(unit: Path) -> None:
    [started] = values(unit, "ExecStart")
    program, command = started.split()
    assert program == "/opt/nest/.venv/bin/nest"
    subprocess.run(nest(command, "--help"), check=True, capture_output=True, cwd=CHECKOUT)
    known = {setting.name for setting in SETTINGS.values()}
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


def written_files() -> dict[str, str]:
    """The files of settings that docs/installing.md writes, by name; secrets are put in by the shell."""
    text = (CHECKOUT / "docs" / "installing.md").read_text()
    found = re.findall(
        r"^cat > /etc/nest/(\w+)\.env <<END\n(.*?)^END$", text, re.MULTILINE | re.DOTALL
    )
    return dict(found)


def test_a_shell_reads_the_settings_of_the_manual_as_systemd_does() -> None:
    """An operator sources the same file: `&`, a space or `|` of a value must not end it."""
    for name, text in written_files().items():
        filled = text.replace("/nest", "/nest?target_session_attrs=read-write&sslmode=require")
        meant = {
            key: value[1:-1]
            for line in filled.replace("$", "").splitlines()
            for key, _, value in [line.partition("=")]
        }
        script = f"set -a\n{filled.replace('$', '')}\nenv -0"
        done = subprocess.run(
            ["/bin/sh", "-ec", script], env={}, capture_output=True, text=True, check=True
        )
        read = dict(each.split("=", 1) for each in done.stdout.split("\0") if "=" in each)
        assert {key: read.get(key) for key in meant} == meant, name
        assert done.stderr == ""
        assert set(meant) <= {setting.name for setting in SETTINGS.values()}


def test_the_doctor_of_the_manual_looks_at_the_logins_of_the_processes() -> None:
    files = {
        name: dict(line.split("=", 1) for line in text.splitlines())
        for name, text in written_files().items()
    }
    assert set(files) == {"nest", "release"}
    processes, operator = files["nest"], files["release"]
    assert operator["NEST_WEB_DATABASE_URL"] == processes["DATABASE_URL"]
    same = processes.keys() - {"DATABASE_URL"}
    assert {each: operator.get(each) for each in same} == {each: processes[each] for each in same}
