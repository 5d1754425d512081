"""Characters that PostgreSQL does not keep or a screen must not show: refused, never a failure."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from storage.postgres.configurations.inquiries import Inquiry
from tests.realtime.clients import joined, select
from tests.realtime.conftest import RunningWeb
from tests.realtime.edge.test_bad_input import code_of

NUL = "\x00"
DISGUISES = ["\x00", "\n", "\r\n", "\x1b", "\u202e", "\u2066", "\u200b", "\x7f", "\ufeff"]
"""Ends of text, ends of line, escapes of terminals, turned direction, nothing to see."""


@pytest.fixture(autouse=True)
def no_traceback(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> Any:
    yield
    printed = capsys.readouterr()
    assert "Traceback" not in caplog.text + printed.out + printed.err


async def test_a_category_that_cannot_be_stored_over_rest(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    for category, option in ((NUL, "ja"), ("nest", f"nest80{NUL}")):
        answer = await api.submit(created["code"], select(category, option))
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["code"] == "malformed_message"


async def test_a_category_that_cannot_be_stored_over_the_socket(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        assert code_of(await socket.op(created["id"], select(NUL, "ja"))) == "malformed_message"
        assert (await socket.op(created["id"], select("nest", "nest100")))["outcome"] == "committed"


async def test_a_catalogue_that_cannot_be_asked_for(web: RunningWeb) -> None:
    api = web.api()
    for method, path, body in (
        ("GET", "/api/catalogue?id=%00", None),
        ("POST", "/api/configurations", {"catalogue": NUL}),
        ("POST", "/api/price", {"catalogue": f"x{NUL}", "selection": {}}),
    ):
        answer = await api.call(method, path, json=body)
        assert answer.status_code in {400, 404}, (path, answer.text)


async def inquire(web: RunningWeb, **asked: str) -> tuple[httpx.Response, Inquiry | None]:
    api = web.api()
    created = await api.create()
    inquiry_id = uuid4()
    answer = await api.call(
        "POST",
        f"/api/configurations/{created['code']}/inquiries",
        json={
            "inquiry_id": str(inquiry_id),
            "name": "Ada Lovelace",
            "email": "ada@example.com",
            "consent": True,
            **asked,
        },
    )
    return answer, await web.parts.stores.configuration_stores.inquiries.get(inquiry_id)


async def test_names_and_addresses_are_one_visible_line(web: RunningWeb) -> None:
    """(PR6)"""
    for odd in DISGUISES:
        answer, stored = await inquire(
            web, name=f"Ada{odd} Lovelace", email=f"ada@example.com{odd}"
        )
        assert answer.status_code == 201, (odd, answer.text)
        assert stored is not None
        assert (stored.name, stored.email) == ("Ada Lovelace", "ada@example.com"), odd


@pytest.mark.parametrize(
    "email",
    [
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com, eve@example.com",
        "<ada@example.com>",
        "Ada;eve@example.com",
        "ada",
    ],
)
async def test_an_address_is_one_address(web: RunningWeb, email: str) -> None:
    answer, stored = await inquire(web, email=email)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "email_unusable"
    assert stored is None


async def test_a_message_keeps_its_lines_and_loses_what_nobody_sees(web: RunningWeb) -> None:
    answer, stored = await inquire(
        web, name=" Ada  Lovelace ", message=f"One\r\ntwo{NUL}\u202e\n\tthree"
    )
    assert answer.status_code == 201, answer.text
    assert stored is not None
    assert stored.message == "One\ntwo\n\tthree"
    assert stored.name == "Ada Lovelace"


async def test_a_blank_name_counts_as_no_name(web: RunningWeb) -> None:
    answer, _ = await inquire(web, name=" \u200b ")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "malformed_message"


async def test_a_role_with_a_line_end_is_not_a_role(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    path = f"/api/configurations/{created['code']}/share-links"
    answer = await api.call("POST", path, json={"role": "editor\n"})
    assert answer.status_code == 400, answer.text


async def test_presence_names_a_place(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        for place in ({"category": "\u202efenster"}, {"view": f"pv{NUL}"}):
            await socket.send("presence", configuration=created["id"], **place)
            error = await socket.until("error")
            assert code_of(error) == "malformed_message"
