"""Every setting is used: some code outside `app/settings` reads its field."""

import ast
from collections.abc import Iterator
from pathlib import Path

from app.settings.settings import SETTINGS
from tests.architecture.counts import modules
from tests.support.programs.processes import CHECKOUT

PACKAGE = CHECKOUT / "app" / "settings"


def test_every_setting_is_read_outside_its_package() -> None:
    """A property of `Settings` that is read, such as `for_web`, reads the fields in it."""
    reading = [path for path in modules(CHECKOUT, "app") if PACKAGE not in path.parents]
    read = {name for path in reading for name in attributes(parsed(path), of="settings")}
    assert "for_analytics" in read
    within = properties()
    found, fresh = set(read), read
    while fresh := {name for each in fresh for name in within.get(each, ())} - found:
        found |= fresh
    assert [name for name in SETTINGS if name not in found] == []


def properties() -> dict[str, set[str]]:
    """The attributes that each property of `Settings` reads of itself."""
    return {
        each.name: set(attributes(each, of="self"))
        for each in ast.walk(parsed(PACKAGE / "settings.py"))
        if isinstance(each, ast.FunctionDef)
    }


def attributes(tree: ast.AST, *, of: str) -> Iterator[str]:
    """The names that are read as `of.name`, `_of.name` or `….of.name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            match node.value:
                case ast.Name(id=owner) | ast.Attribute(attr=owner) if owner.strip("_") == of:
                    yield node.attr


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
