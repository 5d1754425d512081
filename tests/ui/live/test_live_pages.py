"""Pages without a browser: what GET leaves behind, and what a socket gets."""

import asyncio
import gc
import json
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from nicegui import Client, core
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.memory import give_back, resident_bytes
from realtime.transports.websocket.uvicorn_protocol import NestWebSocketProtocol
from tests.support.page_peer import SCREEN, LoadedPage, loaded_page, shown
from tests.support.waiting import eventually_blocking
from tests.ui.conftest import Served
from tests.ui.double.product import House
from tests.ui.staff.test_dashboard import SHARED
from ui.live.client import PageClient, delete_now
from ui.live.open_pages import PAGES_OF_NETWORK, OpenPages

ANNA = "person=Anna"
VIEWS = 300
GROWN_MAX = 30_000_000
ANSWER_SECONDS = 20


def view(served: Served, path: str, cookie: str = ANNA) -> LoadedPage:
    """The answer to GET."""
    answer = httpx.get(served.url + path, headers={"cookie": cookie})
    assert answer.status_code == 200, answer.text[:300]
    return loaded_page(answer.text)


@contextmanager
def socket_of(
    served: Served, page: LoadedPage, cookie: str = ANNA, **changed: Any
) -> Iterator[ClientConnection]:
    """A socket as the page's script opens it, up to the answer to its handshake."""
    page = replace(page, asked=page.asked | changed)
    address = served.url.replace("http", "ws") + page.address()
    headers = {"cookie": cookie} if cookie else {}
    with connect(address, additional_headers=headers) as opened:
        assert str(opened.recv(ANSWER_SECONDS)).startswith("0{")
        opened.send("40")
        yield opened


def until(opened: ClientConnection, kind: str) -> dict[str, Any]:
    """The next frame of this kind."""
    while True:
        text = str(opened.recv(ANSWER_SECONDS))
        if text.startswith("42") and (frame := shown(text))["type"] == kind:
            return frame


def is_refused(opened: ClientConnection) -> bool:
    return str(opened.recv(ANSWER_SECONDS)).startswith("44")


def rest(opened: ClientConnection) -> list[str]:
    """All messages until the socket is closed."""
    found = []
    with suppress(ConnectionClosed):
        while True:
            found.append(str(opened.recv(ANSWER_SECONDS)))
    return found


def house_of(served: Served) -> tuple[House, LoadedPage]:
    house = served.house()
    return house, view(served, f"/c/{house.code}")


def test_a_view_leaves_nothing_behind(served: Served) -> None:
    house = served.house()
    view(served, f"/c/{house.code}")
    give_back()
    before, pages = resident_bytes(), set(Client.instances)
    with httpx.Client(base_url=served.url, headers={"cookie": ANNA}) as browser:
        for _ in range(VIEWS):
            assert browser.get(f"/c/{house.code}").status_code == 200
    assert set(Client.instances) <= pages
    assert house.tabs == []
    give_back()
    assert resident_bytes() - before < GROWN_MAX


def test_a_socket_gets_the_page_and_joins(served: Served) -> None:
    house, page = house_of(served)
    with socket_of(served, page) as opened:
        assert str(opened.recv(ANSWER_SECONDS)).startswith('40{"sid"')
        assert until(opened, "welcome")["_id"] == 0
        assert house.tabs == []
        opened.send(page.join())
        assert until(opened, "ops")["recovered"]
        assert len(house.tabs) == 1


def forget(served: Served, page: LoadedPage) -> None:
    """The process of the page is another one now."""
    client = Client.instances[page.asked["client_id"]]
    served.do(lambda: delete_now(client))


def test_a_page_that_its_process_lost_goes_on_where_it_was(served: Served) -> None:
    """Under the ids and the message numbers that the browser knows, else it loads itself again."""
    house, page = house_of(served)
    with socket_of(served, page) as opened:
        until(opened, "welcome")
        opened.send(page.join())
        until(opened, "ops")
        forget(served, page)
        rest(opened)
    eventually_blocking(lambda: house.tabs == [], why="the page has left the house")
    with socket_of(served, page, next_message_id=41) as opened:
        assert until(opened, "welcome")["_id"] == 41
        opened.send(page.join())
        assert until(opened, "ops")["_id"] > 41


