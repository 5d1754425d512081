"""Imports between our modules: no circle, and each name comes from the module that defines it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.architecture.counts import circle, import_graph

CHECKOUT = Path(__file__).parents[2]

OURS = ("app", "bench", "configurator", "realtime", "storage", "tests", "ui", "workers")


@cache
def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for package in OURS:
        for path in (CHECKOUT / package).rglob("*.py"):
            parts = path.relative_to(CHECKOUT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


def imported(module: str) -> Iterator[tuple[str, str]]:
    """The (module, name) of every `from ... import` of one of our modules, also inside functions."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and node.module in modules():
            for alias in node.names:
                yield node.module, alias.name


def defined(module: str) -> set[str]:
    """The names that a module binds at its top level other than by importing them."""
    names: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle(import_graph(CHECKOUT)) == []


def test_names_are_imported_from_where_they_are_defined() -> None:
    elsewhere = [
        f"{module}: {name} from {source}"
        for module in modules()
        for source, name in imported(module)
        if f"{source}.{name}" not in modules() and name not in defined(source)
    ]
    assert elsewhere == []
