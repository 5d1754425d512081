"""A ranked list of paths: the steps of each, a bar of its share, and a sentence."""

from collections.abc import Sequence
from typing import Final

import msgspec
from nicegui import ui

from ui.figures.words import FigureWords

LIMIT: Final = 10


class RankedPath(msgspec.Struct, frozen=True, kw_only=True):
    """A path in words. `bar` is from 0 to 1; without `steps` the path says `empty`."""

    steps: Sequence[str]
    bar: float
    said: str
    empty: str = ""


class Ranked(ui.element, component="../components/staff_ranked.js"):
    """A numbered list; the first ten are shown until somebody asks for all."""

    def __init__(self, words: FigureWords, *, called: str) -> None:
        super().__init__()
        self._words: Final = words
        self.props["paths"] = "[]"
        self.props["called"] = called
        self.props["limit"] = LIMIT
        self.props["none"] = words.t("analytics.none")
        self.props["less"] = words.t("analytics.showLess")
        self.props["all"] = ""

    def show(self, paths: Sequence[RankedPath]) -> None:
        """Show these paths; nothing is sent if they are shown already."""
        text = msgspec.json.encode(paths).decode()
        if text != self.props["paths"]:
            self.props["paths"] = text
            n = self._words.number(len(paths))
            self.props["all"] = self._words.t("analytics.showAll", n=n)
