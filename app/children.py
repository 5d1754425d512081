"""Child programs of the supervisor: output passed on line by line, restarted after a crash.

A child ends with its supervisor in two ways: its standard input closes (portable; `nest web` and
`nest worker` watch it) and the kernel signals it (Linux, any program).
"""

import asyncio
import os
import signal
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.backoff import Backoff
from app.server_process import launched

LINE_LIMIT_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A child: its name in the output and its command line."""

    name: str
    command: tuple[str, ...]


class Child:
    """One program kept alive until `run` is cancelled; then it has ended, kindly or by force."""

    def __init__(
        self,
        program: Program,
        *,
        environ: Mapping[str, str],
        stop_deadline_seconds: float,
        show: Callable[[str, str], None],
    ) -> None:
        self.program = program
        self._environ = dict(environ)
        self._stop_deadline_seconds = stop_deadline_seconds
        self._show = show

    async def run(self) -> None:
        """Start the program again and again, with back-off, until cancelled."""
        backoff = Backoff()
        while True:
            began = time.monotonic()
            code = await self._run_once()
            delay_seconds = backoff.next_delay(alive_seconds=time.monotonic() - began)
            self._show("nest", f"{self.program.name} ended with {code}, again in {delay_seconds} s")
            await asyncio.sleep(delay_seconds)

    async def _run_once(self) -> int:
        process = await asyncio.create_subprocess_exec(
            *launched(*self.program.command, as_service_user=False),
            stdin=PIPE,  # never written to: that it closes is the message
            stdout=PIPE,
            stderr=STDOUT,
            env=self._environ,
            start_new_session=True,
        )
        try:
            return await self._follow(process)
        finally:
            if process.returncode is None:
                process.terminate()
                try:
                    async with asyncio.timeout(self._stop_deadline_seconds):
                        await self._follow(process)
                except TimeoutError:
                    self._show("nest", f"{self.program.name} did not stop in time")
            _kill_group(process.pid)
            await _exited(process)

    async def _follow(self, process: Process) -> int:
        """Show what it says until it has ended; returns its exit code.

        Its end is looked for, not concluded from closed pipes (`Process.wait` does that in some
        versions of Python): something it started may live on and hold them open.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pass_on(process), name=f"output of {self.program.name}")
            code = await _exited(process)
            _kill_group(process.pid)
        return code

    async def _pass_on(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for above
        rest = b""
        while piece := await process.stdout.read(LINE_LIMIT_BYTES):
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > LINE_LIMIT_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._show(self.program.name, line.decode(errors="replace"))
        if rest:
            self._show(self.program.name, rest.decode(errors="replace"))


async def _exited(process: Process) -> int:
    while process.returncode is None:  # noqa: ASYNC110 - a process, not a task, changes it
        await asyncio.sleep(0.02)
    return process.returncode


def _kill_group(leader: int) -> None:
    """End everything the child started: it leads a session of its own."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # nobody left (macOS says EPERM)
        return
