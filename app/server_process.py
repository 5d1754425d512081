"""One server program as a child process: start, wait until ready, stop, restart, never twice.

A server ends with the process that started it (Linux: parent-death signal, see `app.launch`).
Where one is left over all the same, the next start ends it first: two servers on one data
directory would be worse than a second of waiting.
"""

import asyncio
import contextlib
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

from app import launch
from app.backoff import Backoff

START_DEADLINE_SECONDS = 30.0  # recovery after a crash included
LOG_LIMIT_BYTES = 10_000_000
PLAIN_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class EmbeddedServerError(Exception):
    """A server did not start, or what it needs is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one kind of server is made, started, recognised as ready and stopped."""

    name: str
    program: Path
    arguments: tuple[str, ...]
    directory: Path  # its data, and its working directory: by this a leftover is recognised
    socket: Path
    log: Path
    url: str
    death_signal: signal.Signals
    stop: tuple[tuple[signal.Signals, float], ...]  # signal, seconds to wait for its effect
    prepare: Callable[[], None]
    is_ready: Callable[[int], bool]


class EmbeddedServer:
    """One server process; start, stop, restart on the same address with the same data.

    Use `async with` or, where there is no event loop, `start()` and `stop()`. Start it from the
    main thread: the kernel ties its life to the thread that started it.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._process: subprocess.Popen[bytes] | None = None

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
        await asyncio.to_thread(self._prepare)
        try:
            for pause_seconds in self._bring_up():
                await asyncio.sleep(pause_seconds)
        except asyncio.CancelledError:
            await self.stop_async()
            raise

    async def stop_async(self) -> None:
        """As `stop`; cancelled meanwhile, it kills, so that no process is left in any case."""
        try:
            for pause_seconds in self._wind_down():
                await asyncio.sleep(pause_seconds)
        except asyncio.CancelledError:
            self.kill()
            raise

    async def keep_alive(self, report: Callable[[str, float], None]) -> None:
        """Restart the server whenever it dies, until cancelled.

        `report` is told the reason and the back-off in seconds before each new start.
        """
        backoff = Backoff()
        while True:
            began = time.monotonic()
            while self.pid is not None:  # noqa: ASYNC110 - a process, not a task, ends it
                await asyncio.sleep(0.05)
            code = self._process.returncode if self._process else None
            delay_seconds = backoff.next_delay(alive_seconds=time.monotonic() - began)
            report(f"{self.recipe.name} ended with {code}", delay_seconds)
            await asyncio.sleep(delay_seconds)
            try:
                await self.start_async()
            except EmbeddedServerError as error:
                report(str(error), backoff.limit_seconds)

    def _prepare(self) -> None:
        end_leftovers(self.recipe)
        try:
            self.recipe.prepare()
            self.recipe.log.parent.mkdir(parents=True, exist_ok=True)
            if self.recipe.log.exists() and self.recipe.log.stat().st_size > LOG_LIMIT_BYTES:
                self.recipe.log.unlink()
        except OSError as error:
            raise EmbeddedServerError(
                f"{self.recipe.name} cannot use {error.filename}: {error.strerror}. "
                "Start as the owner of NEST_HOME, or choose another."
            ) from error

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
        with self.recipe.log.open("ab") as log:
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
        lines = self.recipe.log.read_text(errors="replace").strip().splitlines()
        said = lines[-1] if lines else "nothing"
        return f"{self.recipe.name} {what}. It said: {said} (all of it in {self.recipe.log})"


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
        words = " ".join((done.stderr or done.stdout).split())
        raise EmbeddedServerError(f"{Path(command[0]).name} failed: {words[-600:]}")


def service_user() -> pwd.struct_passwd | None:
    """Who the servers run as when that is not ourselves: `nobody`, for root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _open_to_others(path: Path) -> bool:
    """Whether a stranger may pass every directory above `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)
