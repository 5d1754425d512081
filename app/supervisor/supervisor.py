"""`nest run`: everything on one machine, started in order, kept alive, stopped in order.

    lock NEST_HOME, end what an earlier run left, listen on PORT
      → PostgreSQL and Valkey (unless URLs were given), without waiting for a Valkey that does not start
        → migrate, publish the catalogue
          → web and worker processes, replaced with back-off when they crash or hang
            → all of them serve, GET /readyz answers 200: print the addresses

One task owns everything (`_serve`); a signal only sets an event, and then that task is cancelled exactly
once. So clean-up is never interrupted, even if somebody presses Ctrl-C repeatedly, and runs in reverse
order: web and worker, Valkey, PostgreSQL.
"""

import asyncio
import errno
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import Final

from app.chance import now
from app.embedded.servers import POSTGRES_SETTINGS, embedded_postgres, embedded_valkey
from app.programs.children import Child, Program
from app.programs.leftovers import end_left_programs
from app.programs.server_process import EmbeddedServer, EmbeddedServerError, advice
from app.settings.readers import NODE_CHARACTERS
from app.settings.settings import Settings, reachable_host, without_secrets
from app.supervisor.exclusive import AlreadyInUseError, locked_home
from app.supervisor.listening import listen
from app.supervisor.running import note_address, with_embedded_logins
from realtime.connections.drain import ANSWER_SECONDS, HANDOVER_SECONDS

READY_NOTE_SECONDS = 30.0
VALKEY_WAIT_SECONDS: Final = 5.0
"""Seconds to wait for Valkey before web and worker start without it."""

SPARE_CONNECTIONS: Final = 10
"""Connections of PostgreSQL that stay free for operators."""

UNWRITABLE: Final = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Prepare = Callable[[str], Awaitable[str]]
"""Prepares the database of this address; returns a sentence to print about it, or ""."""
MintLink = Callable[[str, str], Awaitable[str]]


