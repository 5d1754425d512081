"""A table that sorts by any of its columns and shows its first rows until all are asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec
from nicegui import ui
from nicegui.events import GenericEventArguments

from ui.figures.words import FigureWords

Row = TypeVar("Row")
LIMIT: Final = 12


@dataclass(frozen=True, kw_only=True)
class SortedColumn(Generic[Row]):
    """A column: the texts of its cells, and what it sorts by.

    `by` is a number or a text, None for what is not known; without it the column sorts by its text.
    `bar` draws a share of 1 before the text, `heat` colours the cell by a share of 1 unless it is
    None. `title` is shown while somebody points at the cell. A column with `head` names the row;
    one with `number` stands at the right and sorts the largest first; `clip` cuts long texts.
    """

    name: str
    label: str
    text: Callable[[Row], str]
    by: Callable[[Row], float | str | None] | None = None
    bar: Callable[[Row], float] | None = None
    heat: Callable[[Row], float | None] | None = None
    title: Callable[[Row], str] | None = None
    head: bool = False
    number: bool = False
    broad: bool = False
    quiet: bool = False
    clip: bool = False
    sorts: bool = True


class RowLink(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A link at the end of a row. With `act`, a plain click tells that to Python and goes nowhere."""

    text: str
    address: str
    classes: str = ""
    act: str = ""
    download: bool = False
    apart: bool = False
    """It opens in a tab of its own."""


class SortOrder(msgspec.Struct, frozen=True):
    """Rows in the order of the column of this name, upwards or downwards."""

    name: str
    up: bool


class _Cell(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cell that is more than a text; `by` null is not known."""

    text: str
    by: float | str | msgspec.UnsetType | None = msgspec.UNSET
    bar: float | None = None
    heat: float | None = None
    title: str = ""


class SortedTable(ui.element, Generic[Row], component="../components/staff_sorted_table.js"):
    """A table: one element with one text, however many rows it has.

    The browser sorts the rows and shows the first `limit` of them (0: all) until somebody asks for
    all. The rows of a table that is `served` come in their order, and `on_order` tells which other
    order is wanted. `order` is the one at the start. `called` is what tests find the table by.
    """

    def __init__(
        self,
        words: FigureWords,
        *,
        limit: int = LIMIT,
        order: SortOrder | None = None,
        served: bool = False,
        called: str = "",
        classes: str = "",
    ) -> None:
        super().__init__()
        self._words: Final = words
        self._columns: frozenset[str] = frozenset()
        self._acts: frozenset[tuple[str, str]] = frozenset()
        self.props["content"] = ""
        self.props["limit"] = limit
        self.props["served"] = served
        self.props["order"] = _text(order)
        self.props["called"] = called
        self.props["looks"] = classes
        self.props["less"] = words.t("analytics.showLess")
        self.props["actions"] = words.t("analytics.actions")
        self.props["language"] = words.language

    def on_order(self, order: Callable[[SortOrder], object]) -> None:
        """`order` is called with the order in which somebody wants a served table."""

        def asked(event: GenericEventArguments) -> object:
            match event.args:
                case [str(name), "up" | "down" as way] if name in self._columns:
                    return order(SortOrder(name, way == "up"))
            return None

        self.on("order", asked)

    def on_act(self, act: Callable[[str, str], object]) -> None:
        """`act` is called with the key of a row and the `act` of the link that was clicked."""

        def acted(event: GenericEventArguments) -> object:
            match event.args:
                case [str(key), str(name)] if (key, name) in self._acts:
                    return act(key, name)
            return None

        self.on("act", acted)

    def show(
        self,
        columns: Sequence[SortedColumn[Row]],
        rows: Sequence[Row],
        *,
        label: str,
        empty: str = "",
        order: SortOrder | None = None,
        key: Callable[[Row], str] | None = None,
        links: Callable[[Row], Sequence[RowLink]] | None = None,
    ) -> None:
        """Show these rows; nothing is sent where they are the ones that stand there.

        `label` tells what the table is about; `empty` stands where there are no rows. `order`: the
        one in which a served table now is. `key` names a row for `on_act`.
        """
        keys = [key(row) if key else str(n) for n, row in enumerate(rows)]
        offered = [list(links(row)) if links else [] for row in rows]
        content = {
            "label": label,
            "columns": [_column(each) for each in columns],
            "rows": [
                {"key": name, "cells": [_cell(each, row) for each in columns], "links": found}
                for name, row, found in zip(keys, rows, offered, strict=True)
            ],
            "linked": links is not None,
            "empty": empty or self._words.t("analytics.none"),
            "all": self._words.t("analytics.showAll", n=self._words.number(len(rows))),
        }
        text = _text(content)
        if text != self.props["content"]:
            self.props["content"] = text
            self._columns = frozenset(each.name for each in columns if each.sorts)
            self._acts = frozenset(
                (name, each.act)
                for name, found in zip(keys, offered, strict=True)
                for each in found
                if each.act
            )
        if order is not None and _text(order) != self.props["order"]:
            self.props["order"] = _text(order)


def _text(content: object) -> str:
    return msgspec.json.encode(content).decode()


def _column(column: SortedColumn[Row]) -> dict[str, object]:
    chosen = {
        "num": column.number,
        "broad": column.broad,
        "quiet": column.quiet,
        "clip": column.clip,
    }
    return {
        "name": column.name,
        "label": column.label,
        "classes": " ".join(name for name, given in chosen.items() if given),
        "head": column.head,
        "number": column.number,
        "sorts": column.sorts,
    }


def _cell(column: SortedColumn[Row], row: Row) -> _Cell | str:
    text = column.text(row)
    plain = not (column.by or column.bar or column.heat or column.title or column.clip)
    if plain:
        return text
    title = text if column.clip else ""
    return _Cell(
        text=text,
        by=column.by(row) if column.by else msgspec.UNSET,
        bar=column.bar(row) if column.bar else None,
        heat=column.heat(row) if column.heat else None,
        title=column.title(row) if column.title else title,
    )
