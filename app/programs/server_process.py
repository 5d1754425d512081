"""One server program as a child process: start, wait until ready, stop, restart, never twice.

A server ends with the process that started it (Linux: parent-death signal, see `app.programs.launch`).
If one is left over nevertheless, the next start ends it first: two servers on one data directory would
be worse than a second of waiting.

While it runs, it is asked once a second whether it answers; one that is silent for
`Recipe.silent_seconds` is ended, by force if needed, and started again.
"""

import asyncio
import contextlib
import errno
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from types import TracebackType

import psutil

from app.programs import launch
from app.programs.ending import end_processes
from app.programs.lifeline import BEAT_SECONDS, SilentTime
from app.programs.restarts import Restarts
from app.programs.server_log import ServerLog

START_DEADLINE_SECONDS = 300.0  # recovery after a crash included, which reads up to 1 GB
ASK_SECONDS = 1.0
"""Seconds to wait for one answer of a running server."""

LONGEST_PAUSE_SECONDS = 4.0
"""The longest pause before a restart, so that a server works within 5 s once it can."""

NO_SPACE_BYTES = 1_000_000
FREE_SPACE = "Free some space on that disk, and start again."
PLAIN_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class EmbeddedServerError(Exception):
    """A server did not start, or something that it needs is missing."""


def keeps_its_data(_reason: str) -> str:
    """The `mend` of a server whose data are never set aside."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The recipe of one kind of server: how to make, start, check and stop it."""

    name: str
    program: Path
    arguments: tuple[str, ...]
    directory: Path  # its data and working directory, by which a leftover is recognised
    socket: Path
    log: ServerLog
    url: str
    death_signal: signal.Signals
    stop: tuple[tuple[signal.Signals, float], ...]  # signal, seconds to wait for its effect
    prepare: Callable[[], None]
    is_ready: Callable[[int], bool]
    answers: Callable[[], bool]  # asked while it runs; blocks for at most ASK_SECONDS
    silent_seconds: float  # without an answer before it counts as hanging
    mend: Callable[[str], str] = keeps_its_data
    """Repairs the data, given the reason of a failed start; returns sentences about the repair, or ""."""


