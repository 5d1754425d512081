"""One message to every web process, from a process that has no bus."""

from storage.redis.client import Redis, call, commands


async def publish_once(redis: Redis, channel: str, payload: bytes) -> None:
    """Sends to every process that listens to the channel now. Raises StorageUnavailable."""
    async with call(redis):
        await commands(redis).publish(redis.channel(channel), payload)
