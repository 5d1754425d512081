"""A series beside the range that it is compared with."""

from typing import Any

import msgspec
from nicegui import ui

from realtime.activity.figures.answers import SeriesAnswer
from storage.postgres.analytics.figures import Point
from tests.ui.figures.saying import drawings, figure_words, tables, texts
from ui.figures.kinds.series import SeriesFigure, side_by_side


def answer(rows: list[dict[str, Any]], unit: str = "hour", **more: Any) -> SeriesAnswer[Point]:
    said = {
        "range": {
            "start": None,
            "end": "2026-03-30T00:00:00Z",
            "zone": "Europe/Vienna",
            "bots": "none",
        },
        "stored_through": None,
        "unit": unit,
        "units": [unit],
        "rows": rows,
        "compared": None,
        "pairs": None,
        **more,
    }
    return msgspec.convert(said, SeriesAnswer[Point])


def point(at: str, sessions: int, interactions: int | None = 0) -> dict[str, Any]:
    counts = {"completed": 0, "inquiries": 0, "interactions": interactions}
    return {"at": at, "sessions": sessions, **counts}


def test_the_hour_that_clocks_skip_has_a_line_of_its_own_and_both_columns_keep_their_sum() -> None:
    rows = [point("2026-03-29T01:00:00+01:00", 4), point("2026-03-29T03:00:00+02:00", 5)]
    compared = [point(f"2026-03-28T0{hour}:00:00+01:00", hour) for hour in (1, 2, 3)]
    pairs = [
        {"row": 0, "compared": 0},
        {"row": None, "compared": 1},
        {"row": 1, "compared": 2},
    ]
    found = side_by_side(answer(rows, compared=compared, pairs=pairs), figure_words())
    assert [(line.label, line.sessions, line.before) for line in found] == [
        ("So., 01:00", 4, 1),
        ("Sa., 02:00", None, 2),
        ("So., 03:00", 5, 3),
    ]
    alone = side_by_side(answer(rows), figure_words())
    assert [line.before for line in alone] == [None, None]


async def test_what_is_compared_with_is_a_faint_line_and_a_column(place: ui.element) -> None:
    with place:
        figure = SeriesFigure(figure_words())
    rows = [point("2026-03-02T00:00:00+01:00", 4, None), point("2026-03-03T00:00:00+01:00", 5, 60)]
    figure.show(answer(rows, "day"))
    (drawing,) = drawings(place)
    assert drawing["kind"] == "lines"
    assert drawing["labels"] == ["2.3.", "3.3."]
    assert [each["name"] for each in drawing["series"]] == [
        *("Sitzungen", "Anfragen", "Interaktionen"),
    ]
    assert drawing["series"][2]["values"] == [None, 60]
    assert tables(place)[""][1] == ["2.3.", "4", "0", "0", "–"]
    assert [
        text for text in texts(place) if text.startswith("„–“: Der Zeitraum beginnt oder endet")
    ]

    compared = [point("2026-03-01T00:00:00+01:00", 7)]
    pairs = [{"row": 0, "compared": 0}, {"row": 1, "compared": None}]
    figure.show(
        answer([point(each["at"], 1) for each in rows], "day", compared=compared, pairs=pairs)
    )
    (drawing,) = drawings(place)
    assert drawing["series"][-1] == {
        "name": "Sitzungen im früheren Zeitraum",
        "values": [7, None],
        "faint": True,
    }
    assert tables(place)[""][:2] == [
        [
            "Wann",
            "Sitzungen",
            "Sitzungen im früheren Zeitraum",
            "Mit Anfrage",
            "Anfragen",
            "Interaktionen",
        ],
        ["2.3.", "1", "7", "0", "0", "0"],
    ]
    assert texts(place) == []
