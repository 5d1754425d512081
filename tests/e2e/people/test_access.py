"""Strangers stay outside, and what strangers write stays text."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitors
from tests.e2e.stage import Stage

pytestmark = pytest.mark.e2e

ATTACK = "<img src=x onerror=window.hacked=1>"


def test_a_stranger_gets_the_private_page(visitors: Visitors, stage: Stage) -> None:
    anna = visitors.owner()
    for process in (stage.one, stage.two):
        page = visitors.stranger()
        answer = page.goto(f"{process.url}/c/{anna.code}")
        assert answer is not None
        assert answer.status == 404
        expect(page.locator("h1")).to_have_text("Dieses Haus ist privat")
        expect(page.locator("body")).not_to_contain_text("170.700")
        wrong = page.goto(f"{process.url}/c/GIBTESNICHT")
        assert wrong is not None
        assert wrong.status == 404
        expect(page.locator("h1")).to_have_text("Dieses Haus ist privat")
    page = visitors.stranger()
    page.goto(f"{stage.one.url}/join#not-an-invitation-0123456789abcdef")
    page.locator("#link-button").click()
    expect(page.locator("#link-text")).to_contain_text("gilt nicht")
    expect(page.locator("h1")).to_have_text("Diese Einladung öffnet kein Haus")
    expect(page.locator("#link-button")).to_be_hidden()


def test_a_name_over_a_socket_stays_text(visitors: Visitors, stage: Stage, admin: Page) -> None:
    anna = visitors.owner()
    mallory = visitors.invited(anna)
    name = ATTACK[:40]
    frames = speak(mallory.page, {"type": "introduce", "name": name})
    assert any(frame.get("person", {}).get("name") == name for frame in frames)
    mallory.page.reload()
    mallory.opened()
    mallory.choose("nest", "nest100")
    expect(anna.page.locator(".history li").first).to_contain_text(name)
    anna.page.locator("button.people").click()
    expect(anna.page.locator(".people-list")).to_contain_text(name)
    expect(admin.locator(".house", has_text=anna.code)).to_contain_text(name)
    for page in (anna.page, mallory.page, admin):
        unharmed(page)


def test_a_tracked_value_stays_text_for_admins(
    visitors: Visitors, stage: Stage, admin: Page
) -> None:
    anna = visitors.owner()
    body = {
        "sessionId": session_of(anna.page),
        "interaction": {
            "eventType": "selection",
            "category": "nest",
            "elementId": f'"{ATTACK}',
            "selectionValue": ATTACK,
            "deviceInfo": {"type": "desktop", "width": 1, "height": 1},
        },
    }
    answer = anna.page.request.post(f"{stage.one.url}/api/sessions/track-interaction", data=body)
    assert answer.ok
    line = admin.locator(".line", has_text=ATTACK).first
    expect(line).to_be_visible()
    line.locator(".line-button").click()
    expect(admin.locator(".raw pre")).to_contain_text("onerror")
    unharmed(admin)


def unharmed(page: Page) -> None:
    assert page.evaluate("window.hacked") is None
    expect(page.locator('img[src="x"]')).to_have_count(0)


def speak(page: Page, message: dict[str, object]) -> list[dict[str, Any]]:
    """Say hello and one message over `/ws` with this browser's cookie; all frames that answered."""
    texts: list[str] = page.evaluate(
        """(message) => new Promise((resolve, reject) => {
            const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws');
            const frames = [];
            socket.onopen = () => {
                socket.send(JSON.stringify({type: 'hello', protocol: 1}));
                socket.send(JSON.stringify(message));
                socket.send(JSON.stringify({type: 'ping', id: 'last'}));
            };
            socket.onmessage = (event) => {
                frames.push(event.data);
                if (JSON.parse(event.data).re === 'last') { socket.close(); resolve(frames); }
            };
            socket.onerror = () => reject(new Error('no socket'));
            setTimeout(() => reject(new Error('no answer: ' + frames)), 10000);
        })""",
        message,
    )
    return [json.loads(text) for text in texts]


def session_of(page: Page) -> str:
    """The session id of this tab, from what it told the server about a click."""
    with page.expect_request(re.compile("track-interaction")) as asked:
        page.get_by_role("button", name="Innen").click()
    body = asked.value.post_data_json
    assert isinstance(body, dict)
    return str(body["sessionId"])
