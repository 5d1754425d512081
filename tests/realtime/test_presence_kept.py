"""What a process keeps in Redis about its members, for processes that open the room later."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from realtime import membership
from realtime.membership import MembersReport
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
            found = await one.parts.hub._presence.all(UUID(created["id"]))
            return found.get("one")

        payload = await eventually(kept, 10, why="the members are in Redis")
        assert payload is not None
        assert b'"process":"one"' in payload
        assert b'"connection"' in payload
        two = await start_web("two")
        async with joined(two.ws_url, api.token or "", created["code"]) as late:
            (snapshot,) = [frame for frame in late.frames if frame["type"] == "snapshot"]
            assert len(snapshot["members"]) == 2


async def test_who_was_killed_is_gone_while_redis_does_not_answer(
    start_web: StartWeb, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """(PR4) Nothing is asked of Redis to find it out."""
    monkeypatch.setattr(membership, "PRESENCE_TTL", timedelta(seconds=0.5))
    async with link_to(redis_url) as link:
        web = await start_web(stores=(database_url, link.url))
        api = web.api()
        created = await api.create()
        async with joined(web.ws_url, api.token or "", created["code"]):
            (room,) = web.parts.hub.rooms()
            killed = msgspec.structs.replace(
                msgspec.json.decode(room.members.report(), type=MembersReport), process="killed"
            )
            link.freeze()
            room.members.hear(msgspec.json.encode(killed))
            assert room.members.everybody()[1] == 1  # the same connection
            assert len(room.members._remote) == 1
            await eventually(lambda: not room.members._remote, 2.5, why="they are gone")
