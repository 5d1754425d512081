"""Answers of the HTTP API about figures and sessions, for the tests of the page that shows them."""

from datetime import UTC, datetime, timedelta
from typing import Any

RANGE = {
    "start": "2026-11-18T10:00:00Z",
    "end": "2026-11-25T10:00:00Z",
    "zone": "Europe/Vienna",
    "bots": "none",
}
COUNTED = {"range": RANGE, "stored_through": "1764064800000-0", "as_of": "2026-11-25T10:00:00Z"}
SESSION = "0199a0b0-0000-7000-8000-00000000abcd"
AT = "2026-11-25T09:12:05Z"
FIRST_HOUR = datetime(2026, 11, 24, 10, tzinfo=UTC)
CATEGORIES = ("nest", "gebaeudehuelle", "innenverkleidung", "fussboden", "pvanlage", "fenster")


def outcomes(sessions: int, completed: int) -> dict[str, Any]:
    return {
        "sessions": sessions,
        "active": 2,
        "completed": completed,
        "abandoned": sessions - completed - 2,
        "expired": 1,
        "conversion": completed / sessions,
        "order_value_cents": completed * 26_429_000,
        "average_order_value_cents": 26_429_000,
    }


def kpi(name: str, value: float | None, previous: float | None) -> dict[str, Any]:
    difference = None if value is None or previous is None else value - previous
    percent = None if difference is None or not previous else 100 * difference / previous
    return {
        "name": name,
        "value": value,
        "previous": previous,
        "difference": difference,
        "difference_percent": percent,
    }


def point(hour: int) -> dict[str, Any]:
    counts = {"sessions": 20 + hour % 7, "completed": hour % 4, "inquiries": hour % 5}
    at = (FIRST_HOUR + timedelta(hours=hour)).isoformat()
    return {"at": at, "interactions": 900 + 40 * (hour % 9), **counts}


def series() -> dict[str, Any]:
    return {
        "unit": "hour",
        "units": ["hour", "day"],
        "rows": [point(hour) for hour in range(24)],
        "compared": [point(hour - 24) for hour in range(24)],
        "pairs": [{"row": hour, "compared": hour} for hour in range(24)],
    }


def funnel(steps: list[str], window: int = 1440) -> dict[str, Any]:
    reached = [120 - 22 * n for n in range(len(steps))]
    rows = [
        {
            "part": "",
            "step": step,
            "reached": n,
            "of_sessions": n / 120,
            "of_first": n / 120,
            "of_previous": None if step == steps[0] else 0.81,
        }
        for step, n in zip(steps, reached, strict=True)
    ]
    sessions = {"": 120}
    return {
        "steps": steps,
        "window_minutes": window,
        "by": "none",
        "sessions": sessions,
        "rows": rows,
    }


