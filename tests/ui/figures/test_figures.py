"""The texts of each figure for an answer of the API."""

from typing import Any

import msgspec
import pytest
from nicegui import ui

from configurator.text import Language
from realtime.activity.figures.views import FIGURES as NAMES
from tests.ui.figures.saying import cells, drawings, figure_words, tables, texts
from tests.ui.staff.analytics_sample import kpi, outcomes
from ui.figures.figure import Figure
from ui.figures.kinds.choices import CombinationsFigure, OptionsFigure, StepsFigure
from ui.figures.kinds.funnel import FunnelFigure
from ui.figures.kinds.kpis import KpisFigure
from ui.figures.kinds.paths import JourneysFigure, PathsFigure
from ui.figures.kinds.prices import PricesFigure
from ui.figures.kinds.signals import SignalsFigure
from ui.figures.kinds.visitors import BreakdownFigure, CataloguesFigure, RetentionFigure
from ui.figures.listed import FIGURES

RANGE = {"start": None, "end": "2026-11-25T10:00:00Z", "zone": "Asia/Tokyo", "bots": "none"}


def show(
    place: ui.element, figure: type[Figure[Any]], answer: dict[str, Any], language: Language = "de"
) -> Figure[Any]:
    """Build a figure in the place and have it show an answer as the API sends it."""
    with place:
        made = figure(figure_words(language))
    said = {"range": RANGE, "stored_through": None, "as_of": None, **answer}
    made.show(msgspec.convert(said, figure.answer))
    return made


def kpis(sessions_before: int, interactions_before: int) -> dict[str, Any]:
    nothing = {"landing_views": 0, "inquiries": 0, "open_value_cents": None, "interactions": None}
    rows = [
        kpi("landing_views", 1200, 1200),
        kpi("sessions", 12, sessions_before),
        kpi("completed", 3, 5),
        kpi("inquiries", 3, 2),
        kpi("conversion", 0.25, 0.2),
        kpi("average_order_value_cents", 26_429_000, 26_000_000),
        kpi("open_value_cents", None, None),
        kpi("interactions", 340, interactions_before),
    ]
    return {
        "kpis": {"outcomes": outcomes(1, 0), **nothing},
        "compared_range": None,
        "compared": None,
        "rows": rows,
    }


def test_every_figure_has_its_place_and_its_words() -> None:
    words = figure_words()
    names = [figure.name for figure in FIGURES]
    assert sorted(names) == sorted(NAMES)
    for figure in FIGURES:
        assert words.t(f"analytics.{figure.name}")
        if figure.noted:
            assert words.t(f"analytics.{figure.name}Note")


async def test_key_figures_stand_beside_those_before(place: ui.element) -> None:
    show(place, KpisFigure, kpis(10, 300))
    said = texts(place)
    assert said[:8] == [
        *("1.200", "Startseite gesehen", "±\u00a00 ", "davor: 1.200"),
        *("12", "Sitzungen", "+\u00a02 ", "davor: 10"),
    ]
    assert "+\u00a05 %-P. " in [
        text.replace("\u202f", " ").replace("\u00a0%", " %") for text in said
    ]
    assert "+\u00a0€\u00a04.290 " in said
    assert said[said.index("Noch offen") - 1] == "–"
    assert said[said.index("Noch offen") + 1] == "340", "what still goes on has nothing before"
    assert not [text for text in said if text.startswith("Im früheren Zeitraum war niemand")]
    tones = [" ".join(each.classes) for each in _befores(place)]
    assert tones[:3] == ["before", "before up", "before down"]


async def test_a_range_before_in_which_nobody_was_there_is_not_compared_with(
    place: ui.element,
) -> None:
    made = show(place, KpisFigure, kpis(0, 0), "en")
    said = texts(place)
    assert "Nobody was here in the earlier range, so there is no comparison." in said
    assert not [text for text in said if text.startswith("before:")]
    made.show(
        msgspec.convert({"range": RANGE, "stored_through": None, **kpis(1, 0)}, KpisFigure.answer)
    )
    assert "before: 1" in texts(place)


