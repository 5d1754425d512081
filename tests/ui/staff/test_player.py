"""The texts of the player of a session at each step."""

from typing import Any

import msgspec
from nicegui import ui
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from configurator.text import Language
from realtime.api.analytics.replay import ReplayAnswer
from tests.ui.figures.saying import figure_words
from tests.ui.staff.analytics_sample import house, op, replay
from ui.ports import ApiCall
from ui.staff.analytics.player import Film, Player, film_of
from ui.staff.api import Api


def film(language: Language = "de", **change: Any) -> Film:
    answer = msgspec.convert({**replay("Anna"), **change}, ReplayAnswer)
    return film_of(answer, figure_words(language, "Asia/Tokyo"))


def test_every_step_has_its_place_its_time_and_the_house_of_then() -> None:
    shown = film()
    assert [step.place for step in shown.steps] == [f"Schritt {at} von 3" for at in range(4)]
    assert [step.time for step in shown.steps] == ["Beginn", *["25.11.26, 18:12:05"] * 3]
    assert [step.house for step in shown.steps] == [0, 0, 1, 1]
    assert [each.price for each in shown.houses] == ["€\u00a0170.700", "€\u00a0210.000"]
    assert [each.version for each in shown.houses] == ["Version 0", "Version 1"]


def test_a_change_says_who_what_and_whether_it_comes_out_the_same() -> None:
    changed = film("en").steps[2]
    assert changed.who == "Anna (this session)"
    assert changed.changes == [("Size", "Nest. 80", "Nest. 120")]
    assert (changed.verdict, changed.same) == ("recomputed with the same result", True)
    differs = {**op("Anna"), "verified": False, "differences": ["total_cents"], "by_visitor": False}
    other = film("en", steps=[differs]).steps[1]
    assert other.who == "Anna"
    assert (other.verdict, other.same) == ("differs: total_cents", False)


def test_an_interaction_says_what_where_and_how_long() -> None:
    done = film().steps[1]
    assert (done.what, done.about) == ("Auswahl", "Größe Nest. 120 · 12\u00a0s")


def test_a_session_without_a_house_and_a_long_one_say_so() -> None:
    shown = film(start=None, steps=[], next="9-", gone=0)
    assert shown.houses == []
    assert shown.steps[0].house is None
    assert shown.gone == ""
    assert shown.cut.startswith("Diese Sitzung hat mehr Schritte. Hier sind nur die ersten 0.")
    assert film().gone.endswith("nach Ablauf ihrer Frist gelöscht wurden: 2")
    assert film().cut == ""


def test_a_house_without_the_usual_picture_has_another_one() -> None:
    start = {**house(0, "nest80", 1), "previews": {"interior": "/inside.svg"}}
    assert film(start=start).houses[0].picture == "/inside.svg"


class Defective:
    """An API whose answers are not those that it declares."""

    async def answer(self, _page: Request, _call: ApiCall) -> Response:
        return JSONResponse({})


async def test_an_error_is_shown_instead_of_endless_loading(place: ui.element) -> None:
    with place:
        player = Player("0000abcd", figure_words(), lambda: None)
    await player.read(Api(Defective(), place.client.request))
    assert "Bei uns ist etwas schiefgegangen" in player.props["problem"]
    assert "film" not in player.props
