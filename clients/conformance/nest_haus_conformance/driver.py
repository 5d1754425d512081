"""A client under test: a program that the kit starts and speaks to in lines of JSON.

It finds ``NEST_URL``, ``NEST_TOKEN`` and ``NEST_CODE`` in its environment, connects, joins, and
prints ``{"ready": true}``. After that it reads and prints lines:

    {"do": "op", "operation": {...}}   ask for a change. As soon as it has an outcome, print
                                       {"outcome": {...}} (the message as the server sent it). If it
                                       ends without one - the server refused it for good, the house
                                       was left, the client takes no more - print
                                       {"refused": {"code": "read_only"}}; the code is for people
    {"do": "state"}                    print {"state": {"epoch", "version", "selection",
                                       "total_cents", "pending"}}: what the server confirmed, and
                                       how many ops have no outcome yet
    {"do": "end"}                      close and exit

Whenever the client says that the house was restored from a backup, print ``{"restored": {"to":
"2026-11-03T10:00:00Z"}}``: the moment that the server told, or null if it told none. Its standard
error is shown when a check fails.
"""

import asyncio
import json
import os
import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from nest_haus_conformance.peer import Json
from nest_haus_conformance.verdicts import expect

END_SECONDS = 5


class Driver:
    """The running program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._news = asyncio.Condition()
        self._states: list[Json] = []
        self._ended = False
        self.ready = False
        self.outcomes: list[Json] = []
        self.refused: list[Json] = []
        self.restored: list[Json] = []

    async def op(self, operation: Json) -> None:
        """Let it ask for a change."""
        await self._say({"do": "op", "operation": operation})

    async def state(self) -> Json:
        """Its present state."""
        known = len(self._states)
        await self._say({"do": "state"})
        await self._until(lambda: len(self._states) > known)
        return self._states[-1]

    async def until_ready(self) -> None:
        """Wait until it has joined."""
        await self._until(lambda: self.ready)

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait for a line that it prints. Raises AssertionError if it has ended."""
        async with self._news:
            await self._news.wait_for(lambda: condition() or self._ended)
        expect(condition(), "the client ended by itself")

    async def listen(self) -> None:
        """Handle the lines that it prints, until it ends."""
        assert self._process.stdout is not None  # noqa: S101 - it was opened with one
        async for line in self._process.stdout:
            with suppress(ValueError):
                self._take(json.loads(line))
            async with self._news:
                self._news.notify_all()
        self._ended = True
        async with self._news:
            self._news.notify_all()

    def _take(self, said: Json) -> None:
        if "outcome" in said:
            self.outcomes.append(said["outcome"])
        elif "refused" in said:
            self.refused.append(said["refused"])
        elif "restored" in said:
            self.restored.append(said["restored"])
        elif "state" in said:
            self._states.append(said["state"])
        elif said.get("ready"):
            self.ready = True

    async def _say(self, line: Json) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was opened with one
        with suppress(OSError):  # it has ended; the reader of its lines learns that
            self._process.stdin.write(json.dumps(line).encode() + b"\n")
            await self._process.stdin.drain()

    async def end(self) -> str:
        """Let it end, or end it; returns its standard error."""
        await self._say({"do": "end"})
        with suppress(TimeoutError, ProcessLookupError):
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
        if self._process.returncode is None:
            self._process.kill()
        assert self._process.stderr is not None  # noqa: S101 - it was opened with one
        return (await self._process.stderr.read()).decode(errors="replace")


@asynccontextmanager
async def driving(command: str, *, url: str, token: str, code: str) -> AsyncIterator[Driver]:
    """The program, after it has joined; if the block fails, the error has its standard error."""
    process = await asyncio.create_subprocess_exec(
        *shlex.split(command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NEST_URL": url, "NEST_TOKEN": token, "NEST_CODE": code},
    )
    driver = Driver(process)
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(driver.listen())
        try:
            await driver.until_ready()
            yield driver
        except AssertionError as broken:
            said = (await driver.end())[-400:]
            raise AssertionError(f"{broken}{' | ' + said if said else ''}") from None
        finally:
            await driver.end()
            listening.cancel()
