"""Sheets before they are written: columns with a name and a kind, and rows of values.

Values are in the units of the API (cents, milliseconds, shares of 1, ids); `Kind` says how people
read them.
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
    """The kind of a column's values, which decides how they are read."""

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
    CATEGORY = auto()  # an id of the catalogue, or a place that is not a category
    OPTION = auto()  # an id of the catalogue, in the row's `category` or in the column's
    ACTOR = auto()  # the author of a line of the audit
    SUBJECT = auto()  # the subject of the row's `action`, with the row's `detail`


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetColumn:
    """One column. `name` is for programs and never changes.

    `title` is the key of its heading, with `n` in it; without one the key is `name`. `texts` is the
    prefix of the keys of a WORD's texts. With `category`, heading and options are those of this
    category. With `ids`, people get the ids beside the words.
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
    """A whole table; each row has one value for each column."""

    name: str
    columns: Sequence[SheetColumn]
    rows: Sequence[Sequence[object]]


def sheet_of(name: str, kind: type, rows: Sequence[object]) -> Sheet:
    """The sheet of these rows, all of the type `kind`, with a column for each of its fields."""
    return Sheet(name=name, columns=columns_of(kind), rows=[values_of(row) for row in rows])


def columns_of(kind: type) -> list[SheetColumn]:
    """The columns of a dataclass or struct; those of a nested one take its place."""
    return list(_columns(kind))


def values_of(row: object) -> list[object]:
    """The values of a row in the order of `columns_of`."""
    return list(_values(row))


def _columns(kind: type) -> Iterator[SheetColumn]:
    for name, hint in _hints(kind):
        inner = _without_none(hint)
        if isinstance(inner, type) and _is_record(inner):
            yield from _columns(inner)
        else:
            yield _column(name, inner)


def _column(name: str, hint: object) -> SheetColumn:
    if name in KNOWN:
        return dataclasses.replace(KNOWN[name], name=name)
    if name.endswith("_cents"):
        return SheetColumn(name=name, kind=Kind.MONEY)
    if "_ms" in name:
        return SheetColumn(name=name, kind=Kind.SPAN)
    if name.startswith("of_"):
        return SheetColumn(name=name, kind=Kind.SHARE)
    plain = hint if isinstance(hint, type) else get_origin(hint)
    return SheetColumn(name=name, kind=_BY_TYPE.get(plain, Kind.TEXT))


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


def _known(kind: Kind, *, texts: str = "") -> SheetColumn:
    return SheetColumn(name="", kind=kind, texts=texts)


KNOWN: Final = {
    "action": _known(Kind.WORD, texts="service.action."),
    "actor": _known(Kind.ACTOR),
    "came_from": _known(Kind.CATEGORY),
    "category": _known(Kind.CATEGORY),
    "conversion": _known(Kind.SHARE),
    "device": _known(Kind.WORD, texts="sheet.device."),
    "event_type": _known(Kind.WORD, texts="admin.type."),
    "kind": _known(Kind.WORD, texts="service.why."),
    "last_category": _known(Kind.CATEGORY),
    "part": _known(Kind.WORD, texts="sheet.part."),
    "previous_value": _known(Kind.OPTION),
    "option": _known(Kind.OPTION),
    "result": SheetColumn(name="", kind=Kind.WORD, texts="sheet.result.", ids=False),
    "selection_value": _known(Kind.OPTION),
    "share": _known(Kind.SHARE),
    "status": _known(Kind.WORD, texts="analytics."),
    "step": _known(Kind.CATEGORY),
    "subject": _known(Kind.SUBJECT),
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
    """The names of the fields, and whether each has fields itself; computed once for each type."""
    hints = ((name, _without_none(hint)) for name, hint in _hints(kind))
    return tuple((name, isinstance(hint, type) and _is_record(hint)) for name, hint in hints)


def _hints(kind: type) -> Iterator[tuple[str, object]]:
    """The fields with their types, in the order in which JSON has them."""
    hints = get_type_hints(kind)
    names = getattr(kind, "__struct_fields__", tuple(hints))
    return ((name, hints[name]) for name in names)


def _is_record(kind: type) -> bool:
    return dataclasses.is_dataclass(kind) or issubclass(kind, msgspec.Struct)


def _without_none(hint: object) -> object:
    if isinstance(hint, UnionType):
        kinds = [each for each in get_args(hint) if each is not NoneType]
        if len(kinds) == 1:
            return kinds[0]
    return hint
