"""YAML with line numbers: read strictly, and to the end, with all problems collected.

A `Marked` is one place of the document. Its readers return the value there; if that is of the wrong
kind they note a `Problem` and return a neutral value, so that one pass finds all problems. A
missing key becomes an absent `Marked`: the problem is noted once, and not again when it is read.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

import yaml

from configurator.errors import Problem

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader in C reads a catalogue in a tenth of the time; a pure Python build lacks it."""
_TAG = "tag:yaml.org,2002:"
_WHOLE = re.compile(r"-?(0|[1-9][0-9_]*)")
_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")
_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One place of a YAML document; `node` is None if the place is absent."""

    node: yaml.Node | None
    line: int
    path: str
    problems: list[Problem] = field(repr=False)

    @property
    def present(self) -> bool:
        """Whether the document has a value here."""
        return self.node is not None

    def problem(self, message: str) -> None:
        """Note a problem at this place, unless the place is absent, which was noted already."""
        if self.present:
            self.problems.append(Problem(self.line, self.path, message))

    def mapping(
        self, required: Collection[str], optional: Collection[str] = ()
    ) -> dict[str, "Marked"]:
        """The values of exactly these keys; each is in the result, absent if it is missing."""
        found = self.entries()
        for key, value in found.items():
            if key not in required and key not in optional:
                known = ", ".join(sorted({*required, *optional}))
                value.problem(f"unknown key; known here: {known}")
        for key in required:
            if key not in found and isinstance(self.node, yaml.MappingNode):
                self.problem(f"missing key: {key}")
        absent = {key: self._child(None, f".{key}") for key in (*required, *optional)}
        return {key: found.get(key, nothing) for key, nothing in absent.items()}

    def entries(self) -> dict[str, "Marked"]:
        """The values of all keys of a mapping with free keys.

        The line of a value is that of its key.
        """
        if not isinstance(self.node, yaml.MappingNode):
            self.problem("must be a mapping")
            return {}
        found: dict[str, Marked] = {}
        for key, value in self.node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            child = Marked(
                node=value,
                line=key.start_mark.line + 1,
                path=f"{self.path}.{name}".lstrip("."),
                problems=self.problems,
            )
            if name in found:
                child.problem("written twice")
            elif not isinstance(key, yaml.ScalarNode) or key.tag != f"{_TAG}str":
                child.problem("the key must be a word; quote it")
            else:
                found[name] = child
        return found

    def items(self) -> list["Marked"]:
        """The items of a list, which must not be empty."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.problem("must be a list")
            return []
        if not self.node.value:
            self.problem("must not be empty")
        return [self._child(node, f"[{index}]") for index, node in enumerate(self.node.value)]

    def text(self) -> str:
        """A string, which must not be empty; "" after a problem."""
        value = self._scalar("str")
        if value is not None and value.strip():
            return value.strip()
        self.problem("must be a text; quote it if it looks like a number or yes/no")
        return ""

    def name(self) -> str:
        """An id: a-z, 0-9 and _, up to 64 characters; "" after a problem."""
        value = self._scalar("str")
        if value is not None and _ID.fullmatch(value):
            return value
        self.problem("must be an id: a-z, 0-9 and _, up to 64 characters")
        return ""

    def reference(self, known: Collection[str], what: str) -> str:
        """An id out of `known`, the ids of a `what`; "" after a problem."""
        value = self.name()
        if not value or value in known:
            return value
        self.problem(f"no such {what}: {value}")
        return ""

    def whole(self, minimum: int = 0) -> int:
        """A whole number of at least `minimum`; `minimum` after a problem."""
        value = self._scalar("int")
        if value is None or not _WHOLE.fullmatch(value):
            self.problem("must be a whole number, without a fraction")
            return minimum
        if int(value) < minimum:
            self.problem(f"must be at least {minimum}")
            return minimum
        return int(value)

    def decimal(self) -> Decimal:
        """A decimal number of at least 0, exactly as written; 0 after a problem."""
        value = self._scalar("int", "float")
        if value is None or not _DECIMAL.fullmatch(value):
            self.problem("must be a decimal number")
            return Decimal(0)
        return Decimal(value)

    def flag(self) -> bool:
        """`true` or `false`; False after a problem."""
        value = self._scalar("bool")
        if value not in {"true", "false"}:
            self.problem("must be true or false")
        return value == "true"

    def _scalar(self, *tags: str) -> str | None:
        if isinstance(self.node, yaml.ScalarNode) and self.node.tag in {_TAG + tag for tag in tags}:
            return str(self.node.value)
        return None

    def _child(self, node: yaml.Node | None, suffix: str) -> "Marked":
        line = self.line if node is None else node.start_mark.line + 1
        path = f"{self.path}{suffix}".lstrip(".")
        return Marked(node=node, line=line, path=path, problems=self.problems)


def read_marked(text: str) -> Marked:
    """The whole document, with an empty list of problems; absent and with one problem if it is no YAML."""
    problems: list[Problem] = []
    node: yaml.Node | None = None
    try:
        node = yaml.compose(text, Loader=_LOADER)
        if node is None:
            problems.append(Problem(1, "", "the document is empty"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = 1 if mark is None else mark.line + 1
        problems.append(Problem(line, "", f"is not YAML: {error.problem}"))
    except yaml.YAMLError as error:
        problems.append(Problem(1, "", f"is not YAML: {error}"))
    return Marked(node=node, line=1, path="", problems=problems)
