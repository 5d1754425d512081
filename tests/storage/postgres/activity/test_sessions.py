"""Sessions, inquiries, admin access and the figures counted from them."""

import asyncio
import gc
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import _lru_cache_wrapper
from typing import Any
from uuid import UUID, uuid4

import pytest

from configurator.activity.ranges import parse_range
from configurator.people.roles import Role
from storage.errors import InquiryDiffers
from storage.postgres.activity.sessions import Sessions
from storage.postgres.activity.statistics import Statistics
from storage.postgres.analytics.figures import Figures
from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.configurations.configurations import Configurations
from storage.postgres.configurations.inquiries import Inquiries, Inquiry
from storage.postgres.configurations.stored import StoredConfiguration
from storage.postgres.engine import Database
from storage.postgres.people.admins import Admins, NewSession, session_id
from storage.postgres.people.shares import Shares
from storage.postgres.service.audit import Actor, Audit
from tests.storage.conftest import World, request, sha256
from tests.support.audited import KEY
from tests.support.visits import visit

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def new(name: str) -> NewSession:
    """A session of a browser, to be opened."""
    return NewSession(
        token_sha256=sha256(name),
        expires_at=NOW + timedelta(hours=8),
        idle_minutes=30,
        network="10.0.0.0/24",
        user_agent="x" * 500,
    )


async def submit(
    database: Database,
    configuration: StoredConfiguration,
    inquiry_id: UUID,
    session_id: UUID | None = None,
    **other: Any,
) -> Inquiry | None:
    values: dict[str, Any] = {
        "configuration_id": configuration.id,
        "person_id": configuration.owner_id,
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "message": "",
        "consent_at": NOW,
        "body_sha256": sha256("body"),
    }
    return await Inquiries(database).submit(
        inquiry_id=inquiry_id, session_id=session_id, **(values | other)
    )


async def test_an_inquiry_is_for_the_head_with_its_price(database: Database, world: World) -> None:
    configuration, session_id = await world.configuration(), uuid4()
    await visit(database, session_id)
    async with Committer(database) as committer:
        await committer.commit(request(configuration, 0))
    inquiry = await submit(database, configuration, uuid4(), session_id)
    assert inquiry is not None
    assert (inquiry.version, inquiry.total_cents) == (1, 18_880_000)
    assert inquiry.selection == {"nest": {"option": "nest120"}}
    assert inquiry.status == "NEW"
    head = await Configurations(database).load(configuration.id)
    assert head is not None
    assert head.status == "inquired"
    session = await Sessions(database).get(session_id)
    assert session is not None
    assert (session.status, session.order_value_cents) == ("COMPLETED", 18_880_000)
    assert session.configuration_id == configuration.id
    assert session.completed_at is not None
    assert await Inquiries(database).get(inquiry.id) == inquiry
    assert await Inquiries(database).latest() == [inquiry]


async def test_an_inquiry_sent_twice_is_one(database: Database, world: World) -> None:
    configuration, inquiry_id = await world.configuration(), uuid4()
    async with asyncio.TaskGroup() as tasks:
        sent = [tasks.create_task(submit(database, configuration, inquiry_id)) for _ in range(4)]
    assert len({task.result().id for task in sent if (task.result()) is not None}) == 1  # type: ignore[union-attr]
    assert len(await Inquiries(database).latest()) == 1
    with pytest.raises(InquiryDiffers):
        await submit(database, configuration, inquiry_id, body_sha256=sha256("other"))
    with pytest.raises(InquiryDiffers):
        await submit(database, await world.configuration(), inquiry_id)


async def test_an_inquiry_for_an_unknown_configuration_is_not_stored(
    database: Database, world: World
) -> None:
    configuration = await world.configuration()
    assert await submit(database, configuration, uuid4(), configuration_id=uuid4()) is None


async def test_the_price_of_an_inquiry_belongs_to_its_version(
    database: Database, world: World
) -> None:
    """While ops keep coming, every inquiry shows a price that its version really had."""
    configuration = await world.configuration()
    done = asyncio.Event()

    async def write(committer: Committer) -> None:
        for version in range(150):
            await committer.commit(request(configuration, version))
        done.set()

    async with Committer(database) as committer, asyncio.TaskGroup() as tasks:
        tasks.create_task(write(committer))
        while not done.is_set():
            inquiry = await submit(database, configuration, uuid4())
            assert inquiry is not None
            if inquiry.version:
                assert inquiry.total_cents == 18_880_000 + inquiry.version - 1


async def test_an_admin_link_works_once(database: Database) -> None:
    admins = Admins(database)
    await admins.mint_link(sha256("link"), NOW + timedelta(minutes=10))
    async with asyncio.TaskGroup() as tasks:
        uses = [
            tasks.create_task(
                admins.use_link(
                    sha256("link"), new(f"session {n}"), NOW, audit=Audit(database, KEY)
                )
            )
            for n in range(5)
        ]
    assert Counter(use.result() for use in uses) == {True: 1, False: 4}
    sessions = [sha256(f"session {n}") for n in range(5)]
    opened = await admins.names_of_valid(sessions, NOW)
    assert [each in opened for each in sessions] == [use.result() for use in uses]


