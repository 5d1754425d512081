"""Redis refuses: why, in words, for every reply that an operator can bring about."""

import pytest
from redis import exceptions
from redis.exceptions import RedisError, ResponseError

from storage.redis.client import Redis

REPLIES = {
    "ACL": exceptions.NoPermissionError("User nest has no permissions to run the 'xadd' command"),
    "replica": exceptions.ReadOnlyError("You can't write against a read only replica."),
    "memory": exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
    "primary": exceptions.MasterDownError("Link with MASTER is down"),
    "node of a cluster,": exceptions.MovedError("3999 10.1.2.3:6381"),
    "does not work": exceptions.ClusterDownError("Hash slot not served"),
    "connections": exceptions.ConnectionError("max number of clients reached"),
    "disk": ResponseError("MISCONF Redis is configured to save RDB snapshots"),
    "another type": ResponseError("WRONGTYPE Operation against a key"),
    "removed": ResponseError("UNBLOCKED the stream key no longer exists"),
    "number in REDIS_URL": ResponseError("DB index is out of range"),
}


@pytest.mark.parametrize(("word", "error"), REPLIES.items())
async def test_each_reply_is_told_in_words(word: str, error: RedisError) -> None:
    async with Redis("redis://127.0.0.1:1") as redis:
        said = str(redis.unavailable(error))
    assert word in said
    assert "Error" not in said
    assert "10.1.2.3" not in said


async def test_a_login_that_is_refused_is_told_though_the_driver_calls_it_a_lost_connection() -> (
    None
):
    lost = exceptions.ConnectionError("invalid username-password pair or user is disabled.")
    lost.__cause__ = exceptions.AuthenticationError("invalid username-password pair")
    async with Redis("redis://127.0.0.1:1") as redis:
        assert str(redis.unavailable(lost)) == "Redis: it refuses user or password"


async def test_a_server_that_is_not_redis_is_reported_in_words() -> None:
    async with Redis("redis://127.0.0.1:1") as redis:
        said = str(redis.unavailable(exceptions.ConnectionError("Connection closed by server.")))
    assert said == "Redis: the connection was lost, or the program that listens there is not Redis"
