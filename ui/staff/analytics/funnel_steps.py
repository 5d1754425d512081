"""The steps of the funnel and its window: each step can be moved, taken out and added."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from nicegui import ui

from realtime.activity.figures.answers import FunnelAnswer
from ui.figures.words import FigureWords
from ui.staff.analytics.asked import STEPS_MAX, Ask, Asked
from ui.staff.frame import StaffFrame
from ui.staff.select import SelectBox
from ui.theme import TextTag, box

BOUNDS: Final = ("began", "chose", "chose_2", "chose_3", "chose_4", "opened", "completed")
WINDOWS: Final = (15, 60, 1440, 10_080, 43_200)
"""Minutes."""
Direction = Literal["up", "down", "out"]


@dataclass(frozen=True, slots=True)
class _Row:
    """The elements of a step: its line and its buttons by what they do."""

    line: ui.element
    buttons: Mapping[Direction, TextTag]


class FunnelSteps:
    """The list of steps, which opens. `ask` is called with what somebody changes of `Asked`.

    Lines stay while their step does: a click on one that was built again meanwhile would be lost.
    """

    def __init__(self, words: FigureWords, frame: StaffFrame, ask: Ask) -> None:
        self._words = words
        self._frame = frame
        self._ask = ask
        self._known = (*BOUNDS, *words.names.categories)
        self._steps: list[str] = []
        self._rows: dict[str, _Row] = {}
        with box("details", "funnel-steps") as details:
            details.props["data-testid"] = "funnel-steps"
            TextTag("summary", self._t("stepsChange"))
            self._list = box("ol")
            self._list.props["aria-label"] = self._t("stepsOf")
            with box(classes="fields"):
                self._add = SelectBox(self._t("stepAdd"), {}, "", self._added, once=True)
                self._window = SelectBox(self._t("window"), {}, "", lambda n: ask(window=n))
                self._plain = TextTag("button", self._t("stepsPlain"), "text-button")
                self._plain.props("type=button")
                self._plain.on("click", lambda: ask(steps="", window=""), args=[])
            self._said = TextTag("p", "", "sr-only").props("role=status")

    def show(self, asked: Asked, found: FunnelAnswer) -> None:
        """Show the steps that are asked, at once, also while their figures are still read."""
        steps = asked.steps.split(",") if asked.steps else found.steps
        if steps != self._steps:
            self._list_steps(steps)
        others = [] if len(steps) >= STEPS_MAX else [s for s in self._known if s not in steps]
        names = {step: self._words.names.funnel_step(step) for step in others}
        self._add.offer({"": self._t("stepWhich"), **names}, "")
        self._add.enable(on=bool(others))
        window = asked.window or str(found.window_minutes)
        minutes = sorted({*WINDOWS, int(window)})
        self._window.offer({str(n): self._words.lasting(n) for n in minutes}, window)
        self._plain.props["disabled"] = not asked.steps and not asked.window

    def _list_steps(self, steps: Sequence[str]) -> None:
        self._steps = list(steps)
        for gone in self._rows.keys() - steps:
            self._rows.pop(gone).line.delete()
        last = len(steps) - 1
        for n, step in enumerate(steps):
            if step not in self._rows:
                with self._list:
                    self._rows[step] = self._row(step)
            row = self._rows[step]
            if self._list.default_slot.children[n] is not row.line:
                row.line.move(target_index=n)
            able: dict[Direction, bool] = {"up": n > 0, "down": n < last, "out": last > 0}
            for direction, button in row.buttons.items():
                button.props["aria-disabled"] = str(not able[direction]).lower()

    def _row(self, step: str) -> _Row:
        name = self._words.names.funnel_step(step)
        with box("li") as line:
            TextTag("span", name)
            buttons: dict[Direction, TextTag] = {
                "up": self._button("up", "↑", self._t("stepUp", step=name)),
                "down": self._button("down", "↓", self._t("stepDown", step=name)),
                "out": self._button("out", "×", self._t("stepOut", step=name)),
            }
        buttons["up"].on("click", lambda: self._moved(step, "up"), args=[])
        buttons["down"].on("click", lambda: self._moved(step, "down"), args=[])
        buttons["out"].on("click", lambda: self._taken(step), args=[])
        return _Row(line, buttons)

    def _button(self, direction: Direction, sign: str, name: str) -> TextTag:
        made = TextTag("button", sign, "button small").props("type=button")
        made.props["data-direction"], made.props["aria-label"] = direction, name
        return made

    def _moved(self, step: str, direction: Direction) -> Awaitable[None] | None:
        n = self._steps.index(step)
        to = n + (-1 if direction == "up" else 1)
        if not 0 <= to < len(self._steps):
            return None
        steps = self._steps.copy()
        steps[n], steps[to] = steps[to], steps[n]
        reading = self._change(steps)
        name = self._words.names.funnel_step(step)
        self._said.text = self._t("stepMoved", step=name, n=to + 1, of=len(steps))
        self._focus(to, direction)
        return reading

    def _taken(self, step: str) -> Awaitable[None] | None:
        if len(self._steps) == 1:
            return None
        n = self._steps.index(step)
        reading = self._change([each for each in self._steps if each != step])
        self._said.text = self._t("stepTaken", step=self._words.names.funnel_step(step))
        self._focus(min(n, len(self._steps) - 1), "out")
        return reading

    def _added(self, step: str) -> Awaitable[None] | None:
        """A step that is added stands before the inquiry where that is the last one."""
        if not step:
            return None
        steps = self._steps
        place = len(steps) - (steps[-1] == "completed")
        reading = self._change([*steps[:place], step, *steps[place:]])
        name = self._words.names.funnel_step(step)
        self._said.text = self._t("stepAdded", step=name, n=place + 1)
        return reading

    def _change(self, steps: Sequence[str]) -> Awaitable[None]:
        """The rows are the new ones when this returns; the figures are still to be read."""
        return self._ask(steps=",".join(steps))

    def _focus(self, n: int, direction: Direction) -> None:
        """Return the focus, which a moved row loses, so that a person can move the row further."""
        self._frame.focus(self._rows[self._steps[n]].buttons[direction])

    def _t(self, key: str, **values: object) -> str:
        return self._words.t(f"analytics.{key}", **values)
