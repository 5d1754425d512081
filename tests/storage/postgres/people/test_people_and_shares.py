"""People are known by the hash of their token; links give roles and never take one away."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from configurator.people.roles import Role
from storage.errors import OwnerStays, StorageDefect, Unknown
from storage.postgres.configurations.stored import StoredConfiguration
from storage.postgres.engine import Database
from storage.postgres.people.access_list import AccessLists
from storage.postgres.people.granted import EndedAccess, ShareLink
from storage.postgres.people.people import People
from storage.postgres.people.shares import Shares
from tests.storage.conftest import World, sha256
from tests.storage.postgres.people.roles import role_of

TOKEN = sha256("a link")


@pytest.fixture
def shares(database: Database) -> Shares:
    return Shares(database)


async def link(
    shares: Shares,
    configuration: StoredConfiguration,
    role: Role = Role.EDITOR,
    *,
    by: UUID | None = None,
    token: bytes = TOKEN,
    expires_at: datetime | None = None,
) -> ShareLink | None:
    return await shares.create(
        link_id=uuid4(),
        configuration_id=configuration.id,
        token_sha256=token,
        role=role,
        created_by=by or configuration.owner_id,
        expires_at=expires_at,
    )


async def test_a_person_is_found_by_token(database: Database) -> None:
    people = People(database)
    person = await people.create(person_id=uuid4(), token_sha256=sha256("t"), name="Ada", colour=5)
    assert await people.by_token(sha256("t")) == person
    assert await people.by_token(sha256("other")) is None


async def test_creating_a_person_again_finds_the_same(database: Database) -> None:
    people, person_id = People(database), uuid4()
    first = await people.create(person_id=person_id, token_sha256=sha256("t"), name="Ada", colour=5)
    again = await people.create(person_id=person_id, token_sha256=sha256("t"), name="Eve", colour=0)
    assert again == first
    with pytest.raises(StorageDefect):
        await people.create(person_id=person_id, token_sha256=sha256("x"), name="Eve", colour=0)


async def test_a_person_can_be_renamed(database: Database, world: World) -> None:
    people, person = People(database), await world.person()
    renamed = await people.rename(person.id, "Grace")
    assert renamed is not None
    assert renamed.name == "Grace"
    assert await people.rename(uuid4(), "Nobody") is None
    assert await people.by_token(sha256(str(person.id))) == renamed


async def test_a_link_gives_its_role(database: Database, world: World, shares: Shares) -> None:
    configuration, guest = await world.configuration(), await world.person()
    created = await link(shares, configuration)
    assert created is not None
    grant = await shares.redeem(TOKEN, guest.id)
    assert grant is not None
    assert (grant.role, grant.share_link_id) == (Role.EDITOR, created.id)
    assert await role_of(shares, configuration.id, guest.id) == Role.EDITOR
    listed = await AccessLists(database).of(configuration.id)
    assert [each.person.id for each in listed.people] == [configuration.owner_id, guest.id]
    assert [(each.id, each.uses) for each in listed.links] == [(created.id, 1)]
    assert [each.id for each in listed.links[0].used_by] == [guest.id]


async def test_redeeming_never_lowers_a_role(world: World, shares: Shares) -> None:
    configuration, guest = await world.configuration(), await world.person()
    for role in (Role.VIEWER, Role.EDITOR, Role.ADVISOR):
        await link(shares, configuration, role, token=sha256(role))
    roles = []
    for role in (Role.EDITOR, Role.VIEWER, Role.ADVISOR, Role.EDITOR):
        grant = await shares.redeem(sha256(role), guest.id)
        assert grant is not None
        roles.append(grant.role)
    assert roles == [Role.EDITOR, Role.EDITOR, Role.ADVISOR, Role.ADVISOR]
    owner = await shares.redeem(sha256("viewer"), configuration.owner_id)
    assert owner is not None
    assert owner.role == Role.OWNER


async def test_redeeming_at_the_same_moment_keeps_the_stronger_role(
    world: World, shares: Shares
) -> None:
    configuration = await world.configuration()
    for role in (Role.VIEWER, Role.EDITOR):
        await link(shares, configuration, role, token=sha256(role))
    for _ in range(10):
        guest = await world.person()
        async with asyncio.TaskGroup() as tasks:
            for role in (Role.EDITOR, Role.VIEWER, Role.EDITOR, Role.VIEWER):
                tasks.create_task(shares.redeem(sha256(role), guest.id))
        assert await role_of(shares, configuration.id, guest.id) == Role.EDITOR


async def test_links_that_do_not_work(world: World, shares: Shares) -> None:
    configuration, guest = await world.configuration(), await world.person()
    past = datetime.now(UTC) - timedelta(seconds=1)
    await link(shares, configuration, token=sha256("expired"), expires_at=past)
    revoked = await link(shares, configuration, token=sha256("revoked"))
    assert revoked is not None
    await shares.end_link(configuration.id, revoked.id, by=configuration.owner_id)
    for token in ("expired", "revoked", "unknown"):
        assert await shares.redeem(sha256(token), guest.id) is None
    assert await role_of(shares, configuration.id, guest.id) is None


async def test_only_those_who_may_share_make_links_and_not_above_themselves(
    world: World, shares: Shares
) -> None:
    configuration = await world.configuration()
    editor = await world.member(configuration, Role.EDITOR)
    advisor = await world.member(configuration, Role.ADVISOR)
    stranger = await world.person()
    assert await link(shares, configuration, Role.VIEWER, by=editor.id) is None
    assert await link(shares, configuration, Role.VIEWER, by=stranger.id) is None
    assert await link(shares, configuration, Role.OWNER, by=advisor.id) is None
    assert await link(shares, configuration, Role.ADVISOR, by=advisor.id) is not None


async def test_ending_a_link_ends_what_it_gave(
    database: Database, world: World, shares: Shares
) -> None:
    configuration = await world.configuration()
    guests = [await world.person() for _ in range(3)]
    created = await link(shares, configuration)
    assert created is not None
    for guest in guests[:2]:
        await shares.redeem(TOKEN, guest.id)
    await world.grant(configuration, guests[2].id, Role.EDITOR)
    other = await world.configuration()
    with pytest.raises(Unknown):
        await shares.end_link(other.id, created.id, by=other.owner_id)
    owner = configuration.owner_id
    ended = await shares.end_link(configuration.id, created.id, by=owner)
    assert ended is not None
    assert (set(ended.people), ended.links) == ({each.id for each in guests[:2]}, (created.id,))
    assert await shares.end_link(configuration.id, created.id, by=owner) == EndedAccess()
    roles = [await role_of(shares, configuration.id, guest.id) for guest in guests]
    assert roles == [None, None, Role.EDITOR]
    assert created.id not in {
        listed.id for listed in (await AccessLists(database).of(configuration.id)).links
    }


async def test_a_removed_person_needs_a_newer_link(world: World, shares: Shares) -> None:
    configuration, guest = await world.configuration(), await world.person()
    await link(shares, configuration, token=sha256("old"))
    await shares.redeem(sha256("old"), guest.id)
    owner = configuration.owner_id
    ended = await shares.remove(configuration.id, guest.id, by=owner)
    assert ended is not None
    assert (ended.people, len(ended.links)) == ((guest.id,), 1)
    assert await shares.remove(configuration.id, guest.id, by=owner) == EndedAccess()
    assert await shares.redeem(sha256("old"), guest.id) is None
    await link(shares, configuration, Role.VIEWER, token=sha256("new"))
    grant = await shares.redeem(sha256("new"), guest.id)
    assert grant is not None
    assert grant.role == Role.VIEWER


async def test_the_owner_cannot_be_removed(world: World, shares: Shares) -> None:
    configuration = await world.configuration()
    for by in (configuration.owner_id, (await world.member(configuration, Role.ADVISOR)).id):
        with pytest.raises(OwnerStays):
            await shares.remove(configuration.id, configuration.owner_id, by=by)
    assert await role_of(shares, configuration.id, configuration.owner_id) == Role.OWNER


async def test_many_people_are_found_by_token_at_once(database: Database) -> None:
    people = People(database)
    ada = await people.create(person_id=uuid4(), token_sha256=sha256("a"), name="Ada", colour=1)
    eve = await people.create(person_id=uuid4(), token_sha256=sha256("e"), name="Eve", colour=2)
    found = await people.by_tokens([sha256("a"), sha256("unknown"), sha256("e")])
    assert found == {sha256("a"): ada, sha256("e"): eve}
    assert await people.by_tokens([]) == {}


async def test_when_somebody_was_seen_is_noted_only_when_it_is_news(database: Database) -> None:
    people = People(database)
    ada = await people.create(person_id=uuid4(), token_sha256=sha256("a"), name="Ada", colour=1)
    await people.seen([ada.id], since=ada.last_seen_at)
    assert (await people.by_tokens([sha256("a")]))[sha256("a")].last_seen_at == ada.last_seen_at
    await people.seen([ada.id, uuid4()], since=ada.last_seen_at + timedelta(seconds=1))
    assert (await people.by_tokens([sha256("a")]))[sha256("a")].last_seen_at > ada.last_seen_at


async def test_many_roles_are_looked_up_at_once(
    database: Database, shares: Shares, world: World
) -> None:
    house, other = await world.configuration(), await world.configuration()
    guest = (await world.member(house, Role.VIEWER)).id
    owner = (house.id, house.owner_id)
    found = await shares.roles_of([owner, (house.id, guest), (other.id, guest)])
    assert {pair: granted.role for pair, granted in found.items()} == {
        owner: Role.OWNER,
        (house.id, guest): Role.VIEWER,
    }
    await shares.remove(house.id, guest, by=house.owner_id)
    assert set(await shares.roles_of([owner, (house.id, guest)])) == {owner}
