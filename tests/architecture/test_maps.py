"""Each package has a map in its docstring: all that is in it, and the packages that import it.

A line of the map is indented by four spaces and begins with one or several names, then two spaces
and what they hold. The last paragraph, "Imported by: ...", names packages and modules in backticks.
Tests and benchmarks may import everything, so only maps of `bench` speak of them.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.counts import CLIENTS, SOURCE, dotted, import_graph, modules

CHECKOUT: Final = Path(__file__).parents[2]

LINE: Final = re.compile(r"^ {4}([\w./]+(?:, [\w./]+)*) {2,}\S", re.MULTILINE)
IMPORTERS: Final = re.compile(r"^Imported by: ([^\n]+(?:\n[^\n]+)*)\Z", re.MULTILINE)
EVERYWHERE: Final = ("tests", "bench")
ONE_FILE_A_STEP: Final = "storage.migrations.versions"
BY_NAME: Final = ("app.commands.", "storage.migrations")
"""Packages whose modules are loaded by their names, which no import statement shows."""


@cache
def packages() -> dict[str, Path]:
    """The folder of each package by its dotted name."""
    roots = [(CHECKOUT / each, (".",)) for each in CLIENTS] + [(CHECKOUT, (*SOURCE, "bench"))]
    return {
        dotted(path.relative_to(root)): path.parent
        for root, folders in roots
        for path in modules(root, *folders)
        if path.name == "__init__.py"
    }


@cache
def graph() -> dict[str, set[str]]:
    return import_graph(CHECKOUT)


def text_of(package: str) -> str:
    source = (packages()[package] / "__init__.py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(source)) or ""


def mapped(package: str) -> set[str]:
    """The names in the map of a package: modules as they are, packages with a slash at the end."""
    return {name for names in LINE.findall(text_of(package)) for name in names.split(", ")}


def contents(folder: Path) -> Iterator[str]:
    for path in folder.iterdir():
        if path.suffix == ".py" and path.name != "__init__.py":
            yield path.stem
        elif (path / "__init__.py").is_file():
            yield f"{path.name}/"


def importers(package: str) -> set[str]:
    """The modules outside of a package that import from it."""
    inside = f"{package}."
    own = package.partition(".")[0]
    return {
        module
        for module, imported in graph().items()
        if not f"{module}.".startswith(inside)
        and module.partition(".")[0] not in {*EVERYWHERE} - {own}
        and any(f"{each}.".startswith(inside) for each in imported)
    }


@pytest.mark.parametrize("package", [each for each in packages() if each != ONE_FILE_A_STEP])
def test_the_map_of_a_package_names_exactly_what_is_in_it(package: str) -> None:
    named, present = mapped(package), set(contents(packages()[package]))
    above = {f"{name.partition('/')[0]}/" for name in named}
    assert present - named - above == set(), "missing in the map"
    gone = {
        name
        for name in named - present
        if not (packages()[package] / name / "__init__.py").is_file()
    }
    assert gone == set(), "not in the package"


@pytest.mark.parametrize("package", packages())
def test_the_map_of_a_package_names_exactly_its_importers(package: str) -> None:
    sentence = IMPORTERS.search(text_of(package))
    assert sentence, 'the last paragraph begins with "Imported by: "'
    if package.startswith(BY_NAME):
        return
    named = set(re.findall(r"`([\w.]+)`", sentence[1]))
    real = importers(package)
    assert {each for each in real if not any(covers(name, each) for name in named)} == set()
    assert {name for name in named if not any(covers(name, each) for each in real)} == set()


def covers(name: str, module: str) -> bool:
    return f"{module}.".startswith(f"{name}.")
