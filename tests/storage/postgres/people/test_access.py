"""Links and roles end, and a link gives exactly as many roles as it says."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from configurator.people.roles import Role
from storage.errors import OwnerStays, TooMany, Unknown
from storage.postgres.configurations.stored import StoredConfiguration
from storage.postgres.engine import Database
from storage.postgres.people.access_list import AccessLists, ListedAccess
from storage.postgres.people.granted import EndedAccess
from storage.postgres.people.shares import Shares
from tests.storage.conftest import World, sha256
from tests.storage.postgres.people.roles import role_of

Result = TypeVar("Result")


async def together(*each: Coroutine[Any, Any, Result]) -> list[Result]:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(one) for one in each]
    return [task.result() for task in running]


LINKS_MAX = 10


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
        role: Role = Role.EDITOR,
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

    async def role(self, person: UUID) -> Role | None:
        return await role_of(self.shares, self.id, person)

    async def listed(self) -> ListedAccess:
        return await self.lists.of(self.id)

    async def remove(self, person: UUID, **how: object) -> EndedAccess:
        ended = await self.shares.remove(self.id, person, by=self.owner, **how)  # type: ignore[arg-type]
        assert ended is not None
        return ended


@pytest.fixture
async def house(database: Database, world: World) -> House:
    return House(database, world, await world.configuration())


async def test_fifty_people_at_once_on_three_uses_are_exactly_three(house: House) -> None:
    """(AU8)"""
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
    first, second = await house.link("first", Role.VIEWER), await house.link("second")
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
    assert await house.role(stays) == Role.EDITOR
    assert [link.id for link in (await house.listed()).links] == [other]


async def test_links_stay_or_end_as_the_request_says(house: House) -> None:
    """(AU9)"""
    came_by = await house.link("came by")
    other = await house.link("other")
    one, two = await house.guest("came by"), await house.guest("came by")
    assert await house.remove(one, links="none") == EndedAccess(people=(one,))
    assert not await house.opens("came by", one)
    assert set((await house.remove(two, links="all")).links) == {came_by, other}
    assert (await house.listed()).links == ()
    assert await house.remove(two, links="all") == EndedAccess()


async def test_the_links_that_a_removed_advisor_made_end_with_them(house: House) -> None:
    """(AU9)"""
    advisor = (await house.world.person()).id
    await house.shares.grant(house.id, advisor, Role.ADVISOR)
    made = await house.link("made", by=advisor)
    assert (await house.remove(advisor)).links == (made,)


async def test_roles_that_may_remove_others(house: House) -> None:
    """(AU7, AU10)"""
    shares = house.shares
    await house.link("editor")
    await house.link("viewer", Role.VIEWER)
    editor, viewer, another = [await house.guest(w) for w in ("editor", "viewer", "editor")]
    advisor, colleague = [(await house.world.person()).id for _ in range(2)]
    for person in (advisor, colleague):
        await shares.grant(house.id, person, Role.ADVISOR)
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
        assert left == EndedAccess(people=(person,))
    assert len((await house.listed()).links) == 1
    assert await house.role(house.owner) == Role.OWNER
    assert await shares.remove(house.id, editor, by=advisor) is None  # who was removed may not


async def test_a_new_invitation_brings_a_removed_person_back(house: House) -> None:
    """(AU9)"""
    await house.link("old")
    person = await house.guest("old")
    before = (await house.listed()).people[-1].since
    await house.remove(person)
    new = await house.link("new", Role.VIEWER)
    assert not await house.opens("old", person)
    assert await house.opens("new", person)
    back = (await house.listed()).people[-1]
    assert (back.person.id, back.role, back.link_id) == (person, Role.VIEWER, new)
    assert back.since > before


async def test_a_link_that_ends_while_it_is_opened_gives_a_role_or_not(house: House) -> None:
    """(AU8) All six people have no role in the end, whether they opened the link before its end or after."""
    for round_number in range(8):
        word = f"race {round_number}"
        link = await house.link(word)
        people = [(await house.world.person()).id for _ in range(6)]

        async def end(link: UUID = link) -> EndedAccess | None:
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
            await house.link(word, Role.VIEWER if word.startswith("first") else Role.EDITOR)
        person = await house.guest(words[0])
        await together(house.remove(person), *[house.opens(words[1], person) for _ in range(4)])
        assert await house.role(person) is None
        assert not await house.opens(words[1], person)


async def test_ending_a_link_may_leave_the_people(house: House) -> None:
    """(AU8)"""
    link = await house.link("kept")
    person = await house.guest("kept")
    ended = await house.shares.end_link(house.id, link, by=house.owner, participants="keep")
    assert ended == EndedAccess(links=(link,))
    assert await house.role(person) == Role.EDITOR
    assert not await house.opens("kept", (await house.world.person()).id)
    ended = await house.shares.end_link(house.id, link, by=house.owner)
    assert ended == EndedAccess(people=(person,))
    advisorless = await house.shares.end_link(house.id, link, by=person)
    assert advisorless is None


async def test_the_number_of_open_links_of_a_house_is_limited(house: House) -> None:
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
