"""The client says when Redis is away; presence expires by itself."""

from uuid import uuid4

import pytest

from storage.errors import StorageDefect, StorageUnavailable
from storage.redis.client import Durability, Redis
from storage.redis.presence import PresenceReports
from tests.storage.conftest import command, until
from tests.storage.link import link_to
from tests.support.programs.ports import free_port


async def test_ping_answers(redis: Redis) -> None:
    await redis.ping()


async def test_a_redis_that_is_not_there_is_unavailable() -> None:
    async with Redis(f"redis://127.0.0.1:{free_port()}", retry_after_seconds=2.5) as redis:
        with pytest.raises(StorageUnavailable) as raised:
            await redis.ping()
        with pytest.raises(StorageUnavailable):
            await PresenceReports(redis).all(uuid4())
        with pytest.raises(StorageUnavailable):
            await redis.durability()
    assert raised.value.retry_after_seconds == 2.5


async def test_a_redis_that_does_not_answer_is_unavailable_at_the_deadline(redis_url: str) -> None:
    async with link_to(redis_url) as link, Redis(link.url, call_seconds=0.5) as redis:
        await until(lambda: answers(redis))
        link.freeze()
        with pytest.raises(StorageUnavailable):
            await redis.ping()
        link.mend()
        await until(lambda: answers(redis))


async def answers(redis: Redis) -> bool:
    """Whether Redis answers within the deadline."""
    try:
        await redis.ping()
    except StorageUnavailable:
        return False
    return True


async def test_a_cut_connection_is_replaced(redis_url: str) -> None:
    async with link_to(redis_url) as link, Redis(link.url) as redis:
        await redis.ping()
        link.cut()
        await redis.ping()


async def test_a_value_that_is_not_sent_is_a_defect(redis: Redis) -> None:
    with pytest.raises(StorageDefect), redis.errors():
        await redis.client.set("key", {"a": "dictionary"})  # type: ignore[arg-type]


async def test_a_command_that_there_is_not_is_an_outage(redis: Redis) -> None:
    """A module was unloaded, a command was renamed, the server is an older one."""
    with pytest.raises(StorageUnavailable), redis.errors():
        await command(redis, "NO-SUCH-COMMAND")


async def test_a_refusal_is_told_without_what_was_refused(redis: Redis) -> None:
    await command(redis, "SET", "name-of-a-key", "text")
    with pytest.raises(StorageUnavailable, match=r" \(WRONGTYPE\)$") as told, redis.errors():
        await command(redis, "LPUSH", "name-of-a-key", "text")
    assert "name-of-a-key" not in str(told.value)


async def test_durability_is_read(redis: Redis) -> None:
    durability = await redis.durability()
    assert durability.append_only is not None
    assert durability.append_fsync in {"always", "everysec", "no"}
    assert durability.eviction_policy


async def test_durability_is_unknown_where_config_is_forbidden(
    redis: Redis, redis_url: str
) -> None:
    name = f"nest{uuid4().hex[:8]}"
    await command(redis, "ACL", "SETUSER", name, "on", ">secret", "~*", "&*", "+@all", "-config")
    try:
        async with link_to(redis_url) as link:
            limited = link.url.replace("redis://", f"redis://{name}:secret@", 1)
            async with Redis(limited) as other:
                durability = await other.durability()
    finally:
        await command(redis, "ACL", "DELUSER", name)
    assert durability == Durability(append_only=None, append_fsync=None, eviction_policy=None)
    assert durability.loses_nothing is None


@pytest.mark.parametrize(
    ("append_only", "policy", "loses_nothing"),
    [
        (True, "noeviction", True),
        (False, "noeviction", False),
        (True, "allkeys-lru", False),
        (None, "noeviction", None),
    ],
)
def test_settings_of_redis_that_lose_nothing(
    append_only: bool | None, policy: str, loses_nothing: bool | None
) -> None:
    durability = Durability(
        append_only=append_only, append_fsync="everysec", eviction_policy=policy
    )
    assert durability.loses_nothing is loses_nothing


async def test_presence_is_per_process(redis: Redis) -> None:
    presence, house = PresenceReports(redis), uuid4()
    assert await presence.all(house) == {}
    await presence.put(house, "a", b"[1]", 60)
    await presence.put(house, "b", b"[2]", 60)
    await presence.put(house, "a", b"[3]", 60)
    assert await presence.all(house) == {"a": b"[3]", "b": b"[2]"}
    assert await presence.all(uuid4()) == {}
    await presence.remove(house, "a")
    await presence.remove(house, "never there")
    assert await presence.all(house) == {"b": b"[2]"}


async def test_a_process_that_stays_silent_is_gone(redis: Redis) -> None:
    presence, house = PresenceReports(redis), uuid4()
    await presence.put(house, "dead", b"[]", 0.05)
    await presence.put(house, "alive", b"[]", 60)

    async def only_the_living() -> bool:
        return set(await presence.all(house)) == {"alive"}

    await until(only_the_living)
    assert await redis.client.smembers(f"presence:{{{house}}}") == {b"alive"}


async def test_nothing_stays_when_all_are_gone(redis: Redis) -> None:
    presence, house = PresenceReports(redis), uuid4()
    await presence.put(house, "a", b"[]", 0.02)

    async def nothing_left() -> bool:
        return not await redis.client.keys(f"presence:*{house}*")

    await until(nothing_left)


async def test_processes_report_how_they_are(redis: Redis) -> None:
    presence = PresenceReports(redis)
    one, other = str(uuid4()), str(uuid4())
    await presence.report(other, b"{}", 0.02)
    await presence.report(one, b"{}", 60)
    assert one in await presence.reports()

    async def other_gone() -> bool:
        return other not in await presence.reports()

    await until(other_gone)
    assert one in await presence.reports()