def _befores(place: ui.element) -> list[ui.element]:
    return [each for each in place.descendants() if "before" in each.classes and each.visible]


async def test_a_funnel_has_bars_for_each_part(place: ui.element) -> None:
    def row(part: str, step: str, reached: int, previous: float | None) -> dict[str, Any]:
        share = reached / 10
        return {
            "part": part,
            "step": step,
            "reached": reached,
            "of_sessions": share,
            "of_first": share,
            "of_previous": previous,
        }

    rows = [row("", "began", 10, None), row("", "nest", 4, 0.4)]
    answer = {
        "steps": ["began", "nest"],
        "window_minutes": 1440,
        "by": "none",
        "sessions": {"": 10},
        "rows": rows,
    }
    made = show(place, FunnelFigure, answer)
    assert texts(place)[0] == "Gezählt werden Schritte bis 1 Tag nach dem ersten."
    assert drawings(place) == [
        {
            "kind": "lying",
            "labels": ["Sitzung begonnen", "Größe"],
            "series": [{"name": "Sitzungen", "values": [10, 4]}],
        }
    ]
    assert tables(place)[""] == [
        ["Schritt", "Erreicht", "Von allen Sitzungen", "Vom Schritt davor"],
        ["Sitzung begonnen", "10", "100\u00a0%", "–"],
        ["Größe", "4", "40\u00a0%", "40\u00a0%"],
    ]
    divided = {**answer, "by": "device", "sessions": {"mobile": 8, "": 2}}
    divided["rows"] = [{**each, "part": part} for part in ("mobile", "") for each in rows]
    said = {"range": RANGE, "stored_through": None, **divided}
    made.show(msgspec.convert(said, FunnelFigure.answer))
    assert [each["name"] for each in drawings(place)[0]["series"]] == ["Handy", "unbekannt"]
    assert tables(place)[""][0][0] == "Gerät"
    assert [cell["by"] for cell in cells(place, "", "step")] == [0, 1, 0, 1]
    spoken = {**said, "by": "language", "sessions": {"tr": 8, "de-AT": 2, "(other)": 1}}
    spoken["rows"] = [{**each, "part": part} for part in ("tr", "de-AT") for each in rows]
    made.show(msgspec.convert(spoken, FunnelFigure.answer))
    names = [each["name"] for each in drawings(place)[0]["series"]]
    assert names == ["Türkisch", "Deutsch (AT)", "übrige"]
    assert [row[0] for row in tables(place)[""]] == ["Sprache", *names[:1] * 2, *names[1:2] * 2]


NO_PRICES: dict[str, Any] = {
    "n": 0,
    "lowest_cents": None,
    "highest_cents": None,
    "average_cents": None,
    "percentiles": [],
    "histogram": [],
}


async def test_prices_of_both_kinds_stand_side_by_side(place: ui.element) -> None:
    completed = {
        "n": 2,
        "lowest_cents": 16_110_000,
        "highest_cents": 20_000_000,
        "average_cents": 18_055_050,
        "percentiles": [{"percent": 50, "cents": 16_110_000}],
        "histogram": [
            {"from_cents": 15_000_000, "to_cents": 20_000_000, "n": 1},
            {"from_cents": 20_000_000, "to_cents": 25_000_000, "n": 1},
        ],
    }
    made = show(place, PricesFigure, {"completed": completed, "open": NO_PRICES}, "en")
    assert drawings(place)[0]["labels"] == ["€150,000", "€200,000"]
    assert drawings(place)[0]["series"] == [
        {"name": "inquired", "values": [1, 1]},
        {"name": "still open", "values": [0, 0]},
    ]
    table = tables(place)["percentiles"]
    assert table[0] == ["Distribution", "inquired (2)", "still open (0)"]
    assert table[1] == ["Lowest", "€161,100", "–"]
    assert ["Median: 50 % cost at most", "€161,100", "–"] in table
    assert table[-1] == ["Average", "€180,551", "–"]
    said = {"range": RANGE, "stored_through": None, "completed": NO_PRICES, "open": NO_PRICES}
    made.show(msgspec.convert(said, PricesFigure.answer))
    assert texts(place) == ["There is nothing in this range."]
    assert drawings(place) == []


