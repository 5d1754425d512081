"""What a process keeps in Redis about its members, for processes that open the room later."""

from uuid import UUID

from tests.realtime.clients import joined
from tests.realtime.conftest import StartWeb
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