def prices(n: int) -> dict[str, Any]:
    return {
        "n": n,
        "lowest_cents": 16_110_000,
        "highest_cents": 39_000_000,
        "average_cents": 26_055_050,
        "percentiles": [
            {"percent": p, "cents": 16_110_000 + 200_000 * p} for p in (10, 25, 50, 75, 90)
        ],
        "histogram": [
            {"from_cents": low, "to_cents": low + 5_000_000, "n": n + low // 5_000_000}
            for low in range(15_000_000, 40_000_000, 5_000_000)
        ],
    }


def signal(kind: str, place: str, name: str, n: int, value: float | None = None) -> dict[str, Any]:
    measures = dict.fromkeys(("p50", "p75", "p95"), value)
    good = None if value is None else 0.93
    return {
        "kind": kind,
        "place": place,
        "name": name,
        "n": n,
        "sessions": n,
        "good": good,
        **measures,
    }


def visit(number: int, text: str = "https://example.org/haus") -> dict[str, Any]:
    return {
        "id": SESSION[:-2] + f"{number:02x}",
        "status": ("ACTIVE", "COMPLETED", "ABANDONED", "EXPIRED")[number % 4],
        "started_at": AT,
        "last_seen_at": AT,
        "completed_at": None,
        "order_value_cents": None,
        "device": ("mobile", "desktop", text)[number % 3],
        "language": "de-AT",
        "referrer": text,
        "interactions": 40 + number,
        "last_category": CATEGORIES[number % 6],
        "lost_events": None,
        "bot_reason": None,
        "person_id": None,
        "configuration_id": None,
        "code": f"HAUS{number:02d}",
        "catalogue_id": "nest-2026",
        "value_cents": 26_429_000,
        "version": 4,
        "client_session_id": text,
    }


def house(version: int, option: str, cents: int) -> dict[str, Any]:
    return {
        "version": version,
        "selection": {"nest": {"option": option}},
        "total_cents": cents,
        "previews": {"exterior": "/assets/none.svg"},
    }


def op(text: str) -> dict[str, Any]:
    before, after = {"option": "nest80"}, {"option": "nest120"}
    return {
        "type": "op",
        "at": AT,
        "author": text,
        "by_visitor": True,
        "operation": {},
        "outcome": "applied",
        "changes": [{"category": "nest", "before": before, "after": after, "cause": "asked"}],
        "reasons": [],
        "stored_cents": 21_000_000,
        "recomputed_cents": 21_000_000,
        "verified": True,
        "differences": [],
        "house": house(1, "nest120", 21_000_000),
    }


def happened(number: int, text: str) -> dict[str, Any]:
    interaction = {
        "event_id": SESSION[:-2] + f"{number:02x}",
        "occurred_at": AT,
        "event_type": "selection",
        "category": "nest",
        "element_id": text,
        "selection_value": None,
        "previous_value": None,
        "total_cents": None,
        "change_cents": None,
        "version": None,
        "time_spent_ms": 12_000,
        "tab": None,
        "seq": number,
        "skew_ms": None,
        "source": "page",
        "bot": False,
        "props": None,
    }
    return {"type": "interaction", "at": AT, "interaction": interaction}


def replay(text: str = "Anna") -> dict[str, Any]:
    return {
        "session": visit(13, text),
        "gone": 2,
        "start": house(0, "nest80", 17_070_000),
        "steps": [happened(1, "nest120"), op(text), happened(2, text)],
        "verified": True,
        "head_verified": True,
        "next": None,
    }


def answers(text: str = "https://example.org/haus") -> dict[str, Any]:
    """An answer for each place below `analytics/`, with this text where strangers may fill it."""
    kpis = [
        kpi("landing_views", 1840, 1610),
        kpi("sessions", 412, 380),
        kpi("completed", 31, 34),
        kpi("inquiries", 29, 29),
        kpi("conversion", 0.081, 0.094),
        kpi("average_order_value_cents", 26_429_000, 25_010_000),
        kpi("open_value_cents", 812_429_000, None),
        kpi("interactions", 18_340, 17_002),
    ]
    nothing = {"landing_views": 0, "inquiries": 0, "open_value_cents": None, "interactions": None}
    of_all = {"outcomes": outcomes(412, 31), **nothing}
    moves = [("began", "nest", 300), ("nest", "fussboden", 120), ("nest", "left", 90)]
    parts = [("mobile", 240), ("desktop", 140), (text, 20), ("", 12)]
    figures: dict[str, dict[str, Any]] = {
        "kpis": {"kpis": of_all, "compared_range": RANGE, "compared": of_all, "rows": kpis},
        "series": series(),
        "funnel": funnel(["began", "chose", "chose_2", "opened", "completed"]),
        "prices": {"completed": prices(9), "open": prices(14)},
        "options": {
            "rows": [
                {
                    "category": category,
                    "option": option,
                    "sessions": 40 - n,
                    "selections": 44,
                    "kept": 21,
                    "share": 0.4 - n / 100,
                }
                for n, (category, option) in enumerate(
                    [("nest", f"nest{size}") for size in (80, 100, 120, 140, 160)]
                    + [("fussboden", text), ("fussboden", "parkett")]
                    + [("pvanlage", f"unknown{n}") for n in range(10)]
                )
            ]
        },
        "combinations": {
            "rows": [
                {
                    "selection": {"nest": {"option": "nest120"}, "fussboden": {"option": text}},
                    "total_cents": 26_429_000,
                    "catalogue_id": "nest-2026",
                    "houses": 12 - n,
                    "completed": 2,
                    "share": 0.12 - n / 100,
                }
                for n in range(10)
            ]
        },
        "steps": {
            "rows": [
                {
                    "category": category,
                    "looked": 300,
                    "chose": 210,
                    "time_ms": 9_000_000,
                    "selections": 260,
                    "changes_of_mind": 31,
                    "decision_ms_median": 12_400,
                }
                for category in CATEGORIES
            ]
        },
        "paths": {
            "rows": [
                {
                    "steps": ["nest", "fussboden", text][: n % 4],
                    "sessions": 90 - n,
                    "completed": 4,
                    "share": 0.3 - n / 50,
                }
                for n in range(12)
            ]
        },
        "journeys": {"rows": [{"came_from": a, "went_to": b, "sessions": n} for a, b, n in moves]},
        "retention": {
            "rows": [
                {"week": "2026-11-02", "people": 40, "returned": [40, 12, 5, 2]},
                {"week": "2026-11-09", "people": 44, "returned": [44, 9, 6]},
                {"week": "2026-11-16", "people": 51, "returned": [51, 14]},
            ]
        },
        "breakdown": {
            "by": "device",
            "rows": [{"value": value, "outcomes": outcomes(n, 3)} for value, n in parts],
        },
        "catalogues": {
            "rows": [
                {"catalogue_id": text, "published_at": AT, "outcomes": outcomes(400, 30)},
                {"catalogue_id": "", "published_at": None, "outcomes": outcomes(12, 1)},
            ]
        },
        "signals": {
            "complete_from": AT,
            "rows": [
                signal("web_vital", "page", "LCP", 120, 1234.5),
                signal("web_vital", "page", "CLS", 120, 0.021),
                signal("refused", "nest", text, 7),
                signal("hover", "nest", "nest120", 40),
            ],
        },
    }
    page = {"rows": [visit(n, text) for n in range(14)], "next": "next", "stored_through": None}
    return {
        **{name: COUNTED | answer for name, answer in figures.items()},
        "abandoned": page,
        "sessions": page,
        f"sessions/{SESSION}/replay": replay(text),
        "links": {"links": []},
        "schedules": {
            "schedules": [],
            "schedules_max": 20,
            "files_kept": 12,
            "delivered": False,
        },
    }
