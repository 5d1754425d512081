"""Answers of the HTTP API of admins, for the tests of the page that reads it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Page, Route

from tests.ui.conftest import Served, Visit

PERSON = "01a20743-a08d-7b72-a25f-d04cfc4e2365"
AT = "2026-11-25T10:00:00Z"
Answer = Callable[[str, str, Any], tuple[int, Any]]
"""Method, path below `/api/admin/` and body, to status and answer."""


def letter(number: int, reason: str = "wrong_type interaction.eventType") -> dict[str, Any]:
    return {
        "id": f"{number}-0",
        "entry_id": f"{number}-0",
        "kind": reason.partition(" ")[0],
        "reason": reason,
        "buried_at": AT,
        "deliveries": 2,
        "fixed": True,
        "payload_bytes": 2,
    }


def job(name: str, outcome: str | None = "ok", **detail: Any) -> dict[str, Any]:
    return {
        "job": name,
        "outcome": outcome,
        "node": "w",
        "started_at": AT,
        "finished_at": None if outcome is None else AT,
        "due_at": AT,
        "overdue_seconds": 90.0,
        "asked": False,
        "detail": detail,
    }


def sample(text: str) -> dict[str, Any]:
    """An answer for each address, with this text in every place that a stranger may fill."""
    one = letter(1, f"{text} {text}")
    now = datetime.now(UTC).isoformat()
    day = {"offered": 10, "stored": 6, "duplicate": 1, "filtered": 1, "dead": 2}
    return {
        "dead-letters": {"letters": [one], "before": None, "total": 1, "kinds": {text: 1}},
        "dead-letters/1-0": {
            "letter": one,
            "payload": text,
            "pretty": text,
            "fields": None,
            "problem": {"code": "wrong_type", "field": text, "message": {"de": text, "en": text}},
        },
        "jobs": {
            "leader": text,
            "jobs": [job("make partitions", made=3), job(text, "failed", reason=text)],
            "failures": [job(text, "failed", reason=text)],
            "stops": [
                {
                    "node": text,
                    "at": now,
                    "reason": "too_much_poison",
                    "unreadable": 101,
                    "of_last": 200,
                },
                {"node": "w-2", "at": now, "reason": text, "unreadable": 0, "of_last": 0},
            ],
            "restarts": 3,
        },
        "ledger": {
            "zone": "Europe/Vienna",
            "days": [
                {
                    "day": "2026-11-25",
                    **day,
                    "reasons": [{"outcome": "dead", "reason": text, "n": 2}],
                }
            ],
            "stream": {
                "offered": 10,
                "waiting": 0,
                "missing": 3,
                "earlier": 0,
                "began": AT,
                "renewals": 1,
            },
            "audits": [{"job": "audit today", "at": AT, "drift": 2, "days": {text: 2}}],
        },
        "audit": {
            "lines": [
                {
                    "id": 1,
                    "at": AT,
                    "actor": text,
                    "network": text,
                    "result": "done",
                    "action": text,
                    "subject": text,
                    "detail": {text: text},
                }
            ],
            "before": 1,
        },
        "sessions": {
            "sessions": [
                {
                    "id": number * 12,
                    "name": name,
                    "current": number == "a",
                    "created_at": AT,
                    "last_used_at": AT,
                    "ends_at": now,
                    "idle_minutes": 30,
                    "network": "192.0.2.0/24",
                    "user_agent": text,
                }
                for number, name in (("a", text), ("b", None))
            ]
        },
        "privacy/known": {
            "subject": {"person": None, "sessions": [], "email": text},
            "people": [PERSON],
            "erased": False,
            "counts": {text: 3, "inquiries": 1},
        },
    }


def service(served: Served, visit: Visit, answer: Answer, **how: Any) -> Page:
    """The page, with these answers in the place of a server."""
    served.world.admin_api.answers = answer
    page = visit("/gibt-es-nicht", admin=True, **how)

    def fulfil(route: Route) -> None:
        """Answer the requests of the browser itself: the server calls the rest of the API."""
        request = route.request
        path = request.url.partition("/api/admin/")[2].partition("?")[0]
        status, body = answer(request.method, path, request.post_data_json)
        route.fulfill(status=status, json=body)

    page.route("**/api/admin/**", fulfil)
    page.goto(f"{served.url}/admin/service")
    return page
