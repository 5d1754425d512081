"""The two forms of a sheet's values: raw for programs, or in words and units for people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import msgspec

from configurator.text import Language
from realtime.sheets.sheet import Kind, SheetColumn
from realtime.sheets.words import SheetWords

CellValue = None | str | int | Decimal | datetime | date
"""A value as it is written. A datetime has no zone: it is the local time in the zone of the
sheet."""

_UNITS: Final = {Kind.MONEY: -2, Kind.SHARE: 2, Kind.SPAN: -3}
"""The power of ten between the API's unit and the unit that people read."""

_HUNDREDTH: Final = Decimal("0.01")
_IN_WORDS: Final = (Kind.WORD, Kind.CATEGORY, Kind.OPTION)


class Form(Protocol):
    """One form in which a sheet is written."""

    def head(self, columns: Sequence[SheetColumn]) -> list[str]:
        """The headings of the columns."""
        ...

    def row(self, columns: Sequence[SheetColumn], values: Sequence[object]) -> list[CellValue]:
        """The cells of a row, one for each heading."""
        ...


class ForPrograms:
    """The form for programs: field names, ids, cents, milliseconds, shares, times with zone."""

    def head(self, columns: Sequence[SheetColumn]) -> list[str]:
        """The names of the columns."""
        return [column.name for column in columns]

    def row(self, columns: Sequence[SheetColumn], values: Sequence[object]) -> list[CellValue]:
        """The values as the API has them."""
        return [_raw(value) for _column, value in zip(columns, values, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForPeople:
    """The form for people: words of a language, euros, percent, seconds, times of one zone."""

    language: Language
    zone: ZoneInfo
    words: SheetWords

    def head(self, columns: Sequence[SheetColumn]) -> list[str]:
        """The headings with their units; an id column beside a word has a heading of its own."""
        return list(self._heads(columns))

    def row(self, columns: Sequence[SheetColumn], values: Sequence[object]) -> list[CellValue]:
        """The cells of a row."""
        named = dict(zip((column.name for column in columns), values, strict=True))
        return [
            cell
            for column, value in zip(columns, values, strict=True)
            for cell in self._cells(column, value, named)
        ]

    def _heads(self, columns: Sequence[SheetColumn]) -> Iterator[str]:
        for column in columns:
            title = self._title(column)
            match column.kind:
                case Kind.MONEY:
                    yield f"{title} (€)"
                case Kind.SHARE:
                    yield f"{title} (%)"
                case Kind.SPAN:
                    yield f"{title} (s)"
                case Kind.MOMENT:
                    yield f"{title} ({self.zone.key})"
                case Kind.WORD | Kind.CATEGORY | Kind.OPTION if column.ids:
                    yield title
                    yield self.words.title("id_of", self.language, title=title)
                case _:
                    yield title

    def _title(self, column: SheetColumn) -> str:
        if column.category is not None and column.title is None:
            return self.words.category(column.category, self.language)
        values: dict[str, object] = {"n": column.n}
        if column.category is not None:
            values["category"] = self.words.category(column.category, self.language)
        return self.words.title(column.title or column.name, self.language, **values)

    def _cells(
        self, column: SheetColumn, value: object, named: Mapping[str, object]
    ) -> Iterator[CellValue]:
        if column.kind not in _IN_WORDS:
            yield self._value(column, value, named)
            return
        if value is None:
            said, code = None, None
        else:
            code = str(value)
            said = self._said(column, code, named)
        yield said
        if column.ids:
            yield code

    def _said(self, column: SheetColumn, code: str, named: Mapping[str, object]) -> str:
        if column.kind is Kind.WORD:
            return self.words.word(column.texts, code, self.language)
        if column.kind is Kind.CATEGORY:
            return self.words.category(code, self.language)
        category = column.category or str(named.get("category") or "")
        return self.words.option(category, code, self.language)

    def _value(self, column: SheetColumn, value: object, named: Mapping[str, object]) -> CellValue:
        kind = column.kind
        if kind is Kind.FIGURE:
            kind = kind_of_figure(str(named["name"]))
        if kind in _UNITS and isinstance(value, int | float):
            scaled = Decimal(str(value)).scaleb(_UNITS[kind])
            return scaled.quantize(_HUNDREDTH) if kind is Kind.MONEY else _plain(scaled)
        if kind is Kind.ACTOR:
            return self.words.audit(self.language).who(str(value))
        if kind is Kind.SUBJECT:
            action, detail = str(named["action"]), named["detail"]
            known = detail if isinstance(detail, Mapping) else {}
            return self.words.audit(self.language).subject(action, str(value), known)
        return self._shown(value)

    def _shown(self, value: object) -> CellValue:
        match value:
            case bool():
                return self.words.title("yes" if value else "no", self.language)
            case datetime():
                return value.astimezone(self.zone).replace(tzinfo=None, microsecond=0)
            case date():
                return value
            case Mapping():
                return " · ".join(f"{name}: {_text(each)}" for name, each in value.items())
            case list() | tuple():
                return " · ".join(_text(each) for each in value)
            case _:
                return _raw(value)


def kind_of_figure(name: str) -> Kind:
    """The kind of the figure with this name, which decides how people read it."""
    if name.endswith("_cents"):
        return Kind.MONEY
    return Kind.SHARE if name == "conversion" else Kind.NUMBER


def _raw(value: object) -> CellValue:
    match value:
        case bool():
            return "true" if value else "false"
        case None | str() | int():
            return value
        case float():
            return _plain(Decimal(str(value)))
        case datetime() | date():
            return value.isoformat()
        case list() | tuple() | dict():
            return msgspec.json.encode(value).decode()
        case _:
            return str(value)


def _plain(number: Decimal) -> Decimal:
    """The number without trailing zeros and without an exponent."""
    return Decimal(f"{number.normalize():f}")


def _text(value: object) -> str:
    """The content of a record or a list, as people write it."""
    match value:
        case str():
            return value
        case Mapping():
            return ", ".join(f"{name} = {_text(each)}" for name, each in value.items())
        case list() | tuple():
            return ", ".join(_text(each) for each in value)
        case _:
            return msgspec.json.encode(value).decode()
