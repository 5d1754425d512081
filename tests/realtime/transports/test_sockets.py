"""Two people on sockets: one clicks, the other sees it, on one process and on two."""

from tests.realtime.clients import joined, opened, select
from tests.realtime.conftest import RunningWeb, StartWeb


async def test_the_author_gets_the_op_then_the_outcome(web: RunningWeb) -> None:
    """(OP8, SN1)"""
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as author:
        outcome = await author.op(created["id"], select("nest", "nest120"))
        assert outcome["type"] == "outcome"
        assert outcome["outcome"] == "committed"
        ops = [frame for frame in author.frames if frame["type"] == "op"]
        assert [op["op_id"] for op in ops] == [outcome["op_id"]]
        assert ops[0]["derived"]["price"]["total_cents"] == outcome["total_cents"]


async def test_a_click_on_one_process_is_seen_on_the_other(start_web: StartWeb) -> None:
    """(JN5)"""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    created = await api.create()
    token = api.token or ""
    async with (
        joined(one.ws_url, token, created["code"]) as author,
        joined(two.ws_url, token, created["code"]) as watcher,
    ):
        await author.op(created["id"], select("nest", "nest140"))
        seen = await watcher.until("op")
        assert seen["version"] == 1
        assert seen["selection"]["nest"] == {"option": "nest140"}
        assert seen["changes"][0]["after"] == {"option": "nest140"}
        await watcher.op(created["id"], select("nest", "nest80"), base_version=1)
        assert (await author.until("op"))["version"] == 2


async def test_everybody_sees_who_is_here_across_processes(start_web: StartWeb) -> None:
    """(PR2, PR4)"""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    created = await api.create()
    async with joined(one.ws_url, api.token or "", created["code"]) as first:
        async with joined(two.ws_url, api.token or "", created["code"]) as second:
            while len((await first.until("presence"))["members"]) < 2:
                pass
            await second.send("presence", configuration=created["id"], category="fenster")
            while not any(
                member["category"] == "fenster"
                for member in (await first.until("presence"))["members"]
            ):
                pass
        while len((await first.until("presence"))["members"]) > 1:
            pass


async def test_coming_back_gives_exactly_the_missed_ops(web: RunningWeb) -> None:
    """(JN3)"""
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as author:
        await author.op(created["id"], select("nest", "nest100"))
        await author.op(created["id"], select("nest", "nest120"))
        await author.op(created["id"], select("nest", "nest140"))
        async with opened(web.ws_url) as back:
            await back.hello(api.token)
            since = {"epoch": created["epoch"], "version": 1}
            missed = await back.join(created["code"], since=since)
            assert missed["type"] == "ops"
            assert missed["recovered"] is True
            assert [op["version"] for op in missed["ops"]] == [2, 3]


async def test_another_epoch_gives_a_snapshot_that_says_so(web: RunningWeb) -> None:
    """(JN4)"""
    api = web.api()
    created = await api.create()
    async with opened(web.ws_url) as back:
        await back.hello(api.token)
        since = {"epoch": "00000000-0000-4000-8000-000000000000", "version": 0}
        answer = await back.join(created["code"], since=since)
        assert answer["type"] == "snapshot"
        assert answer["recovered"] is False


async def test_ops_of_many_people_give_one_gapless_history(start_web: StartWeb) -> None:
    """(JN5, OP6)"""
    import asyncio

    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    created = await api.create()
    options = ["nest80", "nest100", "nest120", "nest140", "nest160"]
    async with (
        joined(one.ws_url, api.token or "", created["code"]) as first,
        joined(two.ws_url, api.token or "", created["code"]) as second,
    ):

        async def click(person: object) -> None:
            for number in range(20):
                outcome = await person.op(  # type: ignore[attr-defined]
                    created["id"], select("nest", options[number % 5])
                )
                assert outcome.get("outcome") in {"committed", "adjusted"}, outcome

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(click(first))
            tasks.create_task(click(second))
        for person in (first, second):
            await person.until_version(40)
            assert person.versions == list(range(1, 41))
    log = (await api.call("GET", f"/api/configurations/{created['id']}/ops")).json()
    assert [op["version"] for op in log["ops"]] == list(range(1, 41))
