"""A web process as installed - every limit as it ships - to be attacked over loopback."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from tests.attack.victim import Victim
from tests.support.programs.http_server import echoing
from tests.support.programs.processes import web

StartVictim = Callable[..., Awaitable[Victim]]


@pytest.fixture
async def start_victim(database_url: str, redis_url: str) -> AsyncIterator[StartVictim]:
    """Start `nest web` with the settings given by name, beside those that it ships with.

    ``descriptors`` are all that the process may have.
    """
    async with AsyncExitStack() as stack:

        async def start(*, descriptors: int | None = None, **environ: str) -> Victim:
            settings = {"NEST_LIMIT_SCALE": "1", **environ}
            process = web(database_url, redis_url, port=None, **settings)
            if descriptors is not None:
                process.command = ("prlimit", f"--nofile={descriptors}", *process.command)
            process.environ.setdefault("NEST_LOG_FORMAT", "json")
            stack.enter_context(process)
            return Victim(await process.ready())

        yield start


@pytest.fixture
async def victim(start_victim: StartVictim) -> Victim:
    return await start_victim()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with echoing() as listened:
        yield listened
