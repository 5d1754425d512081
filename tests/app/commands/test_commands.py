"""Every command is a module with the same four parts, and only the one that is asked for is loaded."""

import subprocess
import sys
from typing import Final

import pytest

from app.cli import COMMANDS
from app.commands.clients import conformance, edit, soak, tail
from app.commands.command import Command
from app.commands.data import backup, restore, restored, upgrade_data
from app.commands.people import admin_link, admin_sessions, privacy
from app.commands.processes import doctor, migrate, run, web, worker
from app.commands.service import audit, deadletters
from tests.support.programs.processes import CHECKOUT, passed_on

MODULES: Final[dict[str, Command]] = {  # its type is the test: mypy compares each with `Command`
    "run": run, "web": web, "worker": worker, "migrate": migrate, "doctor": doctor,
    "backup": backup, "restore": restore, "restored": restored, "upgrade-data": upgrade_data,
    "admin-link": admin_link, "admin-sessions": admin_sessions, "privacy": privacy,
    "audit": audit, "deadletters": deadletters,
    "tail": tail, "edit": edit, "soak": soak, "conformance": conformance,
}  # fmt: skip
SLOW = ("nest_haus_client", "nicegui", "redis", "sqlalchemy", "starlette", "uvicorn")


def test_the_table_names_the_modules() -> None:
    named = {name: f"app.commands.{module}" for name, (module, _line) in COMMANDS.items()}
    assert named == {name: vars(module)["__name__"] for name, module in MODULES.items()}


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [("['--help']", []), ("['doctor', '--settings', '--nothing']", ["processes.doctor"])],
)
def test_only_the_command_that_is_asked_for_is_loaded(arguments: str, loaded: list[str]) -> None:
    program = f"""
import sys
from app.cli import COMMANDS, main
try:
    main({arguments})
except SystemExit:
    loaded = [each for each, _ in COMMANDS.values() if f"app.commands.{{each}}" in sys.modules]
    print("loaded", *loaded, *([] if loaded else {{*{SLOW}}} & {{*sys.modules}}), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CHECKOUT, env=passed_on(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1].split() == ["loaded", *loaded]
