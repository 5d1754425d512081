"""Tests use what the product offers: they reach no private name of it and patch no constant."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
PRODUCT: Final = ("app", "configurator", "realtime", "storage", "ui", "workers")
PRIVATE_MAX: Final = 5
"""Those of the model test: a process that dies without a farewell leaves its tasks to the test."""

SELF: Final = {"self", "cls"}
PATCHES: Final = {"setattr", "setitem", "delattr"}


def trees(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        for path in sorted((CHECKOUT / folder).rglob("*.py")):
            yield path.relative_to(CHECKOUT), ast.parse(path.read_text(encoding="utf-8"))


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def defined_in(tree: ast.Module) -> Iterator[str]:
    """The names of methods, functions and attributes that a module makes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id in SELF:
                yield node.attr
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def reached(tree: ast.Module, names: set[str]) -> Iterator[tuple[int, str]]:
    """The places where a test uses a private name of the product, patching included."""
    own = set(defined_in(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            itself = isinstance(node.value, ast.Name) and node.value.id in SELF
            if node.attr in names - own and not itself:
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PRODUCT:
            yield from ((node.lineno, each.name) for each in node.names if private(each.name))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            named = [each.value for each in node.args if isinstance(each, ast.Constant)]
            if node.func.attr in PATCHES:
                yield from (
                    (node.lineno, name)
                    for name in named
                    if isinstance(name, str) and private(name.rpartition(".")[2])
                )


def patched_constants(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in PATCHES:
            named = [each.value for each in node.args if isinstance(each, ast.Constant)]
            if any(isinstance(n, str) and re.fullmatch(r"(.*\.)?_?[A-Z][A-Z_]+", n) for n in named):
                yield node.lineno


def test_tests_reach_almost_no_private_name() -> None:
    names = {name for _, tree in trees(*PRODUCT) for name in defined_in(tree) if private(name)}
    found = [
        f"{path}:{line} {what}"
        for path, tree in trees("tests")
        for line, what in reached(tree, names)
    ]
    assert len(found) <= PRIVATE_MAX, "\n".join(found)


def test_tests_patch_no_constant() -> None:
    """A time or a bound that a test needs otherwise is a parameter."""
    found = [f"{path}:{line}" for path, tree in trees("tests") for line in patched_constants(tree)]
    assert found == []
