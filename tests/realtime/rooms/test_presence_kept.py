"""The members that a process keeps in Redis for processes that open the room later."""

import asyncio
from dataclasses import replace
from uuid import UUID

import msgspec

from realtime.rooms.membership import PRESENCE_TTL, MembersReport
from tests.realtime.clients import joined
from tests.realtime.conftest import StartWeb
from tests.storage.link import link_to
from tests.support.waiting import eventually


async def test_members_are_kept_for_processes_that_open_the_room_later(start_web: StartWeb) -> None:
    """(PR2)"""
    one = await start_web("one")
    api = one.api()
    created = await api.create()
    async with joined(one.ws_url, api.token or "", created["code"]):

        async def kept() -> bytes | None:
            found = await one.parts.stores.presence.all(UUID(created["id"]))
            return found.get("one")

        payload = await eventually(kept, why="the members are in Redis")
        assert payload is not None
        assert b'"process":"one"' in payload
        assert b'"connection"' in payload
        two = await start_web("two")
        async with joined(two.ws_url, api.token or "", created["code"]) as late:
            (snapshot,) = [frame for frame in late.frames if frame["type"] == "snapshot"]
            assert len(snapshot["members"]) == 2


async def test_members_of_a_killed_process_vanish_while_redis_is_away(
    start_web: StartWeb, database_url: str, redis_url: str
) -> None:
    """(PR4) Nothing is asked of Redis to find it out: its answer would be waited for longer."""
    async with link_to(redis_url) as link:
        web = await start_web(stores=(database_url, link.url), redis_seconds=60.0)
        api = web.api()
        created = await api.create()
        async with joined(web.ws_url, api.token or "", created["code"]) as socket:
            (room,) = web.parts.editing.hub.rooms()
            report = msgspec.json.decode(room.members.report(), type=MembersReport)
            (member,) = report.members
            elsewhere = replace(member, connection="elsewhere")
            killed = msgspec.structs.replace(report, process="killed", members=[elsewhere])
            link.freeze()
            room.members.hear(msgspec.json.encode(killed))
            await socket.until("presence", member_count=2)
            web.time.go_on(PRESENCE_TTL)
            async with asyncio.timeout(40):
                await socket.until("presence", member_count=1)
