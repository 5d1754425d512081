"""Rules about the source itself: import contracts, sizes, no sleeping tests, a truthful README."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import counts
from tests.architecture.counts import line_count, side_by_side
from tests.quick import SLOW_PLACES, WITH_SERVERS
from tests.support.programs import scripts

CHECKOUT = Path(__file__).parents[2]
DOCS = CHECKOUT / "docs"
PRODUCT = ("app", "configurator", "realtime", "storage", "ui", "workers")
SOURCE = (*PRODUCT, "bench")
MODULE_LINES_MAX = 400
FOLDER_MODULES_MAX = 15
SLEEPERS = {"sleep", "wait_for_timeout"}


def modules(*folders: str) -> list[Path]:
    return [path.relative_to(CHECKOUT) for path in counts.modules(CHECKOUT, *folders)]


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


def test_no_module_is_longer_than_its_limit() -> None:
    lengths = {
        str(path): line_count(CHECKOUT / path)
        for path in modules(*SOURCE, *counts.CLIENTS, "tests")
    }
    assert {path: n for path, n in lengths.items() if n > MODULE_LINES_MAX} == {}


def test_no_script_is_longer_than_its_limit() -> None:
    written = [path for path in counts.scripts(CHECKOUT) if not counts.is_generated(path)]
    lengths = {str(path.relative_to(CHECKOUT)): line_count(path) for path in written}
    assert {path: n for path, n in lengths.items() if n > MODULE_LINES_MAX} == {}


def test_no_folder_is_crowded() -> None:
    folders = side_by_side(CHECKOUT)
    assert {name: n for name, n in folders.items() if n > FOLDER_MODULES_MAX} == {}


def test_tests_wait_for_conditions_and_never_sleep() -> None:
    sleeping = [
        f"{path}:{line}"
        for path in modules("tests")
        if not path.is_relative_to("tests/support")
        for line in sleeps(path)
    ]
    assert sleeping == []


def test_places_that_make_quick_treats_in_a_special_way_exist() -> None:
    assert [each for each in (*SLOW_PLACES, *WITH_SERVERS) if not (CHECKOUT / each).exists()] == []


def test_the_hooks_before_a_commit_call_each_tool_of_make_check() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition("\ncheck:")[2].partition("\n\n")[0]
    tools = set(re.findall(r"\$\(BIN\)/(ruff \w+|python -m [\w.]+|[\w-]+)", recipe))
    hooks = (CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert {"ruff check", "mypy", "lint-imports"} <= tools
    assert [each for each in sorted(tools) if f"entry: .venv/bin/{each}" not in hooks] == []


def test_the_tools_for_javascript_and_their_hook_cover_every_script() -> None:
    hooks = (CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    hook = hooks.partition("- id: browser\n")[2].partition("- id:")[0]
    (covered,) = re.findall(r"^ +files: (\S+)$", hook, re.MULTILINE)
    patterns = [each.removeprefix("!") for each in scripts.FORMATTED]
    formatted = {path for each in patterns for path in CHECKOUT.glob(each)}
    ours = set(counts.scripts(CHECKOUT))
    assert ours - formatted == set()
    assert [path for path in ours if not re.search(covered, str(path.relative_to(CHECKOUT)))] == []


def test_only_app_reads_the_environment() -> None:
    reading = [
        str(path)
        for path in modules("configurator", "realtime", "storage", "ui", "workers")
        if re.search(r"\bos\.(environ|getenv)\b", (CHECKOUT / path).read_text(encoding="utf-8"))
    ]
    assert reading == []


WITHOUT_COUNTERPART = {"ui/double", "ui/look"}
"""Tests of pages on a product without stores, and of the look of all pages."""


def test_folders_of_tests_are_divided_like_the_product() -> None:
    tests = CHECKOUT / "tests"
    folders = {
        path.parent.relative_to(tests).as_posix()
        for package in PRODUCT
        for path in (tests / package).rglob("__init__.py")
    }
    scripts = {f"ui/{each.name}" for each in (CHECKOUT / "ui/assets/js").iterdir()}
    strange = {
        each
        for each in folders - scripts
        if not (CHECKOUT / each / "__init__.py").is_file()
        and not (CHECKOUT / f"{each}.py").is_file()
    }
    assert strange == WITHOUT_COUNTERPART


def test_readme_names_every_package() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    packages = [path.parent for path in modules(*SOURCE) if path.name == "__init__.py"]
    top = {f"{package}/" for package in packages if len(package.parts) == 1}
    below = {package.name for package in packages if len(package.parts) == 2}
    assert [name for name in sorted(top) if name not in readme] == []
    assert [name for name in sorted(below) if not re.search(rf"\b{name}\b", readme)] == []


PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    *sorted(f"docs/{each.name}" for each in DOCS.glob("*.md")),
)


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


def test_the_web_process_is_only_put_together() -> None:
    lines = (CHECKOUT / "app" / "web.py").read_text(encoding="utf-8").splitlines()
    packages = "|".join(each for each in SOURCE if each != "tests")
    imports = [line for line in lines if re.match(rf"from ({packages})\b", line)]
    assert len(lines) <= 150
    assert 0 < len(imports) <= 25


GUIDES = ("README.md", "CONTRIBUTING.md", "docs/architecture.md")
"""Pages that name files of the source. Each name must be that of a file, or the end of its path."""

FILE_NAME = re.compile(
    r"\w[\w./-]*\.(?:py|js|mjs|ts|html|css|json|jsonl|yaml|toml|md|cfg|lock|service)"
)
FOLDER_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)*/")
NOT_KEPT = {".venv", ".nest", "node_modules", "dist", "build", "__pycache__"}


@pytest.mark.parametrize("page", GUIDES)
def test_files_that_a_guide_names_exist(page: str) -> None:
    quoted = words_of_code((CHECKOUT / page).read_text(encoding="utf-8"))
    files = {each for each in quoted if FILE_NAME.fullmatch(each)}
    folders = {each for each in quoted if FOLDER_NAME.fullmatch(each)}
    kept = kept_paths()
    assert files or folders, "the page names nothing: is this test still right?"
    assert [
        each for each in sorted(files) if not any(f"/{path}".endswith(f"/{each}") for path in kept)
    ] == []
    assert [
        each for each in sorted(folders) if not any(f"/{each}" in f"/{path}" for path in kept)
    ] == []


def words_of_code(text: str) -> list[str]:
    """The words in backticks and in blocks of code, without files that are built."""
    code = re.findall(r"^```\w*$(.*?)^```$|`([^`\n]+)`", text, re.MULTILINE | re.DOTALL)
    words = [word for block, span in code for word in f"{block} {span}".split()]
    return [each for each in words if not NOT_KEPT & set(each.split("/"))]


def kept_paths() -> list[str]:
    """The paths of all files in the checkout, without those that are installed or built."""
    found = []
    for folder, below, names in os.walk(CHECKOUT):
        below[:] = [each for each in below if each not in NOT_KEPT]
        here = Path(folder).relative_to(CHECKOUT)
        found += [(here / name).as_posix() for name in names]
    return found
