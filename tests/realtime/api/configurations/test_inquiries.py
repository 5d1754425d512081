"""Inquiries over REST: for the house that was seen, once, at the price of that moment."""

from uuid import uuid4

from tests.realtime.clients import select
from tests.realtime.conftest import RunningWeb


async def test_characters_dropped_from_an_inquiry_do_not_count(web: RunningWeb) -> None:
    api = web.api()
    house = await api.create()
    path = f"/api/configurations/{house['id']}/inquiries"
    fits = {"name": "\u200b" * 200 + "A" * 120, "email": " " * 200 + "a@haus.example"}
    fits |= {"message": "\r\n" * 3 + "x" * 4000, "consent": True}  # type: ignore[dict-item]
    answer = await api.call("POST", path, json={"inquiry_id": str(uuid4()), **fits})
    assert answer.status_code == 201, answer.text
    for field, text, code, said in (
        ("name", "A" * 121, "malformed_message", "name must have 1 to 120 characters"),
        ("name", "\u200b", "malformed_message", "name must have 1 to 120 characters"),
        ("message", "x" * 4001, "malformed_message", "message must have 0 to 4000 characters"),
        ("email", "a" * 60 + "@" + "b" * 200 + ".example", "email_unusable", None),
    ):
        asked = {"inquiry_id": str(uuid4()), **fits, field: text}
        error = (await api.call("POST", path, json=asked)).json()["error"]
        assert (error["code"], error.get("detail")) == (code, said), field


async def test_an_inquiry_is_for_the_house_that_was_seen(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    path = f"/api/configurations/{created['id']}/inquiries"
    who = {"name": "Anna Lechner", "email": "anna@haus.example", "consent": True}
    asked = {"inquiry_id": str(uuid4()), **who, "version": 0}
    await api.submit(created["id"], select("nest", "nest120"))
    refused = await api.call("POST", path, json=asked)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "house_changed")
    assert (await api.call("GET", path)).json() == {"inquiries": []}
    assert (await api.call("GET", f"/api/configurations/{created['id']}")).json()["status"] == (
        created["status"]
    )
    sent = await api.call("POST", path, json={**asked, "version": 1})
    assert (sent.status_code, sent.json()["version"]) == (201, 1)
    await api.submit(created["id"], select("nest", "nest160"))
    for version in ({"version": 1}, {"version": 2}, {"version": 7}, {}):
        again = await api.call("POST", path, json={**asked, **version})
        assert again.json() == sent.json(), "its answer was lost: it was sent, whatever is now"


async def test_an_inquiry_is_stored_once_with_the_price_of_that_moment(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    path = f"/api/configurations/{created['id']}/inquiries"
    asked = {
        "inquiry_id": str(uuid4()),
        "name": "Anna Lechner",
        "email": "anna@haus.example",
        "consent": True,
        "message": "Wann kann ich es sehen?",
    }
    first = await api.call("POST", path, json=asked)
    assert first.status_code == 201
    assert first.json()["total_cents"] == 17_070_000
    again = await api.call("POST", path, json=asked)
    assert again.json() == first.json()
    other = await api.call("POST", path, json={**asked, "message": "Anders"})
    assert other.json()["error"]["code"] == "inquiry_id_reused"
    without = await api.call(
        "POST", path, json={**asked, "inquiry_id": str(uuid4()), "consent": False}
    )
    assert without.json()["error"]["code"] == "consent_required"
    sent = await api.call("GET", path)
    assert sent.json() == {"inquiries": [first.json()]}, "once, and nothing of what was typed"
    second = await api.call("POST", path, json={**asked, "inquiry_id": str(uuid4())})
    sent = await api.call("GET", path)
    assert sent.json() == {"inquiries": [second.json(), first.json()]}
    stranger, guest = web.api(), web.api()
    for each in (stranger, guest):
        await each.create()
    link = await api.call("POST", f"/api/configurations/{created['id']}/share-links", json={})
    token = link.json()["url"].partition("#")[2]
    await guest.call("POST", "/api/share-links/redeem", json={"token": token})
    assert (await stranger.call("GET", path)).status_code == 404
    assert (await guest.call("GET", path)).json() == {"inquiries": []}
