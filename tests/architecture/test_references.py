"""Comments and docstrings name only files, modules and classes that exist.

A name counts if it stands in backticks. A file is named by its path or the end of it, a module by
its dotted name, perhaps followed by a name inside it. A class may be anybody's, but some code must
use it.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.architecture.counts import CLIENTS, FOLDERS, dotted, modules

CHECKOUT: Final = Path(__file__).parents[2]

FILE: Final = re.compile(r"[\w.][\w./-]*\.(?:py|js|mjs|ts|css|html|md)")
MODULE: Final = re.compile(
    r"(?:app|bench|configurator|nest_haus_client|nest_haus_conformance|realtime|storage|tests|ui"
    r"|workers)(?:\.\w+)+"
)
CLASS: Final = re.compile(r"[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+")

QUOTED: Final = re.compile(r"``([^`\n]+)``|`([^`\n]+)`")
REMARK_IN_PYTHON: Final = re.compile(r'""".*?"""|#[^\n]*', re.DOTALL)
REMARK: Final = re.compile(r"/\*.*?\*/|(?<![:\w])//[^\n]*", re.DOTALL)
BUILT: Final = {"node_modules", "dist"}


def test_files_modules_and_classes_in_comments_exist() -> None:
    found = [
        f"{path.relative_to(CHECKOUT)}: {name}"
        for path in [*python(), *scripts(".js", ".mjs", ".ts", ".css")]
        for name in named(path.read_text(encoding="utf-8"), remark_in(path))
        if is_stale(name)
    ]
    assert found == []


def python() -> Iterator[Path]:
    yield from modules(CHECKOUT, *FOLDERS)


def scripts(*suffixes: str) -> Iterator[Path]:
    for folder in ("ui", "clients/js", "bench", "tests"):
        for path in sorted((CHECKOUT / folder).rglob("*")):
            if path.suffix in suffixes and not BUILT & set(path.parts):
                yield path


def remark_in(path: Path) -> re.Pattern[str]:
    return REMARK_IN_PYTHON if path.suffix == ".py" else REMARK


def named(source: str, remark: re.Pattern[str]) -> Iterator[str]:
    """The words in backticks, without the parentheses of a call and the marks of a sentence."""
    for text in remark.findall(source):
        for double, single in QUOTED.findall(text):
            for word in (double or single).split():
                yield word.strip("(),;:")


def is_stale(name: str) -> bool:
    if MODULE.fullmatch(name):
        return not (is_module(name) or is_file(name))
    if FILE.fullmatch(name):
        return not is_file(name)
    return CLASS.fullmatch(name) is not None and name not in words_of_code()


def is_file(name: str) -> bool:
    end = "/" + name.lstrip("./")
    return any(path.endswith(end) for path in files())


@cache
def files() -> list[str]:
    return [
        path.as_posix()
        for folder in (*FOLDERS, "docs")
        for path in sorted((CHECKOUT / folder).rglob("*"))
        if not BUILT & set(path.parts)
    ]


def is_module(name: str) -> bool:
    """Whether a module has this name, or has the beginning of it and contains the rest."""
    head, rest = name, list[str]()
    while head and head not in sources():
        head, _, last = head.rpartition(".")
        rest.append(last)
    return head != "" and all(re.search(rf"\b{each}\b", sources()[head]) for each in rest)


@cache
def sources() -> dict[str, str]:
    """The source of each module by its dotted name."""
    roots = [(CHECKOUT / each, (".",)) for each in CLIENTS] + [(CHECKOUT, FOLDERS)]
    return {
        dotted(path.relative_to(root)): path.read_text(encoding="utf-8")
        for root, folders in roots
        for path in modules(root, *folders)
    }


@cache
def words_of_code() -> frozenset[str]:
    """Every word outside of comments and docstrings."""
    return frozenset(
        word
        for path in [*python(), *scripts(".js", ".mjs", ".ts")]
        for word in re.findall(r"\w+", remark_in(path).sub("", path.read_text(encoding="utf-8")))
    )
