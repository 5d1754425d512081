"""A table of a staff page: Python decides what each cell says, in which tone, and which buttons a row has."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from nicegui import ui
from nicegui.events import GenericEventArguments

from ui.theme import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The content of one cell.

    `mark` is a second, green text, `note` a quiet one; `more` is shown when somebody opens it. With
    `act` the text is a button, and this is the name of what it does.
    """

    text: str
    tone: Tone = ""
    mark: str = ""
    note: str = ""
    title: str = ""
    more: str = ""
    act: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A button at the end of a row. `name` says to whom or what it does that."""

    text: str
    name: str
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row: a cell for each column, by its name; a plain text is a cell that says only that.

    Its `actions` stand at its end, by the name that listeners are given. `sum`: it is the last row.
    """

    key: str
    cells: Mapping[str, Cell | str]
    actions: Mapping[str, Action] = field(default_factory=dict)
    sum: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column. The first one names its rows.

    `wide`: on a phone it needs the whole width. `whole`: on a desktop its texts stay on one line.
    """

    name: str
    label: str
    number: bool = False
    wide: bool = False
    whole: bool = False


class Table(ui.element, component="../components/staff_table.js"):
    """A table; on a phone every row is a card.

    It is one element with one text, however many rows it has: NiceGUI would keep every cell of a list
    as an object that it watches. `rows_called` is what tests find a row by, `actions` the heading of
    the buttons, `more` the text that opens the rest of a cell.
    """

    def __init__(
        self, columns: Sequence[Column], *, rows_called: str, actions: str = "", more: str = ""
    ) -> None:
        super().__init__()
        self._columns = [each.name for each in columns]
        self._offered: frozenset[tuple[str, str]] = frozenset()
        self.props["columns"] = _text([_column(each) for each in columns])
        self.props["rows"] = "[]"
        self.props["called"] = rows_called
        self.props["actions"] = actions
        self.props["more"] = more
        self.visible = False

    def on_act(self, act: Callable[[str, str], object]) -> None:
        """`act` is called with the key of a row and the name of the action."""

        def acted(event: GenericEventArguments) -> object:
            match event.args:
                case [str(key), str(name)] if (key, name) in self._offered:
                    return act(key, name)
            return None

        self.on("act", acted)

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows; nothing is sent where they are the ones that stand there."""
        text = _text([self._row(each) for each in rows])
        if text != self.props["rows"]:
            self.props["rows"] = text
            self._offered = frozenset((row.key, act) for row in rows for act in _acts(row))
        if self.visible != bool(rows):
            self.visible = bool(rows)

    def _row(self, row: Row) -> dict[str, object]:
        actions = [
            {"act": act, "text": each.text, "name": each.name, "disabled": each.disabled}
            for act, each in row.actions.items()
        ]
        cells = [_cell(row.cells.get(name, "")) for name in self._columns]
        return {"key": row.key, "sum": row.sum, "cells": cells, "actions": actions}


def _acts(row: Row) -> Iterator[str]:
    """The actions in a row."""
    yield from (name for name, each in row.actions.items() if not each.disabled)
    yield from (each.act for each in row.cells.values() if isinstance(each, Cell) and each.act)


def _text(content: object) -> str:
    return msgspec.json.encode(content).decode()


def _column(column: Column) -> dict[str, str]:
    chosen = {"num": column.number, "wide": column.wide, "whole": column.whole}
    classes = " ".join(name for name, given in chosen.items() if given)
    return {"name": column.name, "label": column.label, "classes": classes}


def _cell(cell: Cell | str) -> dict[str, str]:
    found = Cell(text=cell) if isinstance(cell, str) else cell
    given = {name: str(getattr(found, name)) for name in Cell.__slots__}
    return {name: text for name, text in given.items() if text}