async def test_a_session_has_the_name_of_its_link(database: Database) -> None:
    admins, until = Admins(database), NOW + timedelta(hours=8)
    for name in ("Anna Leitner", None):
        link, session = sha256(f"link of {name}"), sha256(f"session of {name}")
        begun = new(f"session of {name}")
        await admins.mint_link(link, until, name=name)
        assert await admins.use_link(link, begun, NOW, audit=Audit(database, KEY))
        assert await admins.names_of_valid([session, sha256("other")], NOW) == {session: name}
    await admins.open_session(sha256("program"), until, name="Import")
    assert await admins.names_of_valid([sha256("program")], NOW) == {sha256("program"): "Import"}


async def test_admin_access_ends(database: Database) -> None:
    admins, session, begun = Admins(database), sha256("session"), new("session")
    lines = Audit(database, KEY)
    await admins.mint_link(sha256("late"), NOW)
    assert not await admins.use_link(sha256("late"), begun, NOW, audit=lines)
    assert not await admins.use_link(sha256("no"), begun, NOW, audit=lines)
    await admins.mint_link(sha256("link"), NOW + timedelta(minutes=10))
    assert await admins.use_link(sha256("link"), begun, NOW, audit=lines)
    assert session in await admins.names_of_valid([session], NOW)
    assert session not in await admins.names_of_valid([session], NOW + timedelta(hours=8))
    by = lines.by(Actor("Anna"))
    assert await admins.revoke([session], NOW, by=by) == [session]
    assert await admins.revoke([session], NOW, by=by) == []
    assert session not in await admins.names_of_valid([session], NOW)
    told = [(line.action, line.subject) for line in await lines.latest()]
    assert told == [(f"sessions.{what}", session_id(session)) for what in ("end", "begin")]


async def test_an_unused_session_of_a_browser_ends(database: Database) -> None:
    admins, minutes = Admins(database), timedelta(minutes=1)
    await admins.mint_link(sha256("link"), NOW + 10 * minutes)
    assert await admins.use_link(sha256("link"), new("browser"), NOW, audit=Audit(database, KEY))
    await admins.open_session(sha256("program"), NOW + timedelta(hours=8))
    both = [sha256("browser"), sha256("program")]
    await admins.used(both, NOW + 20 * minutes)
    await admins.used(both, NOW + 10 * minutes)  # what comes late takes nothing back
    until = await admins.open_until(both, NOW + 49 * minutes)
    assert until == {both[0]: NOW + 50 * minutes, both[1]: NOW + timedelta(hours=8)}
    listed = await admins.listed(NOW + 49 * minutes)
    assert {(each.user_agent, each.network, each.idle_minutes) for each in listed} == {
        ("x" * 120, "10.0.0.0/24", 30),
        (None, None, None),
    }
    assert set(await admins.names_of_valid(both, NOW + 50 * minutes)) == {both[1]}


async def test_the_day_counts_sessions_and_inquiries(database: Database, world: World) -> None:
    configuration = await world.configuration()
    await visit(database, uuid4())
    await submit(database, configuration, uuid4())
    day = await Statistics(database).day(datetime.now(UTC))
    assert (day.sessions_started, day.sessions_active, day.inquiries) == (1, 1, 1)
    kpis = await Figures(database).kpis(parse_range({"timeRange": "24h"}, datetime.now(UTC)))
    assert kpis.inquiries == day.inquiries
    assert (day.interactions, day.interactions_last_minute) == (0, 0)


async def test_only_who_may_inquire_at_that_moment_does(database: Database, world: World) -> None:
    configuration = await world.configuration()
    editor = await world.member(configuration, Role.EDITOR)
    assert await submit(database, configuration, uuid4(), person_id=editor.id) is None
    await world.grant(configuration, editor.id, Role.ADVISOR)
    assert await submit(database, configuration, uuid4(), person_id=editor.id) is not None
    await Shares(database).remove(configuration.id, editor.id, by=configuration.owner_id)
    assert await submit(database, configuration, uuid4(), person_id=editor.id) is None
    untouched = await world.configuration()
    assert await submit(database, untouched, uuid4(), person_id=editor.id) is None
    head = await Configurations(database).load(untouched.id)
    assert head is not None
    assert head.status == "open"


def remembered() -> int:
    """The number of answers in the caches of functions in this process."""
    caches = (each for each in gc.get_objects() if type(each) is _lru_cache_wrapper)
    return sum(each.cache_info().currsize for each in caches)


async def test_a_view_within_a_session_is_not_remembered(database: Database, world: World) -> None:
    """Each view brings a new key in case it begins a session; one small object that stays of each
    keeps the memory that its page had from going back to the system."""
    configuration = await world.configuration()

    async def view() -> UUID:
        current = await Sessions(database).current(
            person_id=configuration.owner_id,
            configuration_id=configuration.id,
            new_key=f"client_{uuid4()}",
            since=LONG_AGO,
        )
        return current.id

    session = await view()
    await view()
    before = remembered()
    assert {await view() for _ in range(20)} == {session}
    assert remembered() == before
