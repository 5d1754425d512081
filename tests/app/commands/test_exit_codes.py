"""The exit codes of `nest` are those that docs/running.md promises."""

import re
from pathlib import Path

import pytest

from app.cli import COMMANDS, main
from tests.support.programs.ports import free_port
from tests.support.programs.processes import CHECKOUT

AWAY = "http://127.0.0.1:9"
OF_STORES = ("DATABASE_URL", "REDIS_URL", "NEST_TOKEN")


@pytest.fixture(autouse=True)
def nothing_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither servers nor data."""
    for name in OF_STORES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NEST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.chdir(tmp_path)


def test_the_table_has_every_command() -> None:
    page = (CHECKOUT / "docs" / "running.md").read_text("utf-8")
    table = page.split("## Exit codes")[1].split("\n## ")[0]
    named = re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)
    assert sorted(named) == sorted(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        "web", "worker", "migrate", "admin-link", "admin-sessions list", "audit verify",
        "deadletters list", "privacy export somebody", "tail 7K3M9QXA", "edit 7K3M9QXA nest=nest120",
    ],
)  # fmt: skip
def test_a_missing_setting_exits_with_2(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments.split()) == 2
    assert capsys.readouterr().err.startswith("nest: ")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("doctor --settings", 0),
        ("backup", 1),
        ("restore none.backup", 1),
        ("restored --as-of unknown", 1),
        ("upgrade-data", 1),
        (f"conformance --url {AWAY}", 2),
        ("edit 7K3M9QXA nest", 2),
    ],
)
def test_a_failed_command_says_why_and_has_its_exit_code(
    arguments: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == code
    said = capsys.readouterr()
    assert said.err or said.out


@pytest.mark.parametrize("arguments", ["", "fly", "soak --rooms many", "restored --as-of noon"])
def test_arguments_that_are_not_understood_are_2(arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    assert ended.value.code == 2


def test_a_setting_that_can_never_work_exits_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    assert main(["doctor"]) == 2


@pytest.mark.parametrize("arguments", ["run", "web", "worker", "migrate", "doctor", "backup"])
def test_a_wrong_port_exits_with_2_and_one_sentence(
    arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hush@127.0.0.1:notaport/nest")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:6379/0")
    assert main([arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("nest: DATABASE_URL must have hosts with ports from 1 to 65535")
    assert said.count("\n") == 1
