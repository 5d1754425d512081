"""The list of a funnel's steps while somebody changes it."""

import msgspec
from nicegui import ui

from realtime.activity.figures.answers import FunnelAnswer
from tests.ui.figures.saying import figure_words, texts
from tests.ui.staff.analytics_sample import COUNTED, funnel
from ui.staff.analytics.asked import Asked
from ui.staff.analytics.funnel_steps import FunnelSteps
from ui.staff.frame import StaffFrame

FOUND = msgspec.convert(COUNTED | funnel(["began", "nest", "completed"]), FunnelAnswer)


def lines(place: ui.element) -> dict[str, ui.element]:
    """The line of each step, in their order."""
    (found,) = [each for each in place.descendants() if each.tag == "ol"]
    return {texts(line)[0]: line for line in found.default_slot.children}


async def test_a_step_keeps_its_line_wherever_it_goes(place: ui.element) -> None:
    async def ask(**_: str) -> None: ...

    with place:
        steps = FunnelSteps(figure_words(), StaffFrame(), ask)
    steps.show(Asked(), FOUND)
    before = lines(place)
    assert list(before) == ["Sitzung begonnen", "Größe", "Anfrage gesendet"]
    steps.show(Asked(steps="nest,fussboden,completed"), FOUND)
    now = lines(place)
    assert list(now) == ["Größe", "Fußboden", "Anfrage gesendet"]
    steps.show(Asked(steps="completed,nest"), FOUND)
    at_last = lines(place)
    assert list(at_last) == ["Anfrage gesendet", "Größe"]
    for name, line in at_last.items():
        assert line is before[name] is now[name]
    first, second = (
        [button.props["aria-disabled"] for button in line.default_slot.children[1:]]
        for line in at_last.values()
    )
    assert (first, second) == (["true", "false", "false"], ["false", "true", "false"])
