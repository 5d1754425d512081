"""Links and roles end, and a link gives exactly as many roles as it says."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from storage.errors import OwnerStays, TooMany, Unknown
from storage.postgres.access_list import AccessList, AccessLists
from storage.postgres.configurations import StoredConfiguration
from storage.postgres.engine import Database, Deadlines
from storage.postgres.shares import Ended, Shares
from tests.storage.conftest import World, sha256

Result = TypeVar("Result")


async def together(*each: Coroutine[Any, Any, Result]) -> list[Result]:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(one) for one in each]
    return [task.result() for task in running]


LINKS_MAX = 10
PATIENT = Deadlines(pool=60, statement=60, call=60)


class House:
    """A configuration, and links into it by their words."""

    def __init__(self, database: Database, world: World, stored: StoredConfiguration) -> None:
        self.shares = Shares(database)
        self.lists = AccessLists(database)
        self.world = world
        self.id = stored.id
        self.owner = stored.owner_id

    async def link(
        self,
        word: str,
        role: str = "editor",
        *,
        by: UUID | None = None,
        uses_max: int | None = None,
    ) -> UUID:
        made = await self.shares.create(
            link_id=uuid4(),
            configuration_id=self.id,
            token_sha256=sha256(word),
            role=role,
            created_by=by or self.owner,
            expires_at=datetime.now(UTC) + timedelta(hours=1),
            uses_max=uses_max,
            at_most=LINKS_MAX,
        )
        assert made is not None
        return made.id

    async def opens(self, word: str, person: UUID) -> bool:
        return await self.shares.redeem(sha256(word), person) is not None

    async def guest(self, word: str) -> UUID:
        person = (await self.world.person()).id
        assert await self.opens(word, person)
        return person

    async def role(self, person: UUID) -> str | None:
        return await self.shares.role_of(self.id, person)

    async def listed(self) -> AccessList:
        return await self.lists.of(self.id)

    async def remove(self, person: UUID, **how: object) -> Ended:
        ended = await self.shares.remove(self.id, person, by=self.owner, **how)  # type: ignore[arg-type]
        assert ended is not None
        return ended


@pytest.fixture
async def house(database: Database, world: World) -> House:
    return House(database, world, await world.configuration())


async def test_fifty_people_at_once_on_three_uses_are_exactly_three(
    database_url: str, house: House
) -> None:
    """(AU8)"""
    async with Database(database_url, pool_size=12, deadlines=PATIENT) as patient:
        house.shares = Shares(patient)
        await open_at_once(house)


async def open_at_once(house: House) -> None:
    await house.link("three", uses_max=3)
    people = [(await house.world.person()).id for _ in range(50)]
    opened = await together(*[house.opens("three", each) for each in people])
    assert sum(opened) == 3
    listed = await house.listed()
    assert [(link.uses, link.uses_max) for link in listed.links] == [(3, 3)]
    assert {each.id for each in listed.links[0].used_by} == {
        person for person, came in zip(people, opened, strict=True) if came
    }
    assert len(listed.people) == 4
    again = [person for person, came in zip(people, opened, strict=True) if came]
    assert all([await house.opens("three", person) for person in again])  # it is their house
    assert (await house.listed()).links[0].uses == 3


async def test_a_person_uses_a_link_up_once_however_often_they_open_it(house: House) -> None:
    """(AU8)"""
    await house.link("two", uses_max=2)
    person = (await house.world.person()).id
    assert all(await together(*[house.opens("two", person) for _ in range(10)]))
    assert (await house.listed()).links[0].uses == 1
    assert await house.opens("two", house.owner)
    assert (await house.listed()).links[0].uses == 1


async def test_a_removed_person_takes_every_link_along_that_they_know(house: House) -> None:
    """(AU9)"""
    first, second = await house.link("first", "viewer"), await house.link("second")
    same = await house.link("same")
    other = await house.link("other")
    person = await house.guest("first")
    assert await house.opens("second", person)
    assert await house.opens("same", person)  # gives nothing, but they know it
    stays = await house.guest("second")
    ended = await house.remove(person)
    assert (ended.people, set(ended.links)) == ((person,), {first, second, same})
    stranger = (await house.world.person()).id
    for word in ("first", "second", "same"):
        assert not await house.opens(word, person)
        assert not await house.opens(word, stranger)
    assert await house.opens("other", stranger)
    assert not await house.opens("other", person)  # it is older than the removal
    assert await house.role(stays) == "editor"
    assert [link.id for link in (await house.listed()).links] == [other]


async def test_links_stay_or_all_end_where_that_is_said(house: House) -> None:
    """(AU9)"""
    came_by = await house.link("came by")
    other = await house.link("other")
    one, two = await house.guest("came by"), await house.guest("came by")
    assert await house.remove(one, links="none") == Ended(people=(one,))
    assert not await house.opens("came by", one)
    assert set((await house.remove(two, links="all")).links) == {came_by, other}
    assert (await house.listed()).links == ()
    assert await house.remove(two, links="all") == Ended()


async def test_the_links_that_a_removed_advisor_made_end_with_them(house: House) -> None:
    """(AU9)"""
    advisor = (await house.world.person()).id
    await house.shares.grant(house.id, advisor, "advisor")
    made = await house.link("made", by=advisor)
    assert (await house.remove(advisor)).links == (made,)


async def test_who_may_remove_whom(house: House) -> None:
    """(AU7, AU10)"""
    shares = house.shares
    await house.link("editor")
    await house.link("viewer", "viewer")
    editor, viewer, another = [await house.guest(w) for w in ("editor", "viewer", "editor")]
    advisor, colleague = [(await house.world.person()).id for _ in range(2)]
    for person in (advisor, colleague):
        await shares.grant(house.id, person, "advisor")
    stranger = (await house.world.person()).id
    for by in (editor, viewer, stranger):
        assert await shares.remove(house.id, another, by=by) is None
        assert await shares.remove(house.id, house.owner, by=by) is None
    with pytest.raises(OwnerStays):
        await shares.remove(house.id, house.owner, by=advisor)
    with pytest.raises(OwnerStays):
        await shares.remove(house.id, house.owner, by=house.owner)
    with pytest.raises(Unknown):
        await shares.remove(house.id, stranger, by=house.owner)
    for by, person in ((advisor, another), (advisor, colleague), (house.owner, advisor)):
        assert (await shares.remove(house.id, person, by=by)) is not None
        assert await house.role(person) is None
    for person in (editor, viewer):
        left = await shares.remove(house.id, person, by=person, links="all")
        assert left == Ended(people=(person,))
    assert len((await house.listed()).links) == 1
    assert await house.role(house.owner) == "owner"
    assert await shares.remove(house.id, editor, by=advisor) is None  # who was removed may not


async def test_a_new_invitation_brings_a_removed_person_back(house: House) -> None:
    """(AU9)"""
    await house.link("old")
    person = await house.guest("old")
    before = (await house.listed()).people[-1].since
    await house.remove(person)
    new = await house.link("new", "viewer")
    assert not await house.opens("old", person)
    assert await house.opens("new", person)
    back = (await house.listed()).people[-1]
    assert (back.person.id, back.role, back.link_id) == (person, "viewer", new)
    assert back.since > before


async def test_a_link_that_ends_while_it_is_opened_gives_a_role_or_not(house: House) -> None:
    """(AU8) Whoever was told that they are in is among those whose role ended, or never was."""
    for round_number in range(8):
        word = f"race {round_number}"
        link = await house.link(word)
        people = [(await house.world.person()).id for _ in range(6)]

        async def end(link: UUID = link) -> Ended | None:
            return await house.shares.end_link(house.id, link, by=house.owner)

        results = await together(
            *[house.opens(word, each) for each in people[:3]],
            end(),
            *[house.opens(word, each) for each in people[3:]],
            end(),
        )
        assert len(results) == 8
        for person in people:
            assert await house.role(person) is None
            assert not await house.opens(word, person)


async def test_a_removal_while_the_person_opens_another_link(house: House) -> None:
    """(AU9) However the two meet, the person has no role in the end."""
    for round_number in range(8):
        words = (f"first {round_number}", f"second {round_number}")
        for word in words:
            await house.link(word, "viewer" if word.startswith("first") else "editor")
        person = await house.guest(words[0])
        await together(house.remove(person), *[house.opens(words[1], person) for _ in range(4)])
        assert await house.role(person) is None
        assert not await house.opens(words[1], person)


async def test_ending_a_link_may_leave_the_people(house: House) -> None:
    """(AU8)"""
    link = await house.link("kept")
    person = await house.guest("kept")
    ended = await house.shares.end_link(house.id, link, by=house.owner, participants="keep")
    assert ended == Ended(links=(link,))
    assert await house.role(person) == "editor"
    assert not await house.opens("kept", (await house.world.person()).id)
    ended = await house.shares.end_link(house.id, link, by=house.owner)
    assert ended == Ended(people=(person,))
    advisorless = await house.shares.end_link(house.id, link, by=person)
    assert advisorless is None


async def test_a_house_has_so_many_open_links_and_no_more(house: House) -> None:
    """(AU7)"""
    await house.link("used up", uses_max=1)
    await house.guest("used up")
    links = [await house.link(str(number)) for number in range(LINKS_MAX)]
    with pytest.raises(TooMany):
        await house.link("one more")
    await house.shares.end_link(house.id, links[0], by=house.owner)
    await house.link("one more")
    listed = await house.listed()
    assert (len(listed.links), listed.link_count) == (LINKS_MAX + 1, LINKS_MAX + 1)


async def test_when_somebody_was_here_is_noted_for_each_house(
    house: House, database: Database
) -> None:
    """(AU7)"""
    await house.link("a")
    person = await house.guest("a")
    long_ago = datetime.now(UTC) - timedelta(minutes=10)
    assert [each.seen_at for each in (await house.listed()).people] == [None, None]
    await house.shares.seen([(house.id, person), (uuid4(), person)], since=long_ago)
    noted = (await house.listed()).people[1].seen_at
    assert noted is not None
    await house.shares.seen([(house.id, person)], since=long_ago)
    assert (await house.listed()).people[1].seen_at == noted
    assert (await house.listed()).people[0].seen_at is None
