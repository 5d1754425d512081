"""The controls that all figures share: range, comparison, time zone, bots."""

from collections.abc import Awaitable, Iterable
from functools import partial

from nicegui import ui
from nicegui.events import GenericEventArguments

from ui.staff.analytics.asked import BOTS, COMPARISONS, RANGES, Ask, Asked
from ui.staff.select import SelectBox
from ui.theme import TextTag, box, field_for, form
from ui.words import Words
from ui.zones import zones_of_today


class RangeForm:
    """The form. `ask` is called with what somebody changes."""

    def __init__(self, words: Words, asked: Asked, ask: Ask) -> None:
        self._words = words
        self._asked = asked
        self._ask = ask
        self._home = asked.tz
        with form(lambda: None, "asked") as made:
            made.props["aria-label"] = self._t("range")
            self._ranges = self._range_buttons()
            self._from = self._day("from", "from_")
            self._to = self._day("to", "to")
            self._compare = self._choice("compare", COMPARISONS)
            self._zone = SelectBox(self._t("zone"), {}, "", lambda zone: ask(tz=zone))
            self._zone.props["data-testid"] = "zone"
            self._bots = self._choice("bots", BOTS)
        self.show(asked)

    def show(self, asked: Asked) -> None:
        """Show what is asked now."""
        self._asked = asked
        for name, button in self._ranges.items():
            pressed = not asked.from_ and asked.time_range == name
            button.props["aria-pressed"] = str(pressed).lower()
        self._from.value, self._to.value = asked.from_, asked.to
        self._from.props["max"], self._to.props["min"] = asked.to or None, asked.from_ or None
        self._to.set_enabled(bool(asked.from_))
        self._compare.show(asked.compare)
        self._compare.enable(on=not asked.endless)
        self._bots.show(asked.bots)
        self._offer_zones()

    def at_home_in(self, zone: str) -> None:
        """Offer the zone of the browser among the first."""
        self._home = zone
        self._offer_zones()

    def _offer_zones(self) -> None:
        likely = dict.fromkeys((Asked().tz, self._home, "UTC", self._asked.tz))
        others = (zone for zone in zones_of_today() if zone not in likely)
        options = {zone: zone for zone in likely}
        self._zone.offer(options, self._asked.tz, groups=_by_continent(others))

    def _range_buttons(self) -> dict[str, TextTag]:
        with box(classes="ranges") as group:
            group.props["role"] = "group"
            group.props["aria-label"] = self._t("range")
            return {name: self._range_button(name) for name in RANGES}

    def _range_button(self, name: str) -> TextTag:
        made = TextTag("button", self._t(name), "choice").props("type=button")
        made.on("click", partial(self._ask, time_range=name, from_="", to=""), args=[])
        return made

    def _day(self, name: str, attribute: str) -> ui.input:
        made = field_for(self._t(name))
        made.props["type"] = "date"

        def changed(event: GenericEventArguments) -> Awaitable[None]:
            day = event.args  # the value of the element is told only after this event
            return self._ask(**{attribute: day if isinstance(day, str) else ""})

        made.on("change", changed)
        return made

    def _choice(self, name: str, values: Iterable[str]) -> SelectBox:
        options = {each: self._t(f"{name}_{each or 'none'}") for each in values}
        return SelectBox(self._t(name), options, "", lambda value: self._ask(**{name: value}))

    def _t(self, key: str) -> str:
        return self._words.t(f"analytics.{key}")


def _by_continent(zones: Iterable[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for zone in zones:
        continent, _, place = zone.partition("/")
        if place:
            groups.setdefault(continent, []).append(zone)
    return groups
