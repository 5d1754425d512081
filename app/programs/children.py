"""Child programs of the supervisor: output passed on line by line, replaced when they crash or hang.

A child ends with its supervisor in two ways: its standard input closes (portable; `nest web` and
`nest worker` watch it) and the kernel signals it (Linux, any program). The other way, standard input
carries its heartbeat (`app.programs.lifeline`).
"""

import asyncio
import os
import signal
import socket
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from app.programs.lifeline import SERVING, SilentTime
from app.programs.restarts import Restarts
from app.programs.server_process import ending, launched

LINE_LIMIT_BYTES = 65_536
SILENT_SECONDS: Final = 10.0
"""A child whose heartbeat is missing for this many seconds counts as hanging."""

STARTING_SECONDS: Final = 120.0
"""The same before its first heartbeat, because imports are slow on a busy machine."""

TRACEBACK_SECONDS: Final = 0.5
"""Seconds that a hanging process has to write its stacks before it is killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A child program: its kind, its name in the output, its command line."""

    kind: str
    name: str
    command: tuple[str, ...]


class Child:
    """One program, kept alive until `run` is cancelled and then ended, by force if needed."""

    def __init__(
        self,
        program: Program,
        *,
        environ: Mapping[str, str],
        stop_deadline_seconds: float,
        show: Callable[[str, str], None],
        listening: tuple[socket.socket, ...] = (),
    ) -> None:
        """`listening` are passed on, as one `--listen-fd NUMBER` each."""
        self.program = program
        self.serving = False
        """Whether its last heartbeat said that it serves."""
        self._environ = dict(environ)
        self._stop_deadline_seconds = stop_deadline_seconds
        self._show = show
        self._descriptors = tuple(each.fileno() for each in listening)

    async def run(self) -> None:
        """Start the program again and again, with back-off, until cancelled."""
        restarts = Restarts()
        while True:
            began = time.monotonic()
            try:
                what = f"ended with {ending(await self._run_once())}"
            except OSError as error:  # no memory, no process id left
                what = f"could not be started: {error.strerror}"
            delay_seconds = restarts.delay_seconds(alive_seconds=time.monotonic() - began)
            self._show("nest", f"{self.program.name} {what}, again in {delay_seconds} s")
            await asyncio.sleep(delay_seconds)

    async def _run_once(self) -> int:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = await self._start(theirs)
            try:
                return await self._follow(process, ours)
            finally:
                self.serving = False
                if process.returncode is None:
                    process.terminate()
                    try:
                        async with asyncio.timeout(self._stop_deadline_seconds):
                            await self._output_until_end(process)
                    except TimeoutError:
                        self._show("nest", f"{self.program.name} did not stop in time")
                kill_group(process.pid)
                await _exited(process)

    async def _start(self, line: socket.socket) -> Process:
        options = (str(part) for each in self._descriptors for part in ("--listen-fd", each))
        return await asyncio.create_subprocess_exec(
            *launched(*self.program.command, *options, as_service_user=False),
            stdin=line.fileno(),
            stdout=PIPE,
            stderr=STDOUT,
            env=self._environ,
            start_new_session=True,
            pass_fds=self._descriptors,
        )

    async def _follow(self, process: Process, line: socket.socket) -> int:
        """Show its output and watch its heartbeat until it has ended; returns its exit code."""
        silence = SilentTime(limit_seconds=SILENT_SECONDS, starting_seconds=STARTING_SECONDS)
        async with asyncio.TaskGroup() as group:
            watching = [
                group.create_task(self._listen(line, silence), name=f"life of {self.program.name}"),
                group.create_task(self._end_silent(process, silence), name="silence"),
            ]
            code = await self._output_until_end(process)
            for each in watching:
                each.cancel()
        return code

    async def _output_until_end(self, process: Process) -> int:
        """Show its output until it has ended; returns its exit code.

        Polls for its end instead of waiting for closed pipes (as `Process.wait` does in some versions
        of Python), because a process that it started may live on and hold them open.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pass_on(process), name=f"output of {self.program.name}")
            code = await _exited(process)
            kill_group(process.pid)
        return code

    async def _listen(self, line: socket.socket, silence: SilentTime) -> None:
        line.setblocking(False)
        loop = asyncio.get_running_loop()
        with suppress(ConnectionError):
            while said := await loop.sock_recv(line, 4096):
                silence.end()
                self.serving = said.endswith(SERVING)

    async def _end_silent(self, process: Process, silence: SilentTime) -> None:
        await silence.lasts_too_long()
        self._show(
            "nest",
            f"{self.program.name} has not answered for {silence.allowed_seconds:.0f} s: "
            "it is killed and replaced",
        )
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGABRT)  # our programs write their stacks
        await asyncio.sleep(TRACEBACK_SECONDS)
        kill_group(process.pid)

    async def _pass_on(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was started with a pipe
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


def kill_group(leader: int) -> None:
    """Kill the child and everything that it started: it leads its own session."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # no process is left (macOS answers EPERM)
        return