class EmbeddedServer:
    """One server process; start, stop, restart on the same address with the same data.

    Use `async with` or, where there is no event loop, `start()` and `stop()`. Start it from the
    main thread: the kernel ties its life to the thread that started it.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._process: subprocess.Popen[bytes] | None = None
        self.up = asyncio.Event()
        """Set once it has been started, even if it ended later."""

    @property
    def url(self) -> str:
        """The address; the same before, during and after a restart."""
        return self.recipe.url

    @property
    def pid(self) -> int | None:
        """The process id while it runs, or None."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> str:
        """Start and wait until it answers; does nothing if it runs. Blocks; returns the url."""
        if self.pid is None:
            self._prepare()
            for pause_seconds in self._bring_up():
                time.sleep(pause_seconds)
        return self.url

    def stop(self) -> None:
        """Stop in an orderly way, or by force if needed. Blocks until the process is gone."""
        for pause_seconds in self._wind_down():
            time.sleep(pause_seconds)

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def __aenter__(self) -> str:
        await self.start_async()
        return self.url

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop_async()

    async def start_async(self) -> None:
        """Like `start`, without blocking the event loop."""
        if self.pid is not None:
            return
        await asyncio.to_thread(self._prepare)
        try:
            for pause_seconds in self._bring_up():
                await asyncio.sleep(pause_seconds)
        except asyncio.CancelledError:
            await self.stop_async()
            raise
        self.up.set()

    async def stop_async(self) -> None:
        """Like `stop`; kills the process if it is cancelled meanwhile, so that none is left."""
        try:
            for pause_seconds in self._wind_down():
                await asyncio.sleep(pause_seconds)
        except asyncio.CancelledError:
            self.kill()
            raise

    async def keep_alive(self, say: Callable[[str], None]) -> None:
        """Start the server if it does not run, and again whenever it dies or hangs, until cancelled.

        `say` gets a sentence about each end and each failed start.
        """
        restarts = Restarts(longest_seconds=LONGEST_PAUSE_SECONDS)
        while True:
            began = time.monotonic()
            try:
                await self.start_async()
                problem = await self._end_of_life(say)
            except EmbeddedServerError as error:
                problem = str(error)
                if done := await asyncio.to_thread(self.recipe.mend, problem):
                    say(f"{problem}\n{done}")
                    continue
            delay_seconds = restarts.delay_seconds(alive_seconds=time.monotonic() - began)
            say(f"{problem}, again in {delay_seconds} s")
            await asyncio.sleep(delay_seconds)

    async def _end_of_life(self, say: Callable[[str], None]) -> str:
        """Wait until it has ended; end it if it hangs. Returns a sentence about the end."""
        name, allowed = self.recipe.name, self.recipe.silent_seconds
        silence = SilentTime(limit_seconds=allowed, starting_seconds=allowed)
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(self._ask_often(silence), name=f"ask {name}")
            silent = group.create_task(silence.lasts_too_long(), name=f"silence of {name}")
            while self.pid is not None and not silent.done():  # noqa: ASYNC110 - a process ends it
                await asyncio.sleep(0.05)
            asking.cancel()
            silent.cancel()
        if self.pid is not None:
            say(f"{name} has not answered for {allowed:.0f} s: it is ended and started again")
            for pause_seconds in self._end_hanging():
                await asyncio.sleep(pause_seconds)
        code = self._process.returncode if self._process else None
        reason = await asyncio.to_thread(self._reason)
        return f"{name} ended with {ending(code)}" + (f" ({reason})" if reason else "")

    def _reason(self) -> str:
        """The last line of the log; a full disk is checked on the disk, because the log is on it, too."""
        said = self.recipe.log.reason()
        full = _no_space(self.recipe.directory)
        return f"{full}. It said: {said}" if full and said else full or said

    async def _ask_often(self, silence: SilentTime) -> None:
        while True:
            if await asyncio.to_thread(self.recipe.answers):
                silence.end()
                self.recipe.log.mark()
            await asyncio.to_thread(self.recipe.log.rotate)
            await asyncio.sleep(BEAT_SECONDS)

    def _end_hanging(self) -> Iterator[float]:
        """Use the last way to stop, not the first: a hanging server cannot stop in an orderly way."""
        assert self._process is not None  # noqa: S101 - the caller has checked it
        self._process.send_signal(signal.SIGCONT)  # a stopped process obeys only SIGKILL
        yield from self._ask_to_end(*self.recipe.stop[-1])
        self.kill()

    def _prepare(self) -> None:
        end_leftovers(self.recipe)
        try:
            self.recipe.prepare()
            self.recipe.log.path.parent.mkdir(parents=True, exist_ok=True)
            self.recipe.log.rotate()
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> EmbeddedServerError:
        place = error.filename or self.recipe.directory
        return EmbeddedServerError(
            f"{self.recipe.name} cannot use {place}: {error.strerror}. {advice(error)}"
        )

    def _bring_up(self) -> Iterator[float]:
        """Spawn, and check until it is ready; yields the seconds to wait before the next check.

        A server that ends again is started again until the deadline: after a crash its orphaned
        children can hold the shared memory for a moment.
        """
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        attempts = 0
        while True:
            if self.pid is None:
                if attempts >= 5:
                    raise EmbeddedServerError(self._last_words("ended again at once"))
                attempts += 1
                if attempts > 1:
                    yield 0.2 * attempts
                self._spawn()
            pid = self.pid
            if pid is not None and self.recipe.is_ready(pid):
                return
            if time.monotonic() > deadline:
                self.kill()
                raise EmbeddedServerError(self._last_words("was not ready in time"))
            yield 0.01

    def _spawn(self) -> None:
        try:
            with self.recipe.log.begin() as log:
                self._process = subprocess.Popen(  # noqa: S603 - our own recipe
                    launched(
                        str(self.recipe.program),
                        *self.recipe.arguments,
                        directory=self.recipe.directory,
                        death_signal=self.recipe.death_signal,
                    ),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=PLAIN_ENVIRONMENT,
                    start_new_session=True,  # Ctrl-C reaches the supervisor only, which stops in order
                )
        except OSError as error:
            raise self._unusable(error) from error

    def _wind_down(self) -> Iterator[float]:
        if self._process is None:
            return
        for sign, wait_seconds in (*self.recipe.stop, (signal.SIGKILL, 5.0)):
            if self._process.poll() is not None:
                break
            yield from self._ask_to_end(sign, wait_seconds)
        with contextlib.suppress(OSError):  # the other server's socket is still in it
            self.recipe.socket.parent.rmdir()

    def _ask_to_end(self, sign: signal.Signals, wait_seconds: float) -> Iterator[float]:
        """Signal it; yields the seconds between checks until it has ended or the time is over."""
        assert self._process is not None  # noqa: S101 - callers have checked it
        self._process.send_signal(sign)
        deadline = time.monotonic() + wait_seconds
        while self._process.poll() is None and time.monotonic() < deadline:
            yield 0.01

    def _last_words(self, what: str) -> str:
        log = self.recipe.log
        full = _no_space(self.recipe.directory)
        return (
            f"{self.recipe.name} {what}{f': {full}' if full else ''}. It said: {log.last_words()} "
            f"(all of it in {log.path})"
        )


