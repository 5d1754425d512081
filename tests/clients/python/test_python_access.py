"""The Python client lists and ends links and roles, on a real web process."""

import asyncio
import logging
from collections import Counter
from uuid import UUID

import pytest
from nest_haus_client import Client, Ended, HouseEnded, Refused, Select, new_op_id
from nest_haus_client.blocking import Client as BlockingClient

from tests.realtime.conftest import RunningWeb


def person(client: Client) -> UUID:
    assert client.person is not None
    return client.person.id


async def refusal(asked: object) -> str:
    """The code that a call is refused with."""
    with pytest.raises(Refused) as refused:
        await asked  # type: ignore[misc]
    return refused.value.code


async def test_the_owner_sees_who_has_access_and_by_which_link(web: RunningWeb) -> None:
    """(AU6) (AU7)"""
    async with Client.register(web.url, name="Anna") as anna, Client.register(web.url) as ben:
        house = await anna.join((await anna.create()).code)
        share = await anna.share(house.code, "viewer", lifetime_hours=2, uses_max=3)
        await ben.redeem(share.url)
        found = await anna.access(house.code)
        (link,) = found.links
        assert (link.id, link.role, link.uses, link.uses_left) == (share.link.id, "viewer", 1, 2)
        assert [each.id for each in link.used_by] == [person(ben)]
        assert link.made_by.name == "Anna"
        assert (found.link_count, found.participant_count) == (1, 2)
        people = {each.id: each for each in found.participants}
        assert people[person(anna)].role == "owner"
        assert people[person(anna)].here is True
        assert (people[person(ben)].role, people[person(ben)].link) == ("viewer", link.id)
        assert await refusal(ben.access(house.code)) == "owners_only"


async def test_a_link_that_ends_takes_its_people_or_keeps_them(web: RunningWeb) -> None:
    """(AU8) (JN10)"""
    async with (
        Client.register(web.url) as anna,
        Client.register(web.url) as ben,
        Client.register(web.url) as carla,
    ):
        code = (await anna.create()).code
        first, second = await anna.share(code), await anna.share(code)
        his = await ben.join(await ben.redeem(first.url))
        hers = await carla.join(await carla.redeem(second.url))

        kept = await anna.end_link(code, first.link.id, participants="keep")
        assert kept.removed == []
        assert (await his.select("nest", "nest120")).ok

        ended = await anna.end_link(code, second.link.id)
        assert ended.removed == [person(carla)]
        with pytest.raises(HouseEnded):
            await hers.select("nest", "nest160")
        again = await anna.end_link(code, second.link.id)
        assert again.link == second.link.id

        async with Client.register(web.url) as dora:
            for link in (first, second):
                assert await refusal(dora.redeem(link.url)) == "invitation_unusable"
        assert (await anna.access(code)).links == []
        assert await refusal(ben.end_link(code, first.link.id)) == "owners_only"
        assert await refusal(anna.end_link(code, new_op_id())) == "link_unknown"


async def test_a_person_is_removed_with_the_link_that_they_came_by(web: RunningWeb) -> None:
    """(AU9) (AU10) (AU11)"""
    async with Client.register(web.url) as anna, Client.register(web.url) as ben:
        house = await anna.join((await anna.create()).code)
        share, other = await anna.share(house.code), await anna.share(house.code)
        his = await ben.join(await ben.redeem(share.url))
        assert await refusal(ben.remove(house.code, person(anna))) == "owners_only"
        assert await refusal(anna.remove(house.code, person(anna))) == "owner_stays"

        removed = await anna.remove(house.code, person(ben))
        assert (removed.person, removed.links) == (person(ben), [share.link.id])
        with pytest.raises(HouseEnded):
            await his.select("nest", "nest120")
        assert house.version == 0
        for url in (share.url, other.url):
            assert await refusal(ben.redeem(url)) == "invitation_unusable"
        everything = await anna.remove(house.code, person(ben), links="all")
        assert everything.links == [other.link.id]


async def test_the_end_of_access_is_told_once_and_no_join_is_tried_after_it(
    web: RunningWeb, caplog: pytest.LogCaptureFixture
) -> None:
    """(CL11) (JN10) The transaction of an op finds it, before the server has told of it."""
    async with Client.register(web.url) as anna, Client.register(web.url) as ben:
        his = await ben.join(await ben.redeem((await anna.share((await anna.create()).code)).url))
        events = his.events()
        shares = web.parts.stores.configuration_stores.shares
        await shares.remove(his.id, person(ben), by=person(anna))
        with caplog.at_level(logging.DEBUG, "nest_haus_client"):
            asked = [his.submit(Select("nest", option)) for option in ("nest100", "nest120")]
            for each in asked:
                with pytest.raises(HouseEnded) as over:
                    await each
                assert over.value.code == "access_revoked"
                assert over.value.op_ids == tuple(one.op_id for one in asked)
            ben.drop()
            await ben.introduce("Ben")
        told = [each.code async for each in events if isinstance(each, Ended)]
        assert told == ["access_revoked"]
        assert his.ended == "access_revoked"
        sent = Counter(each.getMessage() for each in caplog.records)
        assert (sent["sent Join"], sent["sent Hello"]) == (0, 1)
        assert sent["sent Op"] <= 1
        assert await anna.log(his.code) == []


async def test_a_guest_leaves_and_no_link_ends(web: RunningWeb) -> None:
    """(AU10) The blocking client does the same."""

    def script() -> None:
        with BlockingClient.register(web.url) as anna, BlockingClient.register(web.url) as ben:
            code = anna.create().code
            share = anna.share(code)
            ben.redeem(share.url)
            assert ben.person is not None
            left = ben.remove(code, ben.person.id)
            assert left.links == []
            found = anna.access(code)
            assert [each.role for each in found.participants] == ["owner"]
            assert [each.id for each in found.links] == [share.link.id]
            assert anna.end_link(code, share.link.id).removed == []
            assert anna.access(code).links == []

    await asyncio.to_thread(script)