def test_messages_that_nobody_has_any_more_do_not_reload_the_page(served: Served) -> None:
    """The browser was at another process meanwhile, and comes back to a page that is behind."""
    _, page = house_of(served)
    with socket_of(served, page) as opened:
        until(opened, "welcome")
    with socket_of(served, page, next_message_id=77) as opened:
        assert str(opened.recv(ANSWER_SECONDS)).startswith('40{"sid"')
        opened.send(page.join())
        assert shown(str(opened.recv(ANSWER_SECONDS)))["_id"] == 77


@pytest.mark.parametrize("cookie", ["", "person=Mallory", "person=Anna; person=Mallory"])
def test_an_open_page_serves_only_the_person_for_whom_it_was_built(
    served: Served, cookie: str
) -> None:
    """The ids of the page and of its tab are not enough."""
    house, page = house_of(served)
    with socket_of(served, page) as own:
        until(own, "welcome")
        with socket_of(served, page, cookie) as foreign:
            assert is_refused(foreign)
        own.send(page.join())
        assert until(own, "ops")["configuration"] == house.id


def test_a_page_is_built_only_for_people_whom_get_would_answer(served: Served) -> None:
    _, page = house_of(served)
    pages = set(Client.instances)
    refused: list[tuple[str, dict[str, Any]]] = [
        ("", {}),
        (ANNA, {"page": "/c/NOHOUSE9"}),
        (ANNA, {"page": "/admin"}),
        ("admin=over", {"page": "/admin"}),
        (ANNA, {"page": "/nowhere"}),
        (ANNA, {"page": "x" * 1_000}),
        (ANNA, {"page": "/c/\ud83c\udfe0"}),
        (ANNA, {"nest": 0}),
        (ANNA, {"client_id": "a-name-of-my-own"}),
        (ANNA, {"client_id": str(uuid4()), "next_message_id": -1}),
    ]
    for cookie, changed in refused:
        with socket_of(served, replace(page, asked=page.asked | changed), cookie) as opened:
            assert is_refused(opened), changed
    assert set(Client.instances) <= pages


def test_while_the_stores_are_away_the_browser_keeps_its_page(served: Served) -> None:
    """NiceGUI's script would load the page again if it were told that its handshake failed."""
    _, page = house_of(served)
    away = replace(page, asked=page.asked | {"page": "/c/AWAY"})
    with socket_of(served, away) as opened:
        assert not [text for text in rest(opened) if text.startswith("44")]


def test_a_socket_asks_for_one_page(served: Served) -> None:
    _, page = house_of(served)
    known = set(Client.instances)
    with socket_of(served, page, implicit_handshake=False) as opened:
        assert str(opened.recv(ANSWER_SECONDS)).startswith('40{"sid"')
        ids = [page.asked["client_id"], *(str(uuid4()) for _ in range(3))]
        who = {**page.asked, "tab_id": "tab", "document_id": "document"}
        answers = []
        for number, client_id in enumerate(ids):
            asked = ["handshake", who | {"client_id": client_id}]
            opened.send(f"42{number}{json.dumps(asked)}")
            while not (text := str(opened.recv(ANSWER_SECONDS))).startswith("43"):
                pass
            answers.append(text)
        assert answers == ["430[true]", "431[false]", "432[false]", "433[false]"]
    assert set(Client.instances) - known <= {ids[0]}


def test_a_page_that_no_cookie_is_shown_for_is_not_handed_on(served: Served) -> None:
    """The ids alone, as read in the log of a proxy, do not open it, and neither does another kind of page."""
    served.world.shared_api.answers = lambda _: (200, SHARED)
    answer = httpx.get(f"{served.url}/dashboard")
    query = json.loads(answer.text.partition("query: ")[2].partition(",\n")[0])
    page = LoadedPage(query, SCREEN, "address", [])
    with socket_of(served, page) as own:
        own.send(page.say_text("#token_of-a-link"))
        while "Woche" not in str(own.recv(ANSWER_SECONDS)):
            pass
        admins = replace(page, asked=query | {"page": "/admin"})
        with socket_of(served, admins, "admin=yes") as foreign:
            assert is_refused(foreign)
        with socket_of(served, page) as foreign:
            assert [text for text in rest(own) if "Woche" in text] == []
            foreign.send(page.say_text("#"))
            seen = ""
            while "zeigt nichts mehr" not in seen:
                seen += str(foreign.recv(ANSWER_SECONDS))
            assert "Woche" not in seen
            house, visited = house_of(served)
            with socket_of(served, visited) as visitor:
                until(visitor, "welcome")
                thief = replace(visited, asked=visited.asked | {"page": query["page"]})
                with socket_of(served, thief) as refused:
                    assert is_refused(refused)
                visitor.send(visited.join())
                assert until(visitor, "ops")["configuration"] == house.id


