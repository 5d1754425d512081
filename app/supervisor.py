"""`nest run`: everything on one machine, started in order, kept alive, stopped in order.

    lock NEST_HOME, look at PORT
      → PostgreSQL and Valkey (unless URLs were given)
        → migrate, publish the catalogue
          → web and worker, restarted with back-off when they crash
            → GET /readyz answers 200: print the addresses

One task owns the whole (`_serve`); a signal only sets an event, upon which that task is cancelled
exactly once. So clean-up is never interrupted, however often somebody presses Ctrl-C, and runs in
reverse order: web and worker, Valkey, PostgreSQL.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from app.children import Child, Program
from app.embedded import embedded_postgres, embedded_valkey
from app.exclusive import AlreadyInUseError, locked_home, require_free_port
from app.running import note_address, with_embedded_logins
from app.server_process import EmbeddedServer, EmbeddedServerError
from app.settings import Settings, without_secrets
from realtime.drain import ANSWER_SECONDS, HANDOVER_SECONDS

READY_NOTE_SECONDS = 30.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Prepare = Callable[[str], Awaitable[str]]
"""Makes the database of this address ready; what is to be said about it, or ""."""
MintLink = Callable[[str, str], Awaitable[str]]


def nest_program(name: str) -> Program:
    """`nest web` or `nest worker`, by the Python that runs us, ending when we end."""
    return Program(name=name, command=(sys.executable, "-m", "app.cli", name, "--end-with-stdin"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What `run` starts. Tests put small programs in the place of ours."""

    prepare: Prepare
    mint_link: MintLink
    programs: tuple[Program, ...] = field(
        default_factory=lambda: (nest_program("web"), nest_program("worker"))
    )


class StartFailedError(Exception):
    """A sentence for the person who started us."""


async def run(settings: Settings, stack: Stack, environ: Mapping[str, str]) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP; returns the exit code, 0 after a signal.

    `environ` is handed on to the children, with the URLs of the servers added.
    """
    code = 0
    stop = asyncio.Event()
    _obey_signals(stop)
    try:
        with locked_home(settings.home):
            require_free_port(settings.host, settings.port)
            note_address(settings)
            await _until(stop, _Supervisor(settings, stack, environ).serve())
    except* (AlreadyInUseError, StartFailedError, EmbeddedServerError) as group:
        for error in _leaves(group):
            print(f"nest: {error}", file=sys.stderr)
        code = 1
    finally:
        for sign in SIGNALS:  # everything is stopped; one more Ctrl-C must not spoil the exit code
            signal.signal(sign, signal.SIG_IGN)
    return code


def _obey_signals(stop: asyncio.Event) -> None:
    """Set `stop` at a signal, the first and every further one.

    Not `loop.add_signal_handler`: closing the loop would bring the default back, which kills.
    """
    loop = asyncio.get_running_loop()
    for sign in SIGNALS:
        signal.signal(sign, lambda _number, _frame: loop.call_soon_threadsafe(stop.set))


class _Supervisor:
    def __init__(self, settings: Settings, stack: Stack, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._stack = stack
        self._environ = environ
        self._began = time.monotonic()

    async def serve(self) -> None:
        """Start everything and stay until cancelled; then everything has been stopped."""
        settings = self._settings
        async with AsyncExitStack() as cleanup:
            cleanup.callback(_show, "nest", "stopped")
            servers = await self._start_servers(cleanup)
            if "postgres" in servers:
                settings = with_embedded_logins(settings, servers["postgres"].url)
            redis_url = servers["valkey"].url if "valkey" in servers else settings.redis_url
            await self._prepare(settings.database_url)
            async with asyncio.TaskGroup() as group:
                for name, server in servers.items():
                    group.create_task(server.keep_alive(_report), name=f"keep {name}")
                for program in self._stack.programs:
                    urls = {**logins_of(program.name, settings), "REDIS_URL": redis_url}
                    group.create_task(self._child(program, urls).run(), name=program.name)
                await self._announce(settings.database_url)

    async def _start_servers(self, cleanup: AsyncExitStack) -> dict[str, EmbeddedServer]:
        settings = self._settings
        servers = {}
        if not settings.database_url:
            servers["postgres"] = embedded_postgres(settings.home)
        if not settings.redis_url:
            servers["valkey"] = embedded_valkey(settings.home, memory_mb=settings.valkey_memory_mb)
        for server in servers.values():  # last in, first stopped: Valkey before PostgreSQL
            cleanup.push_async_callback(server.stop_async)
        async with asyncio.TaskGroup() as group:
            for name, server in servers.items():
                group.create_task(server.start_async(), name=f"start {name}")
        return servers

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

    def _child(self, program: Program, urls: Mapping[str, str]) -> Child:
        watched = self._settings.log_format == "auto" and sys.stdout.isatty()
        return Child(
            program,
            environ={
                "PYTHONUNBUFFERED": "1",
                "NEST_LOG_FORMAT": "text" if watched else self._settings.log_format,
                **self._environ,
                **urls,
                "NEST_NODE": f"{self._settings.node}-{program.name}",
            },
            stop_deadline_seconds=stop_deadline_seconds(self._settings),
            show=_show,
        )

    async def _announce(self, database_url: str) -> None:
        settings = self._settings
        noted = self._began
        while not await answers_ready(settings.host, settings.port):
            if time.monotonic() - noted > READY_NOTE_SECONDS:
                noted = time.monotonic()
                _show("nest", "not ready yet; the lines above should say why")
            await asyncio.sleep(0.05)
        link = await self._stack.mint_link(database_url, settings.public_url)
        seconds = time.monotonic() - self._began
        place = settings.public_url
        _show("nest", f"ready after {seconds:.1f} s\n{_banner(place, link, str(settings.home))}")


def stop_deadline_seconds(settings: Settings) -> float:
    """Within this time a web process has stopped by itself, and a worker long before."""
    handing_over = HANDOVER_SECONDS + ANSWER_SECONDS
    return settings.drain_seconds + handing_over + settings.shutdown_deadline_seconds + 2.0


def logins_of(program: str, settings: Settings) -> dict[str, str]:
    """The addresses of the database that a program gets: its own, and not the owner's."""
    of_worker = program == "worker"
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
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    try:
        async with asyncio.timeout(deadline_seconds):
            reader, writer = await asyncio.open_connection(reachable, port)
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
    """Run `work` until it fails or `stop` is set; either way its clean-up is complete after."""
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


def _report(what: str, delay_seconds: float) -> None:
    _show("nest", f"{what}, again in {delay_seconds} s")


def _show(name: str, line: str) -> None:
    print(f"{name:<7}| {line}", flush=True)
