"""Sessions of Engine.IO that are opened, upgraded and read in ways that no client of ours does."""

import asyncio
import json
from contextlib import AsyncExitStack, suppress

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.attack.engine import OURS, PAGES, SERVERS, Poller, closed_soon, closed_within
from tests.attack.page import Page, loaded
from tests.attack.victim import Victim
from tests.realtime.clients import Api
from tests.support.page_peer import LoadedPage
from tests.support.waiting import eventually
from ui.live.socket import PAGE_DOCUMENTS_MAX, PAGE_SOCKETS_MAX

pytestmark = pytest.mark.timeout(180)

SEPARATOR = "\x1e"
UPGRADES = 10
SILENT = 40
SLOW_READER = 4008


def upgrade(victim: Victim, path: str, sid: str) -> connect:
    return connect(f"ws://{victim.host}:{victim.port}{path}?EIO=4&transport=websocket&sid={sid}")


async def upgrades(
    stack: AsyncExitStack, victim: Victim, path: str, sid: str, number: int
) -> tuple[list[ClientConnection], list[int]]:
    """The outcome of many upgrades at once: the sockets that opened, and the other answers."""
    opened, refused = [], []

    async def one() -> None:
        try:
            opened.append(await stack.enter_async_context(upgrade(victim, path, sid)))
        except InvalidStatus as answer:
            refused.append(answer.response.status_code)

    async with asyncio.TaskGroup() as group:
        for _ in range(number):
            group.create_task(one())
    return opened, refused


async def test_one_upgrade_of_a_session_goes_on_at_a_time(victim: Victim) -> None:
    async with victim.attacked() as cost, AsyncExitStack() as stack:
        for path in SERVERS:
            poller = await stack.enter_async_context(Poller(victim, path))
            for _ in range(10):
                sid = await poller.session()
                (only,), refused = await upgrades(stack, victim, path, sid, UPGRADES)
                assert refused == [400] * (UPGRADES - 1)
                await only.send("2probe")
                assert await only.recv() == "3probe"
                assert (await poller.poll(sid)).text == "6"
                await only.send("5")
                assert await only.recv() == "6", "what a poll did not fetch"
                late, refused = await upgrades(stack, victim, path, sid, 1)
                assert (late, refused) == ([], [400])
                await only.send("1")
                assert await closed_soon(only)
                assert (await poller.poll(sid)).status_code == 400
    print(cost)
    assert cost.grown < 12, cost
    assert cost.log_bytes < 2_000, cost
    assert not list(victim.wrong_lines())


async def test_an_upgrade_that_proves_nothing_ends_with_its_session(victim: Victim) -> None:
    """A WebSocket that waited for its probe outlived the session that it belonged to."""
    async with victim.attacked() as cost, AsyncExitStack() as stack:
        silent = []
        for path in SERVERS:
            poller = await stack.enter_async_context(Poller(victim, path))
            for number in range(SILENT):
                sid = await poller.session()
                sockets, _ = await upgrades(stack, victim, path, sid, 1)
                silent += sockets
                if number % 2:
                    await sockets[0].send("2probe")
                    assert await sockets[0].recv() == "3probe"
                assert (await poller.poll(sid)).text == "6"
                assert (await poller.post(sid, b"1")).status_code == 200
        assert len(silent) == SILENT * len(SERVERS)
        assert all([await closed_soon(each) for each in silent])
    print(cost)
    assert cost.grown < 12, cost
    assert not list(victim.wrong_lines())


async def test_an_upgrade_that_proves_nothing_costs_its_session_ten_seconds(victim: Victim) -> None:
    page = await a_page(victim)
    async with Poller(victim, PAGES, page.cookie) as poller, AsyncExitStack() as stack:
        sid = await poller.session()
        await poller.post(sid, SEPARATOR.join(("40", page.shake_hands())).encode())
        (silent,), _ = await upgrades(stack, victim, PAGES, sid, 1)
        assert (await poller.poll(sid)).text == "6"
        assert await closed_within(silent, 20)
        assert silent.close_code == 1002
        told = (await poller.poll(sid)).text
        assert "430[true]" in told, told


async def a_page(victim: Victim) -> Page:
    owner = Api(victim.url)
    return await loaded(victim, owner, (await owner.create())["code"])


async def test_two_polls_of_a_session_end_it(victim: Victim) -> None:
    """One of them was told of the end, the others waited for another half minute."""
    for path in SERVERS:
        async with Poller(victim, path) as poller:
            sid = await poller.session()
            async with asyncio.TaskGroup() as group:
                polls = [group.create_task(poller.poll(sid)) for _ in range(5)]
            answers = [each.result() for each in polls]
            assert sorted(each.status_code for each in answers) == [200, 400, 400, 400, 400]
            assert "1" in [each.text for each in answers]


ASKED = 1_500
"""Packets of one session, sent at once: fewer than the 2,000 that it may."""


