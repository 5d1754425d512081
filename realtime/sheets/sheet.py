"""What a sheet is: columns with a name and a kind, and rows of values, before anything is written.

A value is what the API has (cents, milliseconds, a share of 1, an id); `Kind` says how people read it.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec


class Kind(Enum):
    """How the values of a column are read."""

    TEXT = auto()
    NUMBER = auto()
    SHARE = auto()  # of 1; people read percent
    MONEY = auto()  # cents; people read euros
    SPAN = auto()  # milliseconds; people read seconds
    MOMENT = auto()
    DAY = auto()
    FLAG = auto()
    RECORD = auto()  # names with values
    FIGURE = auto()  # a number whose kind follows from the row's `name`
    WORD = auto()  # an id that has a word in the texts
    CATEGORY = auto()  # an id of the catalogue, or a place that is none of its categories
    OPTION = auto()  # an id of the catalogue, in the row's `category` or in the column's


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `name` is for programs and never changes.

    `title`: the key of its heading, with `n` in it; none: the key is `name`. `texts`: where the
    words of a WORD are. `category`: the heading and the options are those of this category.
    `ids`: people get the ids, too, beside the words.
    """

    name: str
    kind: Kind
    title: str | None = None
    n: int | None = None
    texts: str = ""
    category: str | None = None
    ids: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A whole table; each row has a value for each column."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[object]]


def sheet_of(name: str, kind: type, rows: Sequence[object]) -> Sheet:
    """The rows, all of the dataclass or struct `kind`, a column for each field."""
    return Sheet(name=name, columns=columns_of(kind), rows=[values_of(row) for row in rows])


def columns_of(kind: type) -> list[Column]:
    """The columns of a dataclass or struct; a field that is one itself becomes its columns."""
    return list(_columns(kind))


def values_of(row: object) -> list[object]:
    """The values of a row in the order of `columns_of`."""
    return list(_values(row))


def _columns(kind: type) -> Iterator[Column]:
    for name, hint in get_type_hints(kind).items():
        inner = _without_none(hint)
        if isinstance(inner, type) and _is_record(inner):
            yield from _columns(inner)
        else:
            yield _column(name, inner)


def _column(name: str, hint: object) -> Column:
    if name in KNOWN:
        return dataclasses.replace(KNOWN[name], name=name)
    if name.endswith("_cents"):
        return Column(name=name, kind=Kind.MONEY)
    if "_ms" in name:
        return Column(name=name, kind=Kind.SPAN)
    if name.startswith("of_"):
        return Column(name=name, kind=Kind.SHARE)
    plain = hint if isinstance(hint, type) else get_origin(hint)
    return Column(name=name, kind=_BY_TYPE.get(plain, Kind.TEXT))


_BY_TYPE: Final[dict[object, Kind]] = {
    int: Kind.NUMBER,
    float: Kind.NUMBER,
    bool: Kind.FLAG,
    datetime: Kind.MOMENT,
    date: Kind.DAY,
    dict: Kind.RECORD,
    list: Kind.RECORD,
    tuple: Kind.RECORD,
}


def _known(kind: Kind, *, texts: str = "") -> Column:
    return Column(name="", kind=kind, texts=texts)


KNOWN: Final = {
    "action": _known(Kind.WORD, texts="operations.action."),
    "came_from": _known(Kind.CATEGORY),
    "category": _known(Kind.CATEGORY),
    "conversion": _known(Kind.SHARE),
    "device": _known(Kind.WORD, texts="sheet.device."),
    "event_type": _known(Kind.WORD, texts="admin.type."),
    "kind": _known(Kind.WORD, texts="operations.why."),
    "last_category": _known(Kind.CATEGORY),
    "part": _known(Kind.WORD, texts="sheet.part."),
    "previous_value": _known(Kind.OPTION),
    "option": _known(Kind.OPTION),
    "selection_value": _known(Kind.OPTION),
    "share": _known(Kind.SHARE),
    "status": _known(Kind.WORD, texts="analytics."),
    "step": _known(Kind.CATEGORY),
    "value": _known(Kind.WORD, texts="sheet.part."),
    "went_to": _known(Kind.CATEGORY),
}
"""Columns whose kind does not follow from their name and type."""


def _values(row: Any) -> Iterator[object]:  # noqa: ANN401 - any dataclass or struct
    kind: type = type(row)
    for name, inner in _fields(kind):
        value = getattr(row, name)
        if inner:
            yield from _values(value)
        else:
            yield value


@cache
def _fields(kind: type) -> tuple[tuple[str, bool], ...]:
    """The names of the fields, and whether one has fields itself; worked out once for each type."""
    hints = ((name, _without_none(hint)) for name, hint in get_type_hints(kind).items())
    return tuple((name, isinstance(hint, type) and _is_record(hint)) for name, hint in hints)


def _is_record(kind: type) -> bool:
    return dataclasses.is_dataclass(kind) or issubclass(kind, msgspec.Struct)


def _without_none(hint: object) -> object:
    if isinstance(hint, UnionType):
        kinds = [each for each in get_args(hint) if each is not NoneType]
        if len(kinds) == 1:
            return kinds[0]
    return hint