async def test_options_have_the_share_that_stayed(place: ui.element) -> None:
    row = {"category": "nest", "option": "nest120", "sessions": 4, "selections": 5, "kept": 3}
    gone = {"category": "lost", "option": "x", "sessions": 0, "selections": 0, "kept": 0}
    show(place, OptionsFigure, {"rows": [{**row, "share": 0.5}, {**gone, "share": 0}]})
    head, first, second = tables(place)["options"]
    assert head[:3] == ["Option", "Kategorie", "Sitzungen"]
    assert first == ["Nest. 120", "Größe", "4", "50\u00a0%", "3", "75\u00a0%", "5"]
    assert second == ["x", "lost", "0", "0\u00a0%", "0", "–", "0"]
    assert cells(place, "options", "share")[0]["bar"] == 0.5
    assert [cell["by"] for cell in cells(place, "options", "category")] == [0, -1]


async def test_houses_are_described_in_the_order_of_the_catalogue(place: ui.element) -> None:
    house = {
        "selection": {"fussboden": {"option": "parkett"}, "nest": {"option": "nest80"}},
        "total_cents": 17_070_000,
        "catalogue_id": "c",
        "houses": 2,
        "completed": 1,
        "share": 1,
    }
    show(place, CombinationsFigure, {"rows": [house]})
    row = tables(place)["combinations"][1]
    assert row[0].startswith("Nest. 80 · ")
    assert row[1:] == ["2", "100\u00a0%", "1", "€\u00a0170.700"]


async def test_steps_are_those_of_the_catalogue(place: ui.element) -> None:
    step = {
        "category": "nest",
        "looked": 4,
        "chose": 3,
        "time_ms": 240_000,
        "selections": 5,
        "changes_of_mind": 1,
        "decision_ms_median": None,
    }
    show(place, StepsFigure, {"rows": [{**step, "category": "page"}, step]})
    assert tables(place)["steps"][1:] == [["Größe", "4", "3", "1", "–", "1\u00a0min"]]
    assert cells(place, "steps", "decision_ms_median")[0]["by"] is None


async def test_moves_have_their_share_of_all_from_the_same_place(place: ui.element) -> None:
    moves = [("began", "nest", 3), ("began", "left", 1), ("nest", "completed", 2)]
    rows = [{"came_from": a, "went_to": b, "sessions": n} for a, b, n in moves]
    show(place, JourneysFigure, {"rows": rows})
    assert tables(place)["journeys"][1:] == [
        ["Beginn", "Größe", "3", "75\u00a0%"],
        ["Beginn", "ohne Anfrage beendet", "1", "25\u00a0%"],
        ["Größe", "Anfrage", "2", "100\u00a0%"],
    ]


async def test_ways_are_ranked_beside_the_most_frequent(place: ui.element) -> None:
    way = {"steps": ["nest", "fussboden"], "sessions": 6, "completed": 2, "share": 0.6}
    none = {"steps": [], "sessions": 3, "completed": 0, "share": 0.3}
    show(place, PathsFigure, {"rows": [way, none]}, "en")
    (element,) = place.default_slot.children
    assert msgspec.json.decode(element.props["paths"]) == [
        {
            "steps": ["Size", "Floor"],
            "bar": 1,
            "said": "6 sessions, 60%; inquiries: 2",
            "empty": "",
        },
        {
            "steps": [],
            "bar": 0.5,
            "said": "3 sessions, 30%; inquiries: 0",
            "empty": "nothing chosen",
        },
    ]