async def test_acknowledgements_that_nobody_reads_are_bounded(victim: Victim) -> None:
    """Each took 270 bytes and was counted with its 14: 100 sessions took 41 MB, and 500 may be open."""
    asked = SEPARATOR.join(
        [Page(victim, LoadedPage({"client_id": "x"}, 1, "y", []), "").shake_hands()] * (ASKED // 5)
    ).encode()
    async with victim.attacked() as cost, Poller(victim, PAGES) as poller:
        for _ in range(100):
            sid = await poller.session()
            assert (await poller.post(sid, b"40")).status_code == 200
            for _ in range(5):
                assert (await poller.post(sid, asked)).status_code in {200, 400}
    print(cost)
    assert cost.grown < 30, cost
    assert not cost.wrong, cost
    assert not list(victim.wrong_lines())


PAGES_OF_ONE = 40
JOINS = 60


async def test_pages_that_never_read_are_bounded_together(victim: Victim) -> None:
    """40 pages that asked for their house again and again took 139 MB within 4 seconds.

    What waited unread was kept twice, and once more in NiceGUI's history: 400 messages of any size.
    """
    owner = Api(victim.url)
    house = (await owner.create())["code"]
    pages = [await loaded(victim, owner, house) for _ in range(PAGES_OF_ONE)]
    join = json.dumps({"type": "join", "id": "1", "configuration": house})
    ended = 0
    cookie = pages[0].cookie
    async with victim.attacked() as cost, Poller(victim, PAGES, cookie) as poller:
        sids = [await poller.session() for _ in pages]
        for sid, page in zip(sids, pages, strict=True):
            await poller.post(sid, SEPARATOR.join(("40", page.shake_hands())).encode())
        for _ in range(JOINS // 10):
            for sid, page in zip(sids, pages, strict=True):
                answer = await poller.post(sid, SEPARATOR.join([page.say(join)] * 10).encode())
                ended += answer.status_code == 400
    print(cost, ended)
    assert cost.grown < 90, cost
    assert not cost.wrong, cost
    assert not list(victim.wrong_lines())


async def test_sockets_that_never_read_are_bounded_together(victim: Victim) -> None:
    owner = Api(victim.url)
    house = (await owner.create())["code"]
    pages = [await loaded(victim, owner, house) for _ in range(PAGES_OF_ONE + 10)]
    join = json.dumps({"type": "join", "id": "1", "configuration": house})
    before = victim.descriptors
    sockets = [
        await page.socket("d") for page in pages
    ]  # now the pages are built, which is no attack
    async with victim.attacked() as cost:
        for _ in range(JOINS):
            for socket, page in zip(sockets, pages, strict=True):
                with suppress(ConnectionClosed):
                    await socket.send(page.say(join))
        most = before + len(sockets)
        await eventually(lambda: victim.descriptors < most, why="some were let go")
        for socket in sockets:
            socket.transport.abort()
    print(cost)
    assert cost.grown < 110, cost
    assert not cost.wrong, cost
    assert not list(victim.wrong_lines())


async def test_our_polling_clients_that_never_read_are_let_go(victim: Victim) -> None:
    owner = Api(victim.url)
    house = (await owner.create())["code"]
    hello = f"40/configurator,{json.dumps({'token': owner.token})}"
    join = f"42/configurator,7{json.dumps(['join', {'id': '1', 'configuration': house}])}"
    async with victim.attacked() as cost, Poller(victim, OURS) as poller:
        sids = [await poller.session() for _ in range(PAGES_OF_ONE)]
        for sid in sids:
            assert (await poller.post(sid, hello.encode())).status_code == 200
        for _ in range(JOINS // 10):
            for sid in sids:
                await poller.post(sid, SEPARATOR.join([join] * 10).encode())
        await eventually(
            lambda: all_over(poller, sids), why="each was let go for what it does not read"
        )
    print(cost)
    assert cost.grown < 60, cost
    assert not cost.wrong, cost
    assert not list(victim.wrong_lines())


async def all_over(poller: Poller, sids: list[str]) -> bool:
    """Whether no session accepts a packet any more; a pong says that its client is still there."""
    return all([(await poller.post(sid, b"3")).status_code == 400 for sid in sids])


async def test_ever_new_sockets_and_documents_of_one_page_are_refused(victim: Victim) -> None:
    page = await a_page(victim)
    first = await page.socket("first")
    assert (await first.recv(decode=True)).startswith("40")
    async with victim.attacked() as cost, AsyncExitStack() as stack:
        foreign = await stack.enter_async_context(await page.socket("first", tab_id="another"))
        assert (await foreign.recv(decode=True)).startswith("44"), "the page is another tab's"
        together = [await stack.enter_async_context(await page.socket("first")) for _ in range(20)]
        took = [(await each.recv(decode=True)).startswith("40") for each in together]
        assert took == [True] * (PAGE_SOCKETS_MAX - 1) + [False] * (21 - PAGE_SOCKETS_MAX)
        for each in (*together, foreign):
            await each.close()
        taken = 0
        for number in range(100):
            socket = await page.socket(f"document {number}")
            taken += (await socket.recv(decode=True)).startswith("40")
            await socket.close()
        assert taken == PAGE_DOCUMENTS_MAX - 1
    await first.send(page.say(json.dumps({"type": "ping", "id": "1"})))
    while '"pong' not in await first.recv(
        decode=True
    ):  # the page that was attacked is still served
        pass
    await first.close()
    print(cost)
    assert cost.grown < 12, cost
    assert cost.log_bytes < 2_000, cost
    assert not list(victim.wrong_lines())
