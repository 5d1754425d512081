"""People are known by the hash of their token; links give roles and never take one away."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from storage.errors import StorageDefect
from storage.postgres.configurations import StoredConfiguration
from storage.postgres.engine import Database
from storage.postgres.people import People
from storage.postgres.shares import ShareLink, Shares
from tests.storage.conftest import World, sha256

TOKEN = sha256("a link")


@pytest.fixture
def shares(database: Database) -> Shares:
    return Shares(database)


async def link(
    shares: Shares,
    configuration: StoredConfiguration,
    role: str = "editor",
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


async def test_a_link_gives_its_role(world: World, shares: Shares) -> None:
    configuration, guest = await world.configuration(), await world.person()
    created = await link(shares, configuration)
    assert created is not None
    grant = await shares.redeem(TOKEN, guest.id)
    assert grant is not None
    assert (grant.role, grant.share_link_id) == ("editor", created.id)
    assert await shares.role_of(configuration.id, guest.id) == "editor"
    assert {g.person_id for g in await shares.grants_of(configuration.id)} == {
        configuration.owner_id,
        guest.id,
    }
    [listed] = await shares.links(configuration.id)
    assert (listed.id, listed.uses) == (created.id, 1)


async def test_redeeming_never_lowers_a_role(world: World, shares: Shares) -> None:
    configuration, guest = await world.configuration(), await world.person()
    for role in ("viewer", "editor", "advisor"):
        await link(shares, configuration, role, token=sha256(role))
    roles = []
    for role in ("editor", "viewer", "advisor", "editor"):
        grant = await shares.redeem(sha256(role), guest.id)
        assert grant is not None
        roles.append(grant.role)
    assert roles == ["editor", "editor", "advisor", "advisor"]
    owner = await shares.redeem(sha256("viewer"), configuration.owner_id)
    assert owner is not None
    assert owner.role == "owner"


async def test_redeeming_at_the_same_moment_keeps_the_stronger_role(
    world: World, shares: Shares
) -> None:
    configuration = await world.configuration()
    for role in ("viewer", "editor"):
        await link(shares, configuration, role, token=sha256(role))
    for _ in range(10):
        guest = await world.person()
        async with asyncio.TaskGroup() as tasks:
            for role in ("editor", "viewer", "editor", "viewer"):
                tasks.create_task(shares.redeem(sha256(role), guest.id))
        assert await shares.role_of(configuration.id, guest.id) == "editor"


async def test_links_that_do_not_work(world: World, shares: Shares) -> None:
    configuration, guest = await world.configuration(), await world.person()
    past = datetime.now(UTC) - timedelta(seconds=1)
    await link(shares, configuration, token=sha256("expired"), expires_at=past)
    revoked = await link(shares, configuration, token=sha256("revoked"))
    assert revoked is not None
    await shares.revoke_link(configuration.id, revoked.id)
    for token in ("expired", "revoked", "unknown"):
        assert await shares.redeem(sha256(token), guest.id) is None
    assert await shares.role_of(configuration.id, guest.id) is None


async def test_only_those_who_may_share_make_links_and_not_above_themselves(
    world: World, shares: Shares
) -> None:
    configuration = await world.configuration()
    editor = await world.member(configuration, "editor")
    advisor = await world.member(configuration, "advisor")
    stranger = await world.person()
    assert await link(shares, configuration, "viewer", by=editor.id) is None
    assert await link(shares, configuration, "viewer", by=stranger.id) is None
    assert await link(shares, configuration, "owner", by=advisor.id) is None
    assert await link(shares, configuration, "advisor", by=advisor.id) is not None


async def test_revoking_a_link_ends_what_it_gave(world: World, shares: Shares) -> None:
    configuration = await world.configuration()
    guests = [await world.person() for _ in range(3)]
    created = await link(shares, configuration)
    assert created is not None
    for guest in guests[:2]:
        await shares.redeem(TOKEN, guest.id)
    await world.grant(configuration, guests[2].id, "editor")
    other = await world.configuration()
    assert await shares.revoke_link(other.id, created.id) == []
    assert set(await shares.revoke_link(configuration.id, created.id)) == {
        guest.id for guest in guests[:2]
    }
    assert await shares.revoke_link(configuration.id, created.id) == []
    roles = [await shares.role_of(configuration.id, guest.id) for guest in guests]
    assert roles == [None, None, "editor"]
    assert created.id not in {listed.id for listed in await shares.links(configuration.id)}


async def test_a_removed_person_needs_a_newer_link(world: World, shares: Shares) -> None:
    configuration, guest = await world.configuration(), await world.person()
    await link(shares, configuration, token=sha256("old"))
    await shares.redeem(sha256("old"), guest.id)
    assert await shares.revoke_grant(configuration.id, guest.id)
    assert not await shares.revoke_grant(configuration.id, guest.id)
    assert await shares.redeem(sha256("old"), guest.id) is None
    await link(shares, configuration, "viewer", token=sha256("new"))
    grant = await shares.redeem(sha256("new"), guest.id)
    assert grant is not None
    assert grant.role == "viewer"


async def test_the_owner_cannot_be_removed(world: World, shares: Shares) -> None:
    configuration = await world.configuration()
    assert not await shares.revoke_grant(configuration.id, configuration.owner_id)
    assert await shares.role_of(configuration.id, configuration.owner_id) == "owner"


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
    guest = (await world.member(house, "viewer")).id
    owner = (house.id, house.owner_id)
    found = await shares.roles_of([owner, (house.id, guest), (other.id, guest)])
    assert {pair: granted.role for pair, granted in found.items()} == {
        owner: "owner",
        (house.id, guest): "viewer",
    }
    await shares.revoke_grant(house.id, guest)
    assert set(await shares.roles_of([owner, (house.id, guest)])) == {owner}