async def test_weeks_are_as_warm_as_people_came_back(place: ui.element) -> None:
    weeks = [
        {"week": "2026-11-09", "people": 4, "returned": [4, 2, 1]},
        {"week": "2026-11-16", "people": 5, "returned": [5, 0]},
    ]
    show(place, RetentionFigure, {"rows": weeks})
    assert tables(place)["retention"] == [
        ["Woche ab", "Personen", "+1", "+2"],
        ["16.11.26", "5", "0\u00a0%", ""],
        ["09.11.26", "4", "50\u00a0%", "25\u00a0%"],
    ]
    first = cells(place, "retention", "week1")
    assert [cell["heat"] for cell in first] == [0, 1]
    assert first[1]["title"] == "2 Personen"
    assert "heat" not in cells(place, "retention", "week2")[0], "that week is still to come"


async def test_sessions_are_divided_with_how_they_ended(place: ui.element) -> None:
    rows = [
        {"value": "mobile", "outcomes": outcomes(15, 3)},
        {"value": "", "outcomes": {**outcomes(5, 1), "average_order_value_cents": None}},
    ]
    made = show(place, BreakdownFigure, {"by": "device", "rows": rows})
    assert tables(place)["breakdown"][1:] == [
        ["Handy", "15", "3", "10", "20\u00a0%", "€\u00a0264.290"],
        ["unbekannt", "5", "1", "2", "20\u00a0%", "–"],
    ]
    assert [cell["bar"] for cell in cells(place, "breakdown", "sessions")] == [0.75, 0.25]
    for by, value, said in (("language", "it", "Italienisch"), ("referrer", "it", "it")):
        rows[0]["value"] = value
        answer = {"range": RANGE, "stored_through": None, "by": by, "rows": rows}
        made.show(msgspec.convert(answer, BreakdownFigure.answer))
        assert tables(place)["breakdown"][1][0] == said


async def test_catalogues_have_the_day_of_the_ranges_zone(place: ui.element) -> None:
    late = {
        "catalogue_id": "nest-1",
        "published_at": "2026-11-24T20:00:00Z",
        "outcomes": outcomes(5, 1),
    }
    none = {"catalogue_id": "", "published_at": None, "outcomes": outcomes(5, 1)}
    show(place, CataloguesFigure, {"rows": [late, none]})
    assert [row[:2] for row in tables(place)["catalogues"][1:]] == [
        ["nest-1", "25.11.2026"],
        ["ohne Haus", "–"],
    ]


def signal(kind: str, name: str, measure: float | None, **more: Any) -> dict[str, Any]:
    measures = dict.fromkeys(("p50", "p75", "p95"), measure)
    return {
        "kind": kind,
        "place": "page",
        "name": name,
        "n": 2,
        "sessions": 1,
        "good": None,
        **measures,
        **more,
    }


@pytest.mark.parametrize(
    ("name", "value", "german", "english"),
    [
        ("LCP", 1234.5, "1.235\u00a0ms", "1,235\u00a0ms"),
        ("CLS", 0.1234, "0,123", "0.123"),
        ("CLS", 0.0, "0", "0"),
        ("INP", None, "–", "–"),
    ],
)
async def test_vitals_are_in_milliseconds_but_shifts_have_no_unit(
    place: ui.element, name: str, value: float | None, german: str, english: str
) -> None:
    answer = {"complete_from": None, "rows": [signal("web_vital", name, value)]}
    for language, said in (("de", german), ("en", english)):
        place.clear()
        show(place, SignalsFigure, answer, "de" if language == "de" else "en")
        assert tables(place)["vitals"][1][2:5] == [said] * 3


async def test_events_are_named_by_their_kind(place: ui.element) -> None:
    rows = [
        signal("hover", "nest120", None, place="nest"),
        signal("error", "", None),
        signal("unheard-of", "x", None),
    ]
    show(place, SignalsFigure, {"complete_from": "2026-11-24T15:30:00Z", "rows": rows})
    assert texts(place)[0] == "Vollständig ab 25.11.26, 00:30; ältere Interaktionen sind gelöscht."
    assert tables(place)["told"][1:] == [
        ["Nest. 120", "Betrachtet", "Größe", "2", "1"],
        ["–", "Panne", "Seite des Hauses", "2", "1"],
    ]