def _no_space(directory: Path) -> str:
    """The end of a sentence if the disk is full, else ""."""
    try:
        free = disk_usage(directory).free
    except OSError:
        return ""
    return f"no space is left on the disk of {directory}" if free < NO_SPACE_BYTES else ""


def advice(error: OSError) -> str:
    """A sentence of advice for a file or directory that cannot be used."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return FREE_SPACE
    return "Start as the owner of NEST_HOME, or choose another."


def launched(
    *command: str,
    directory: Path | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    as_service_user: bool = True,
) -> list[str]:
    """The command line that runs `command` through `app.programs.launch`, tied to this process's life."""
    options = ["--parent", str(os.getpid()), "--signal", str(int(death_signal))]
    if directory is not None:
        options += ["--directory", str(directory)]
    user = service_user() if as_service_user else None
    if user is not None:
        options += ["--uid", str(user.pw_uid), "--gid", str(user.pw_gid)]
        paths = [Path(command[0]), *([directory] if directory else [])]
        if not all(_open_to_others(path) for path in paths):
            options.append("--reach")
    return [sys.executable, "-I", "-S", launch.__file__, *options, "--", *command]


def end_leftovers(recipe: Recipe, *, deadline_seconds: float = 15.0) -> None:
    """End every process of this program that works in this data directory.

    They are recognised by program and working directory, not by a process id from a file, which may
    belong to another process by now. They are asked to stop, and killed at the deadline.
    """
    for sign in (recipe.death_signal, signal.SIGKILL):
        # Searched again before the second signal, because the server may have started others.
        left = [process for process in psutil.process_iter() if _works_in(process, recipe)]
        end_processes(left, ((sign, deadline_seconds),))


def _works_in(process: psutil.Process, recipe: Recipe) -> bool:
    try:
        same_program = Path(process.exe()).name == recipe.program.name
        return same_program and Path(process.cwd()) == recipe.directory
    except (psutil.Error, OSError):
        return False


def run_once(*command: str, directory: Path, said: str = "") -> None:
    """Run a preparing program to its end, with `said` as its standard input; blocks.

    Raises `EmbeddedServerError` with the end of its output if it fails.
    """
    done = subprocess.run(  # noqa: S603 - our own command
        launched(*command, directory=directory),
        input=said,
        capture_output=True,
        text=True,
        env=PLAIN_ENVIRONMENT,
        start_new_session=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).splitlines()
        causes = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
        words = " ".join(" ".join(causes[:1] or lines).split())
        full = f" {FREE_SPACE}" if "No space left" in words or "could not extend" in words else ""
        raise EmbeddedServerError(f"{Path(command[0]).name} failed: {words[-600:]}.{full}")


def ending(code: int | None) -> str:
    """The exit code of a process, or the name of the signal that ended it."""
    if code is None or code >= 0:
        return str(code)
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def service_user() -> pwd.struct_passwd | None:
    """The user for the servers if that is not our own: `nobody`, if we are root; else None."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _open_to_others(path: Path) -> bool:
    """Whether any user may pass every directory above `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)
