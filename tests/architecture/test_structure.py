"""Rules about the source itself: import contracts, sizes, no sleeping tests, a truthful README."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
DOCS = CHECKOUT / "docs"
SOURCE = ("app", "configurator", "realtime", "storage", "ui", "workers", "bench")
MODULE_LIMIT_LINES = 500
SLEEPERS = {"sleep", "wait_for_timeout"}


def modules(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((CHECKOUT / folder).rglob("*.py"))]
    return [path.relative_to(CHECKOUT) for path in found]


def sleeps(path: Path) -> Iterator[int]:
    """Lines that wait for a length of time; `sleep(0)` only lets others run."""
    for node in ast.walk(ast.parse((CHECKOUT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            yielding = [ast.unparse(argument) for argument in node.args] == ["0"]
            if name in SLEEPERS and not yielding:
                yield node.lineno


def test_import_contracts_are_kept() -> None:
    command = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [command, "--no-cache"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_no_module_is_longer_than_the_limit() -> None:
    lengths = {
        str(path): len((CHECKOUT / path).read_text(encoding="utf-8").splitlines())
        for path in modules(*SOURCE, "tests")
    }
    assert {path: n for path, n in lengths.items() if n > MODULE_LIMIT_LINES} == {}


def test_tests_wait_for_conditions_and_never_sleep() -> None:
    sleeping = [
        f"{path}:{line}"
        for path in modules("tests")
        if not path.is_relative_to("tests/support")
        for line in sleeps(path)
    ]
    assert sleeping == []


def test_only_app_reads_the_environment() -> None:
    reading = [
        str(path)
        for path in modules("configurator", "realtime", "storage", "ui", "workers")
        if re.search(r"\bos\.(environ|getenv)\b", (CHECKOUT / path).read_text(encoding="utf-8"))
    ]
    assert reading == []


def test_readme_names_every_package() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    packages = [path.parent for path in modules(*SOURCE) if path.name == "__init__.py"]
    top = {f"{package}/" for package in packages if len(package.parts) == 1}
    below = {package.name for package in packages if len(package.parts) == 2}
    assert [name for name in sorted(top) if name not in readme] == []
    assert [name for name in sorted(below) if not re.search(rf"\b{name}\b", readme)] == []


PAGES = ("README.md", "SECURITY.md", *sorted(f"docs/{each.name}" for each in DOCS.glob("*.md")))


@pytest.mark.parametrize("page", PAGES)
def test_links_in_the_documents_lead_somewhere(page: str) -> None:
    here = CHECKOUT / page
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", here.read_text(encoding="utf-8")):
        name, _, place = target.partition("#")
        there = here.parent / name if name else here
        if "://" not in target and not (there.exists() and (not place or place in places(there))):
            dead.append(target)
    assert dead == []


def places(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