@pytest.mark.parametrize("path", ["/admin", "/admin/analytics", "/admin/service", "/dashboard"])
def test_every_page_is_built_when_its_socket_comes(served: Served, path: str) -> None:
    answer = httpx.get(served.url + path, headers={"cookie": "admin=yes"})
    query = json.loads(answer.text.partition("query: ")[2].partition(",\n")[0])
    page = LoadedPage(query, SCREEN, "message", [])
    assert page.asked["client_id"] not in Client.instances
    with socket_of(served, page, "admin=yes") as opened:
        assert str(opened.recv(ANSWER_SECONDS)).startswith('40{"sid"')
        assert isinstance(Client.instances[page.asked["client_id"]], PageClient)


def test_the_memory_of_a_page_is_free_once_it_is_deleted(served: Served) -> None:
    """Counting references is enough to free it: nothing holds it in a cycle."""
    _, page = house_of(served)
    with socket_of(served, page) as opened:
        until(opened, "welcome")
        opened.send(page.join())
        until(opened, "ops")
        known: Callable[[], Client | None] = weakref.ref(Client.instances[page.asked["client_id"]])
    gc.disable()
    try:
        forget(served, page)
        eventually_blocking(lambda: known() is None, why="nothing holds the page")
    finally:
        gc.enable()


def test_the_socket_of_a_page_keeps_nothing_of_its_handshake(served: Served) -> None:
    _, page = house_of(served)
    with socket_of(served, page) as opened:
        until(opened, "welcome")
        protocols = [each for each in gc.get_objects() if type(each) is NestWebSocketProtocol]
        answered = [each for each in protocols if each.handshake_complete and not each.over]
        assert answered
        assert not [each for each in answered if hasattr(each, "request")]


def outboxes(served: Served) -> list[str]:
    """The tasks that send something to pages, or look whether there is anything."""

    def names() -> list[str]:
        return [task.get_name() for task in asyncio.all_tasks(core.loop)]

    return [name for name in cast("list[str]", served.do(names)) if "outbox" in name]


def test_a_page_that_is_quiet_or_away_has_no_task_that_looks_for_messages(served: Served) -> None:
    _, page = house_of(served)
    with socket_of(served, page) as opened:
        until(opened, "welcome")
        opened.send(page.join())
        until(opened, "ops")
        eventually_blocking(lambda: outboxes(served) == [], why="a quiet page does nothing")
    client = Client.instances[page.asked["client_id"]]
    eventually_blocking(lambda: not client.has_socket_connection, why="the browser is away")
    served.do(lambda: client.run_javascript("away"))
    eventually_blocking(lambda: outboxes(served) == [], why="a page that is away does nothing")


def test_messages_for_an_absent_browser_go_out_in_order(served: Served) -> None:
    _, page = house_of(served)
    with socket_of(served, page) as opened:
        number = until(opened, "welcome")["_id"]
    client = Client.instances[page.asked["client_id"]]
    eventually_blocking(lambda: not client.has_socket_connection, why="the browser is away")
    for code in ("first", "second", "third"):
        served.do(partial(client.run_javascript, code))
    with socket_of(served, page, next_message_id=number + 1) as opened:
        assert str(opened.recv(ANSWER_SECONDS)).startswith('40{"sid"')
        said = [json.loads(str(opened.recv(ANSWER_SECONDS))[2:])[1] for _ in range(3)]
    assert said == [
        {"code": code, "_id": number + place}
        for place, code in enumerate(("first", "second", "third"), 1)
    ]


def test_pages_of_a_network_and_of_a_process_are_bounded(served: Served) -> None:
    pages = Client.instances
    assert isinstance(pages, OpenPages)
    house, page = house_of(served)
    late = view(served, f"/c/{house.code}")
    others = [f"another {n}" for n in range(PAGES_OF_NETWORK)]

    def open_others(like: Client) -> None:
        for each in others:
            pages[each] = like

    def close_others() -> None:
        for each in others:
            del pages[each]

    with socket_of(served, page) as opened:
        until(opened, "welcome")
        served.do(lambda: open_others(pages[page.asked["client_id"]]))
        try:
            with socket_of(served, late) as refused:
                assert is_refused(refused)
            told = httpx.get(f"{served.url}/c/{house.code}", headers={"cookie": ANNA})
            assert (told.status_code, told.json()["error"]["code"]) == (429, "too_many_pages")
        finally:
            served.do(close_others)
    with socket_of(served, late) as opened:
        until(opened, "welcome")
