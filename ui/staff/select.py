"""A choice of one among several, in the browser's own list: phones and keyboards open it their way."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from nicegui import ui
from nicegui.events import GenericEventArguments


class SelectBox(ui.element, component="../components/staff_select.js"):
    """A list with its label above it; `unlabelled`: only screen readers read the label.

    `options` are texts by their values; `groups` are further values, which are their own texts, by
    the heading they stand under. `on_pick` gets the value that somebody chose. With `once` the list
    shows its first option again after each choice.

    It is one element with one text, however many options it has.
    """

    def __init__(
        self,
        label: str,
        options: Mapping[str, str],
        value: str,
        on_pick: Callable[[str], object],
        *,
        groups: Mapping[str, Sequence[str]] | None = None,
        unlabelled: bool = False,
        once: bool = False,
    ) -> None:
        super().__init__()
        self._options: Mapping[str, str] = {}
        self._groups: Mapping[str, Sequence[str]] = {}
        self.props["label"] = label
        self.props["unlabelled"] = unlabelled
        self.props["once"] = once
        self.offer(options, value, groups=groups)

        def picked(event: GenericEventArguments) -> object:
            value = event.args
            return on_pick(value) if isinstance(value, str) and self._offers(value) else None

        self.on("pick", picked)

    def offer(
        self,
        options: Mapping[str, str],
        value: str,
        *,
        groups: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Show these options and this value; nothing is sent where they are shown already."""
        grouped = groups or {}
        text = msgspec.json.encode([list(options.items()), list(grouped.items())]).decode()
        if text != self.props.get("options"):
            self.props["options"] = text
            self._options, self._groups = dict(options), grouped
        self.show(value)

    def _offers(self, value: str) -> bool:
        return value in self._options or any(value in each for each in self._groups.values())

    def show(self, value: str) -> None:
        """Show this value."""
        if value != self.props.get("value"):
            self.props["value"] = value

    def enable(self, *, on: bool) -> None:
        """Whether somebody can choose."""
        if self.props.get("disabled", False) == on:
            self.props["disabled"] = not on


class KeepingSelectBox(SelectBox):
    """A list that keeps the value that somebody chose in `chosen`, and then calls `on_pick`."""

    def __init__(
        self,
        label: str,
        options: Mapping[str, str],
        value: str,
        on_pick: Callable[[], object] | None = None,
    ) -> None:
        self.chosen = value
        self._then = on_pick
        super().__init__(label, options, value, self._picked)

    def choose(self, value: str) -> None:
        """Show this value as if somebody had chosen it, without `on_pick`."""
        self.chosen = value
        self.show(value)

    def _picked(self, value: str) -> object:
        self.choose(value)
        return self._then() if self._then else None
