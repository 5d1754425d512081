"""Accepted settings work, or are refused at the start and by the doctor in the same sentence."""

import ssl
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis

from app.doctor.doctor import examine
from app.doctor.redis import look_at_redis
from app.doctor.usable import database_problem, redis_problem, require_usable
from app.embedded.servers import valkey_program
from app.settings.settings import SettingsError, parse_settings
from storage.errors import StorageUnavailable
from storage.postgres.engine import Database
from storage.postgres.schema.lacking import lacking_rights
from storage.postgres.schema.roles import WEB, WORKER
from storage.redis.client import Redis
from storage.tls import tls_problem
from tests.storage.link import link_to
from tests.support.programs.pgbouncer import pgbouncer
from tests.support.programs.ports import free_port
from tests.support.programs.processes import CHECKOUT, Process, nest, passed_on
from tests.support.programs.servers import for_role
from tests.support.waiting import eventually


@pytest.mark.parametrize(
    ("given", "driven"),
    [
        ("valkey://h:6379/2", "redis://h:6379/2"),
        ("valkeys://:p%40@h/0?ssl_cert_reqs=none", "rediss://:p%40@h/0?ssl_cert_reqs=none"),
        ("redis://[::1]:6379/0?protocol=3&socket_timeout=9&db=1", "redis://[::1]:6379/0?db=1"),
        ("redis://u:p@h", "redis://u:p@h"),
        ("unix:///run/valkey.sock?db=1", "unix:///run/valkey.sock?db=1"),
    ],
)
def test_any_spelling_of_a_redis_url_becomes_one(given: str, driven: str) -> None:
    found = parse_settings({"REDIS_URL": given}).redis_url
    assert found == driven
    assert Redis(found).connection() is not None  # the driver takes it


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("redis+cluster://h:6379", "names a cluster or sentinels"),
        ("rediss+sentinel://h:6379/mymaster", "names a cluster or sentinels"),
        ("redis://a:1,b:2/0", "names several hosts"),
        ("redis://h/cache", "must end with the number of a database"),
        ("redis://h:port/0", "must have a host and a port"),
        ("redis://h/0?ssl_ca_certs=/x", "no TLS: write rediss://"),
        ("rediss://h/0?ssl_ca_certs=/x/y", "ssl_ca_certs=/x/y, a file that does not exist"),
        ("rediss://h/0?ssl_cert_reqs=maybe", "one of none, optional, required"),
        ("redis://:hush@h/0?colour=red", "parameters that are not known: colour"),
        ("unix://?db=0", "must name a socket"),
    ],
)
def test_a_url_that_no_driver_takes_is_reported_in_one_sentence(given: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings({"REDIS_URL": given})
    (sentence,) = caught.value.problems
    assert sentence.startswith("REDIS_URL ")
    assert problem in sentence
    assert "hush" not in sentence


async def test_the_stores_of_the_tests_are_usable(database_url: str, redis_url: str) -> None:
    assert await database_problem("DATABASE_URL", database_url) is None
    assert await redis_problem(redis_url) is None


@pytest.mark.parametrize("command", ["web", "worker", "migrate", "run", "doctor"])
async def test_a_pooler_is_refused_by_every_command(
    database_url: str, redis_url: str, tmp_path: Path, command: str
) -> None:
    async with pgbouncer(
        database_url, tmp_path, pool_mode="transaction", drops_settings=True
    ) as url:
        process = Process(
            *nest(command),
            environ={"DATABASE_URL": url, "REDIS_URL": redis_url, "NEST_HOME": str(tmp_path / "h")},
        )  # fmt: skip
        with process:
            await eventually(lambda: not process.alive)
            assert "DATABASE_URL: a pooler stands before PostgreSQL" in process.log
            assert "give the address of PostgreSQL itself" in process.log


async def test_a_node_of_a_cluster_is_refused(tmp_path: Path) -> None:
    socket = tmp_path / "node.sock"
    node = Process(
        str(valkey_program()), "--port", "0", "--unixsocket", str(socket), "--dir", str(tmp_path),
        "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--cluster-port", str(free_port()),
    )  # fmt: skip
    with node:
        await eventually(lambda: "Ready to accept" in node.log)
        problem = await redis_problem(f"unix://{socket}?db=0")
        findings = await look_at_redis(f"unix://{socket}?db=0")
    assert problem is not None
    assert "a node of a cluster; NEST-Haus Live uses one server" in problem
    assert [each.state for each in findings] == ["wrong"]


async def test_a_database_that_redis_does_not_have_is_refused(redis_url: str) -> None:
    url = f"{redis_url.partition('?')[0]}?db=9999"
    problem = await redis_problem(url)
    assert problem is not None
    assert "no database with the number" in problem


def test_a_store_that_is_away_is_waited_for() -> None:
    require_usable({"DATABASE_URL": "postgresql://nest@127.0.0.1:1/nest"}, "redis://127.0.0.1:1/0")


async def test_rights_that_a_login_of_redis_lacks_are_named(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as owner:
        owner.acl_setuser("narrow", enabled=True, nopass=True, commands=["+@all", "-xautoclaim"],
                          keys=["{activity}:*", "presence:*", "online:*"], channels=["*"])  # fmt: skip
    try:
        async with link_to(redis_url) as link:
            findings = await look_at_redis(link.url.replace("redis://", "redis://narrow:x@"))
    finally:
        with redis.Redis.from_url(redis_url) as owner:
            owner.acl_deluser("narrow")
    assert [each.state for each in findings] == ["wrong", "wrong"]
    assert "may not use XAUTOCLAIM {activity}:events: without them interactions" in findings[0].text
    assert "GETDEL ticket:{none}" in findings[1].text


async def test_rights_that_a_login_of_postgres_lacks_are_named(database_url: str) -> None:
    web = for_role(database_url, WEB)
    assert await lacking_rights(database_url, WORKER) == ()
    assert await lacking_rights(web, WEB) == ()
    assert "SELECT on settled_entries" not in await lacking_rights(web, WORKER)
    assert "DELETE on settled_entries" in await lacking_rights(web, WORKER)
    owner = await asyncpg.connect(database_url)
    await owner.execute(f"REVOKE UPDATE ON people FROM {WEB}")
    await owner.close()
    assert await lacking_rights(web, WEB) == ("UPDATE on people",)


async def test_tls_that_a_server_does_not_offer_is_reported(
    database_url: str, redis_url: str
) -> None:
    async with link_to(database_url) as link:
        database = Database(f"{link.url}?sslmode=require")
        with pytest.raises(StorageUnavailable, match="it offers no TLS, which sslmode asks for"):
            async with database:
                await database.ping()
    async with link_to(redis_url) as link:
        host = urlsplit(link.url).netloc
        with pytest.raises(StorageUnavailable, match="or it does not speak TLS"):
            async with Redis(f"rediss://{host}/0") as stores:
                await stores.ping()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (18, "from an authority that is not trusted: name that as sslrootcert"),
        (20, "from an authority that is not trusted: name that as sslrootcert"),
        (62, "for another host name"),
        (10, "out of date"),
        (99, "is not accepted"),
    ],
)
def test_a_certificate_that_is_not_accepted_is_reported_in_words(code: int, said: str) -> None:
    refused = ssl.SSLCertVerificationError(1, "certificate verify failed")
    refused.verify_code = code
    later = ConnectionError("lost")
    later.__cause__ = refused
    assert said in str(tls_problem(later, authority="sslrootcert"))


def test_the_doctor_stops_at_settings_that_cannot_be(tmp_path: Path) -> None:
    environ = {"REDIS_URL": "redis+cluster://h:1", "NEST_HOME": str(tmp_path)}
    done = subprocess.run(
        nest("doctor"), cwd=CHECKOUT, env={**passed_on(), **environ},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("nest: REDIS_URL names a cluster or sentinels;")


async def test_low_disk_space_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 100_000_000

    monkeypatch.setattr("app.doctor.home.disk_usage", lambda _path: Usage)
    environ = {"NEST_HOME": str(tmp_path / "none" / "yet"), "PORT": "1"}
    findings = await examine(parse_settings(environ), environ)
    (space,) = [each for each in findings if "MB are free" in each.text]
    assert (space.state, space.subject) == ("wrong", "home")
    assert f"100 MB are free at {tmp_path}" in space.text
