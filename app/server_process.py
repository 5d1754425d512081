"""One server program as a child process: start, wait until ready, stop, restart, never twice.

A server ends with the process that started it (Linux: parent-death signal, see `app.launch`).
Where one is left over all the same, the next start ends it first: two servers on one data
directory would be worse than a second of waiting.

While it runs it is asked once a second whether it answers; one that does not for
`Recipe.silent_seconds` is ended, by force at last, and started again.
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

from app import launch
from app.backoff import Backoff
from app.lifeline import BEAT_SECONDS, Silence
from app.server_log import ServerLog

START_DEADLINE_SECONDS = 300.0  # recovery after a crash included, which reads up to 1 GB
ASK_SECONDS = 1.0
"""For the answer to one question whether it lives."""

LONGEST_PAUSE_SECONDS = 4.0
"""Before a server is started again: it works within 5 s of the moment at which it can."""

NO_SPACE_BYTES = 1_000_000
FREE_SPACE = "Free some space on that disk, and start again."
PLAIN_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class EmbeddedServerError(Exception):
    """A server did not start, or what it needs is missing."""


def keeps_its_data(_reason: str) -> str:
    """The `mend` of a server whose data nobody sets aside."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one kind of server is made, started, recognised as ready and stopped."""

    name: str
    program: Path
    arguments: tuple[str, ...]
    directory: Path  # its data, and its working directory: by this a leftover is recognised
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
    """Given why it did not start, does what makes the next start work; says what that was, or ""."""


class EmbeddedServer:
    """One server process; start, stop, restart on the same address with the same data.

    Use `async with` or, where there is no event loop, `start()` and `stop()`. Start it from the
    main thread: the kernel ties its life to the thread that started it.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._process: subprocess.Popen[bytes] | None = None
        self.up = asyncio.Event()
        """Set once it has been started, however it went on."""

    @property
    def url(self) -> str:
        """Where to connect; the same before, during and after a restart."""
        return self.recipe.url

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> str:
        """Start and wait until it answers; does nothing when it runs. Blocks; returns the url."""
        if self.pid is None:
            self._prepare()
            for pause_seconds in self._bring_up():
                time.sleep(pause_seconds)
        return self.url

    def stop(self) -> None:
        """Stop in good order, by force if it must be. Blocks until the process is gone."""
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
        """As `start`, without holding up the event loop."""
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
        """As `stop`; cancelled meanwhile, it kills, so that no process is left in any case."""
        try:
            for pause_seconds in self._wind_down():
                await asyncio.sleep(pause_seconds)
        except asyncio.CancelledError:
            self.kill()
            raise

    async def keep_alive(self, say: Callable[[str], None]) -> None:
        """Start the server where it does not run, again whenever it dies or hangs, until cancelled.

        `say` is told a sentence about each end and each start that failed.
        """
        backoff = Backoff(limit_seconds=LONGEST_PAUSE_SECONDS)
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
            delay_seconds = backoff.next_delay(alive_seconds=time.monotonic() - began)
            say(f"{problem}, again in {delay_seconds} s")
            await asyncio.sleep(delay_seconds)

    async def _end_of_life(self, say: Callable[[str], None]) -> str:
        """Wait until it has ended; one that hangs is ended. Returns the sentence about it."""
        name, allowed = self.recipe.name, self.recipe.silent_seconds
        silence = Silence(limit_seconds=allowed, starting_seconds=allowed)
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
        """The last words of the server; of a full disk the disk itself is asked, which holds its log, too."""
        said = self.recipe.log.reason()
        full = _no_space(self.recipe.directory)
        return f"{full}. It said: {said}" if full and said else full or said

    async def _ask_often(self, silence: Silence) -> None:
        while True:
            if await asyncio.to_thread(self.recipe.answers):
                silence.end()
                self.recipe.log.mark()
            await asyncio.to_thread(self.recipe.log.rotate)
            await asyncio.sleep(BEAT_SECONDS)

    def _end_hanging(self) -> Iterator[float]:
        """The last way to stop, not the first: what hangs finishes nothing in good order."""
        assert self._process is not None  # noqa: S101 - it was just seen
        sign, wait_seconds = self.recipe.stop[-1]
        deadline = time.monotonic() + wait_seconds
        self._process.send_signal(sign)
        self._process.send_signal(signal.SIGCONT)  # a stopped process obeys nothing but SIGKILL
        while self._process.poll() is None and time.monotonic() < deadline:
            yield 0.01
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
        """Spawn and look until ready; yields seconds to wait before the next look.

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
            self._process.send_signal(sign)
            deadline = time.monotonic() + wait_seconds
            while self._process.poll() is None and time.monotonic() < deadline:
                yield 0.01
        with contextlib.suppress(OSError):  # the other server's socket is still in it
            self.recipe.socket.parent.rmdir()

    def _last_words(self, what: str) -> str:
        log = self.recipe.log
        full = _no_space(self.recipe.directory)
        return (
            f"{self.recipe.name} {what}{f': {full}' if full else ''}. It said: {log.last_words()} "
            f"(all of it in {log.path})"
        )


def _no_space(directory: Path) -> str:
    """The end of a sentence where the disk takes nothing more; else ""."""
    try:
        free = disk_usage(directory).free
    except OSError:
        return ""
    return f"no space is left on the disk of {directory}" if free < NO_SPACE_BYTES else ""


def advice(error: OSError) -> str:
    """The sentence to do something by, for a file or directory that cannot be used."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return FREE_SPACE
    return "Start as the owner of NEST_HOME, or choose another."


def launched(
    *command: str,
    directory: Path | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    as_service_user: bool = True,
) -> list[str]:
    """The command line that runs `command` through `app.launch`, tied to this process's life."""
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

    They are recognised by program and working directory, not by a number from a file, which may
    meanwhile belong to somebody else. Asked to stop first, killed at the deadline.
    """
    for sign in (recipe.death_signal, signal.SIGKILL):
        left = [process for process in psutil.process_iter() if _works_in(process, recipe)]
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(sign)
                process.resume()  # a stopped process obeys nothing but SIGKILL
        # Not psutil.wait_procs: it waits for zombies, which nobody may ever reap in a container.
        deadline = time.monotonic() + deadline_seconds
        while any(_works_in(process, recipe) for process in left) and time.monotonic() < deadline:
            time.sleep(0.02)


def _works_in(process: psutil.Process, recipe: Recipe) -> bool:
    try:
        same_program = Path(process.exe()).name == recipe.program.name
        return same_program and Path(process.cwd()) == recipe.directory
    except (psutil.Error, OSError):
        return False


def run_once(*command: str, directory: Path, said: str = "") -> None:
    """Run a preparing program to its end, `said` on its standard input; blocks.

    Raises `EmbeddedServerError` with its last words when it fails.
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
    """The user that the servers run as where that is not ourselves: `nobody`, for root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _open_to_others(path: Path) -> bool:
    """Whether a stranger may pass every directory above `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)
