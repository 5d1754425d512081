"""A person's token ends when nobody uses it; its use is written down once a day, not per request."""

from datetime import datetime, timedelta

import asyncpg
import pytest

from realtime.people.auth import KNOWN_SECONDS, TOKEN_USED
from realtime.people.cookies import PERSON_SECONDS
from realtime.people.principal import token_sha256
from storage.postgres.people.people import TOKEN_UNUSED_MAX
from tests.realtime.clients import joined, opened
from tests.realtime.conftest import RunningWeb
from tests.realtime.people.guests import statements

pytestmark = pytest.mark.no_sweeps

HOUR = timedelta(hours=1)


def test_a_token_lives_as_long_as_its_cookie() -> None:
    assert TOKEN_UNUSED_MAX.total_seconds() == PERSON_SECONDS


async def used(web: RunningWeb, token: str | None, before: timedelta | None = None) -> datetime:
    """The last use of the token; if `before` is given, it is set to that long before now."""
    connection = await asyncpg.connect(web.owner_url)
    try:
        if before is not None:
            await connection.execute(
                "UPDATE people SET token_used_at = now() - $2::interval WHERE token_sha256 = $1",
                token_sha256(token or ""), before,
            )  # fmt: skip
            web.time.go_on(timedelta(seconds=KNOWN_SECONDS))
        found: datetime = await connection.fetchval(
            "SELECT token_used_at FROM people WHERE token_sha256 = $1", token_sha256(token or "")
        )
        return found
    finally:
        await connection.close()


@pytest.mark.parametrize("removed", [False, True])
async def test_a_token_that_nobody_used_opens_nothing(web: RunningWeb, *, removed: bool) -> None:
    """(AU14) On every way, before and after the job that removes its hash."""
    api = web.api()
    house = await api.create()
    way_back = (await api.call("POST", "/api/people/me/way-back")).json()["url"]
    await used(web, api.token, TOKEN_UNUSED_MAX + HOUR)
    if removed:
        connection = await asyncpg.connect(web.worker_url)
        await connection.execute("SELECT * FROM forget_ended_tokens(10)")
        await connection.close()
    path = f"/api/configurations/{house['code']}"
    cookie = {"cookie": f"nest_person={api.token}"}
    assert (await api.call("GET", path)).status_code == 401
    assert (await web.api().call("GET", path, headers=cookie)).status_code == 401
    for way in ("token", "way-back"):
        assert (await api.call("POST", f"/api/people/me/{way}")).status_code == 401
    async with opened(web.ws_url) as socket:
        assert (await socket.hello(api.token))["code"] == "not_authenticated"
    body = {"token": way_back.partition("#")[2]}
    assert (await web.api().call("POST", "/api/people/come-back", json=body)).status_code == 200


async def test_a_token_that_is_used_stays_and_is_noted_once_a_day(web: RunningWeb) -> None:
    """(AU14)"""
    api = web.api()
    house = await api.create()
    path = f"/api/configurations/{house['code']}"
    await used(web, api.token, TOKEN_UNUSED_MAX - HOUR)
    assert (await api.call("GET", path)).status_code == 200
    noted = await used(web, api.token)
    assert await used(web, api.token, TOKEN_USED - HOUR) < noted
    with statements(web) as asked:
        for _ in range(5):
            web.time.go_on(timedelta(seconds=KNOWN_SECONDS))
            assert (await api.call("GET", path)).status_code == 200
    assert [each for each in asked if "token_sha256" in each]
    assert not [each for each in asked if each.startswith("UPDATE people")]
    earlier = await used(web, api.token, TOKEN_USED + HOUR)
    assert (await api.call("GET", path)).status_code == 200
    assert await used(web, api.token) > earlier


async def test_a_connection_that_stays_open_uses_its_token(web: RunningWeb) -> None:
    """(AU14) Nothing is asked with it again; the sweep notes it, and does not end the connection."""
    api = web.api()
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["code"]):
        connection = await asyncpg.connect(web.owner_url)
        await connection.execute("UPDATE people SET last_seen_at = now() - interval '1 day'")
        await connection.close()
        earlier = await used(web, api.token, timedelta(days=2))
        await web.parts.people.grants.sweep()
        assert await used(web, api.token) > earlier
