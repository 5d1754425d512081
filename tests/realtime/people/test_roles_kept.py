"""Roles that a process remembers: read again when they are old, never replaced by older ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from configurator.people.roles import Role
from realtime.people.grants import FRESH_SECONDS, ROLES_MAX, Grants
from storage.postgres.people.granted import Granted
from tests.realtime.conftest import RunningWeb
from tests.realtime.people.guests import statements
from tests.support.waiting import eventually

pytestmark = pytest.mark.no_sweeps


class Quiet:
    """Somebody who hangs on a grant and writes down what happens to it."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def access_ended(self, configuration_id: UUID) -> None:
        self.heard.append("ended")

    def role_changed(self, configuration_id: UUID, role: Role) -> None:
        self.heard.append(role)

    def renamed(self, name: str) -> None:
        self.heard.append(name)

    def admin_ended(self) -> None:
        self.heard.append("logged out")


async def test_roles_are_read_again_when_they_are_old_and_forgotten_when_unused(
    web: RunningWeb,
) -> None:
    """(AU1)"""
    api = web.api()
    house = await api.create()
    principal = await web.parts.people.authenticator.by_token(api.token or "")
    assert principal is not None
    pair = (UUID(house["id"]), principal.person.id)
    grants = web.parts.people.grants
    web.time.stop()
    with statements(web) as asked:
        assert await grants.role(*pair) is Role.OWNER
        assert await grants.role(*pair) is Role.OWNER
        assert len(asked) == 1
        web.time.go_on(timedelta(seconds=FRESH_SECONDS + 1))
        assert await grants.role(*pair) is Role.OWNER
        assert len(asked) == 2
    for _ in range(20):
        web.time.go_on(timedelta(seconds=10))
        await grants.sweep()
    assert grants.hold(*pair, Quiet()) is None  # it is not known any more


async def test_a_full_house_turns_nobody_away(web: RunningWeb) -> None:
    """(AU1) If there are too many roles, an unused one is forgotten, never the one that was just read."""
    api = web.api()
    houses = [UUID((await api.create())["id"]) for _ in range(4)]
    principal = await web.parts.people.authenticator.by_token(api.token or "")
    assert principal is not None
    async with grants_of(web, web.parts.stores.configuration_stores.shares, roles_max=2) as grants:
        for house in houses:
            assert await grants.role(house, principal.person.id) is Role.OWNER
            assert grants.hold(house, principal.person.id, Quiet()) is Role.OWNER


async def test_an_earlier_reading_never_replaces_a_later_one(web: RunningWeb) -> None:
    """(AU1)"""
    pair, holder, shares = (uuid4(), uuid4()), Quiet(), SlowShares()
    async with grants_of(web, shares) as grants, asyncio.TaskGroup() as tasks:
        earlier = tasks.create_task(grants.read(*pair))
        await eventually(lambda: len(shares.asked) == 1)
        web.time.go_on(timedelta(seconds=1))
        later = tasks.create_task(grants.read(*pair))
        await eventually(lambda: len(shares.asked) == 2)
        shares.asked[1].set_result({pair: Granted(role=Role.OWNER, name="Anna")})
        assert await later is Role.OWNER
        assert grants.hold(*pair, holder) is Role.OWNER
        shares.asked[0].set_result({})
        await earlier
        assert holder.heard == []
        web.time.go_on(timedelta(seconds=1))
        ended = tasks.create_task(grants.read(*pair))
        await eventually(lambda: len(shares.asked) == 3)
        shares.asked[2].set_result({})
        assert await ended is None
        assert holder.heard == ["ended"]


class SlowShares:
    """Roles that are answered when the test says so, in the order that it likes."""

    def __init__(self) -> None:
        self.asked: list[asyncio.Future[dict[tuple[UUID, UUID], Granted]]] = []

    async def roles_of(self, _pairs: object) -> dict[tuple[UUID, UUID], Granted]:
        self.asked.append(asyncio.get_running_loop().create_future())
        return await self.asked[-1]


@asynccontextmanager
async def grants_of(
    web: RunningWeb, shares: object, roles_max: int = ROLES_MAX
) -> AsyncIterator[Grants]:
    """Grants of their own, on the stores and the clocks of a web."""
    grants = Grants(
        shares=shares,  # type: ignore[arg-type]
        people=web.parts.stores.configuration_stores.people,
        sessions=web.parts.people.admin_sessions,
        clock=web.parts.stores.chance.monotonic,
        now=web.parts.stores.chance.now,
        token_ended=lambda _token: None,
        roles_max=roles_max,
    )
    async with grants:
        yield grants
