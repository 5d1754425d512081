"""A store that cannot be used is told in words: which one, where, why, and what to do."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from app.away import away
from app.doctor.doctor import examine_database
from app.doctor.logins import look_at_logins, see_logins
from app.settings.settings import Settings, parse_settings
from storage.errors import StorageUnavailable
from storage.postgres.engine import Database
from storage.postgres.failures import describe, refuses_login, storage_errors
from storage.redis.client import Redis
from tests.storage.link import link_to
from tests.support.programs.ports import free_port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    environ = {
        "NEST_HOME": str(tmp_path / "home"),
        "DATABASE_URL": f"postgresql://u:hush@127.0.0.1:{free_port()}/x",
        "REDIS_URL": f"redis://:hush@127.0.0.1:{free_port()}/0",
    }
    return parse_settings(environ, node="test")


async def test_the_sentence_where_nothing_listens(settings: Settings) -> None:
    with pytest.raises(StorageUnavailable) as postgres:
        async with Database(settings.database_url) as database:
            await database.ping()
    with pytest.raises(StorageUnavailable) as redis:
        async with Redis(settings.redis_url) as stores:
            await stores.ping()
    for error, setting in ((postgres.value, "DATABASE_URL"), (redis.value, "REDIS_URL")):
        said = away(error, settings)
        assert "127.0.0.1:" in said
        assert "cannot be used: nothing listens there" in said
        assert setting in said
        assert "hush" not in said
        assert "Error" not in said


async def test_a_host_with_several_addresses_and_a_socket_that_is_not_there(tmp_path: Path) -> None:
    both = OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 111] ...")
    assert describe(both) == "nothing listens there, on any of its addresses"
    with pytest.raises(StorageUnavailable, match="there is no such socket"):
        async with Database(f"postgresql:///x?host={tmp_path}") as database:
            await database.ping()


async def test_none_of_several_hosts_fits(database_url: str) -> None:
    """A failover before the promotion: one host is dead, and the other one is no primary."""
    parts = urlsplit(database_url)
    place = parse_qs(parts.query).get("host", [f"{parts.hostname or 'localhost'}"])[0]
    port = parts.port or 5432
    login = f"postgresql://{parts.username}:{parts.password or ''}@{parts.path}"
    both = f"host=127.0.0.1,{place}&port={free_port()},{port}"
    for hosts, met in (
        (both, "of at least one: nothing listens there"),
        (f"host={place},{place}&port={port},{port}", "those that answer are standbys"),
    ):
        with pytest.raises(StorageUnavailable) as told:
            async with Database(f"{login}?{hosts}&target_session_attrs=standby") as database:
                await database.ping()
        said = str(told.value)
        assert "none of its 2 hosts is there and fits target_session_attrs=standby" in said
        assert met in said
        assert place not in said
    async with Database(f"{login}?{both}&target_session_attrs=read-write") as database:
        await database.ping()


def test_a_login_that_is_refused() -> None:
    for kind in (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError):
        with (
            pytest.raises(StorageUnavailable, match=r"it refuses .* \(28") as told,
            storage_errors(1),
        ):
            raise kind("no")
        assert refuses_login(told.value)
    with pytest.raises(StorageUnavailable) as told, storage_errors(1):
        raise ConnectionResetError
    assert not refuses_login(told.value)


async def test_a_frozen_database_has_no_wrong_login(settings: Settings, database_url: str) -> None:
    async with link_to(database_url) as link:
        link.freeze()
        (finding,) = await examine_database(link.url)
    assert "it does not answer within 3 s" in finding.text
    assert "password" not in finding.mend

    webs = replace(settings, web_database_url=settings.database_url.replace("u:", "web:"))
    seen = await see_logins(webs)
    assert look_at_logins(webs, seen, database_works=False).wrong == ()
    assert len(look_at_logins(webs, seen, database_works=True).wrong) == 2
