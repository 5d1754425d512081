"""The key figures of a range, each beside that of the range it is compared with."""

from typing import Any, ClassVar, Final, Literal, NamedTuple

from typing_extensions import override

from realtime.activity.figures.answers import KpiRow, KpisAnswer
from ui.figures.figure import Figure, TabName
from ui.figures.words import FigureWords
from ui.theme import TextTag, box

Said = Literal["number", "percent", "euro"]


class _Shown(NamedTuple):
    name: str
    label: str
    said: Said


SHOWN: Final = (
    _Shown("landing_views", "landing", "number"),
    _Shown("sessions", "sessions", "number"),
    _Shown("completed", "completed", "number"),
    _Shown("inquiries", "inquiries", "number"),
    _Shown("conversion", "conversion", "percent"),
    _Shown("average_order_value_cents", "average", "euro"),
    _Shown("open_value_cents", "open", "euro"),
    _Shown("interactions", "interactions", "number"),
)


class _Number:
    """The elements of one key figure."""

    def __init__(self, words: FigureWords, shown: _Shown) -> None:
        self._words = words
        self._said = shown.said
        with box():
            self._value = TextTag("dd").props(f"data-testid=kpi-{shown.name}")
            TextTag("dt", words.t(f"analytics.{shown.label}"))
            with box("dd", "before") as self._before:
                self._change = TextTag("span")
                self._previous = TextTag("span", classes="quiet")
        self._before.visible = False

    def show(self, row: KpiRow, *, compared: bool) -> None:
        self._value.text = self._say(row.value)
        self._before.visible = compared and row.previous is not None
        if not self._before.visible:
            return
        self._change.text = "" if row.difference is None else f"{self._more(row.difference)} "
        previous = self._say(row.previous)
        self._previous.text = self._words.t("analytics.before", value=previous)
        tone = _tone(row.difference or 0)
        self._before.classes(replace=f"before {tone}".strip())

    def _say(self, value: float | None) -> str:
        match self._said:
            case "number":
                return self._words.number(value)
            case "percent":
                return self._words.percent(value)
            case "euro":
                return self._words.euro(value)

    def _more(self, difference: float) -> str:
        match self._said:
            case "number":
                return self._words.more(difference)
            case "percent":
                return self._words.more(difference * 100, self._words.t("analytics.points"))
            case "euro":
                return self._words.more_euro(difference)


class KpisFigure(Figure[KpisAnswer]):
    """A list of numbers, and what they mean."""

    name: ClassVar[str] = "kpis"
    tab: ClassVar[TabName] = "overview"
    wide: ClassVar[bool] = True
    own: ClassVar[tuple[str, ...]] = ("compare",)
    answer: ClassVar[Any] = KpisAnswer

    def __init__(self, words: FigureWords) -> None:
        with box("dl", "numbers"):
            self._numbers = {each.name: _Number(words, each) for each in SHOWN}
        nothing = words.t("analytics.nothingBefore")
        self._nothing = TextTag("p", nothing, "quiet").props("data-testid=nothing-before")
        self._nothing.visible = False
        with box("details", "as-table"):
            TextTag("summary", words.t("analytics.meaning"))
            with box("dl"):
                for each in SHOWN:
                    TextTag("dt", words.t(f"analytics.{each.label}"))
                    TextTag("dd", words.t(f"analytics.mean_{each.label}"))

    @override
    def show(self, answer: KpisAnswer) -> None:
        """Show the numbers; a range before without a visit is not compared with."""
        rows = {row.name: row for row in answer.rows}
        nobody = all(rows[name].previous == 0 for name in ("sessions", "interactions"))
        self._nothing.visible = nobody
        for name, number in self._numbers.items():
            number.show(rows[name], compared=not nobody)


def _tone(difference: float) -> str:
    if difference == 0:
        return ""
    return "up" if difference > 0 else "down"