def nest_programs(web: int = 1, workers: int = 1) -> tuple[Program, ...]:
    """The given numbers of `nest web` and `nest worker`, run by our Python, which end when we end.

    A single one is called "web" or "worker", several "web-1", "web-2", …
    """
    return tuple(
        Program(
            kind=kind,
            name=kind if count == 1 else f"{kind}-{number}",
            command=(sys.executable, "-m", "app.cli", kind, "--end-with-stdin"),
        )
        for kind, count in (("web", web), ("worker", workers))
        for number in range(1, count + 1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The programs that `run` starts. Tests replace ours by small ones."""

    prepare: Prepare
    mint_link: MintLink
    programs: tuple[Program, ...] = field(default_factory=nest_programs)

    @property
    def several_webs(self) -> bool:
        """Whether web processes share the port."""
        return sum(program.kind == "web" for program in self.programs) > 1


class StartFailedError(Exception):
    """A start that failed; the message is a sentence for the operator."""


async def run(settings: Settings, stack: Stack, environ: Mapping[str, str]) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP; returns the exit code, 0 after a signal.

    `environ` is passed on to the children, with the URLs of the servers added.
    """
    code = 0
    stop = asyncio.Event()
    _obey_signals(stop)
    try:
        with locked_home(settings.home), ExitStack() as opened:
            for left in end_left_programs(settings.home, stack.programs):
                _show("nest", f"ended what an earlier run left: {left}")
            listening = listen(settings.host, settings.port)
            for each in listening:
                opened.enter_context(each)
            note_address(settings)
            await _until(stop, _Supervisor(settings, stack, environ, listening).serve())
    except* (AlreadyInUseError, StartFailedError, EmbeddedServerError) as group:
        for error in _leaves(group):
            print(f"nest: {error}", file=sys.stderr)
        code = 1
    except* OSError as group:
        unwritable, others = group.split(
            lambda error: isinstance(error, OSError) and error.errno in UNWRITABLE
        )
        if others is not None:
            raise others from None
        assert unwritable is not None  # noqa: S101 - the group has no other errors
        for error in _leaves(unwritable):
            print(f"nest: {_unwritable(settings, error)}", file=sys.stderr)
        code = 1
    finally:
        for sign in SIGNALS:  # everything is stopped; another Ctrl-C must not change the exit code
            signal.signal(sign, signal.SIG_IGN)
    return code


def _obey_signals(stop: asyncio.Event) -> None:
    """Set `stop` at every signal, the first and later ones.

    Not `loop.add_signal_handler`: closing the loop would restore the default, which kills us.
    """
    loop = asyncio.get_running_loop()
    for sign in SIGNALS:
        signal.signal(sign, lambda _number, _frame: loop.call_soon_threadsafe(stop.set))


def _unwritable(settings: Settings, error: BaseException) -> str:
    assert isinstance(error, OSError)  # noqa: S101 - the caller asked for these
    place = error.filename or settings.home
    return f"NEST_HOME cannot be used: {place}: {error.strerror}. {advice(error)}"


class _Supervisor:
    def __init__(
        self,
        settings: Settings,
        stack: Stack,
        environ: Mapping[str, str],
        listening: tuple[socket.socket, ...],
    ) -> None:
        self._settings = settings
        self._stack = stack
        self._environ = environ
        self._listening = listening
        self._began = time.monotonic()

    async def serve(self) -> None:
        """Start everything, run until cancelled, and stop everything."""
        settings = self._settings
        async with AsyncExitStack() as cleanup:
            cleanup.callback(_show, "nest", "stopped")
            postgres, valkey = self._embedded_servers(cleanup)
            async with asyncio.TaskGroup() as group:
                if valkey is not None:
                    settings = replace(settings, redis_url=valkey.url)
                    group.create_task(valkey.keep_alive(_report), name="keep valkey")
                if postgres is not None:
                    await postgres.start_async()
                    settings = with_embedded_logins(settings, postgres.url)
                    group.create_task(postgres.keep_alive(_report), name="keep postgres")
                if valkey is not None:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(VALKEY_WAIT_SECONDS):
                            await valkey.up.wait()
                await self._prepare(settings.database_url)
                children = [self._child(each, settings) for each in self._stack.programs]
                for child in children:
                    group.create_task(child.run(), name=child.program.name)
                await self._announce(children, settings.database_url)

    def _embedded_servers(
        self, cleanup: AsyncExitStack
    ) -> tuple[EmbeddedServer | None, EmbeddedServer | None]:
        """PostgreSQL and Valkey, not started; None if a URL was given. `cleanup` stops them."""
        settings = self._settings
        postgres = valkey = None
        if not settings.database_url:
            self._require_connections()
            postgres = embedded_postgres(settings.home)
            cleanup.push_async_callback(postgres.stop_async)
        if not settings.redis_url:  # last in, first stopped: Valkey before PostgreSQL
            valkey = embedded_valkey(settings.home, memory_mb=settings.valkey_memory_mb)
            cleanup.push_async_callback(valkey.stop_async)
        return postgres, valkey

    def _require_connections(self) -> None:
        """Raises StartFailedError if the processes need more connections than the server has."""
        processes, each = len(self._stack.programs), self._settings.database_pool_size + 2
        room = int(POSTGRES_SETTINGS["max_connections"]) - SPARE_CONNECTIONS
        if processes * each > room:
            raise StartFailedError(
                f"{processes} processes with {each} connections each are more than the {room} that "
                "the embedded PostgreSQL has for them. Start fewer, or lower NEST_DATABASE_POOL_SIZE."
            )

    async def _prepare(self, database_url: str) -> None:
        try:
            note = await self._stack.prepare(database_url)
        except Exception as error:
            place = without_secrets(database_url)
            raise StartFailedError(
                f"The database {place} could not be prepared: {error}"
            ) from error
        if note:
            _show("nest", note)

    def _child(self, program: Program, settings: Settings) -> Child:
        watched = settings.log_format == "auto" and sys.stdout.isatty()
        polling = {"NEST_LONG_POLLING": "0"} if self._stack.several_webs else {}
        node = settings.node[: NODE_CHARACTERS - len(program.name) - 1]
        return Child(
            program,
            environ={
                "PYTHONUNBUFFERED": "1",
                "NEST_LOG_FORMAT": "text" if watched else settings.log_format,
                **self._environ,
                **logins_of(program.kind, settings),
                **polling,
                "REDIS_URL": settings.redis_url,
                "NEST_HOME": str(settings.home.resolve()),
                "NEST_NODE": f"{node}-{program.name}",
            },
            stop_deadline_seconds=stop_deadline_seconds(self._settings),
            show=_show,
            listening=self._listening if program.kind == "web" else (),
        )

    async def _announce(self, children: list[Child], database_url: str) -> None:
        settings = self._settings
        webs = [child for child in children if child.program.kind == "web"]
        noted = self._began
        while not (
            all(each.serving for each in webs) and await answers_ready(settings.host, settings.port)
        ):
            if time.monotonic() - noted > READY_NOTE_SECONDS:
                noted = time.monotonic()
                _show("nest", "not ready yet; the lines above should say why")
            await asyncio.sleep(0.05)
        link = await self._stack.mint_link(database_url, settings.public_url)
        seconds = time.monotonic() - self._began
        place = settings.public_url
        _show("nest", f"ready after {seconds:.1f} s\n{_banner(place, link, str(settings.home))}")


def stop_deadline_seconds(settings: Settings) -> float:
    """The seconds within which a web process stops by itself; a worker needs much less."""
    handing_over = HANDOVER_SECONDS + ANSWER_SECONDS
    return settings.drain_seconds + handing_over + settings.shutdown_deadline_seconds + 2.0


def logins_of(kind: str, settings: Settings) -> dict[str, str]:
    """The database addresses for a program: with its own login, not the owner's."""
    of_worker = kind == "worker"
    return {
        "DATABASE_URL": settings.for_worker if of_worker else settings.for_web,
        "NEST_WEB_DATABASE_URL": "",
        "NEST_WORKER_DATABASE_URL": "",
        "NEST_ANALYTICS_DATABASE_URL": "" if of_worker else settings.for_analytics,
    }


def _banner(place: str, link: str, home: str) -> str:
    return (
        "\n"
        f"  Configurator   {place}/\n"
        f"  Admin login    {link}\n"
        "                 (works once, within the hour; another: nest admin-link)\n"
        f"  API docs       {place}/docs\n"
        "\n"
        f"  Data in {home}. Ctrl-C stops everything.\n"
    )


async def answers_ready(host: str, port: int, *, deadline_seconds: float = 2.0) -> bool:
    """Whether `GET /readyz` there answers 200."""
    try:
        async with asyncio.timeout(deadline_seconds):
            reader, writer = await asyncio.open_connection(reachable_host(host), port)
            try:
                writer.write(
                    f"GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
                )
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status.split()[1:2] == [b"200"]


async def _until(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Run `work` until it fails or `stop` is set; in both cases its clean-up is complete afterwards."""
    async with asyncio.TaskGroup() as group:
        working = group.create_task(work, name="stack")
        stopping = group.create_task(stop.wait(), name="signal")
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        stopping.cancel()


def _leaves(group: BaseExceptionGroup[Exception]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves


def _report(what: str) -> None:
    for line in what.splitlines():
        _show("nest", line)


def _show(name: str, line: str) -> None:
    """Print one line; in a file ours get a time, as the lines of the processes have."""
    with suppress(OSError):  # the output is full or closed: the processes continue
        if name == "nest" and not sys.stdout.isatty():
            line = f"{now():%Y-%m-%dT%H:%M:%SZ} {line}"
        print(f"{name:<8}| {line}", flush=True)
