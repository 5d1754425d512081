"""Runs the programs of PostgreSQL that come with the embedded server, on any database.

Version 18 of `pg_dump` reads servers from 9.2 to 18. All parameters of the connection are passed in
the environment, because every user of the machine can read a password on a command line.

Errors: `ToolError`, one sentence with the last lines of the program's output.
"""

import contextlib
import re
import subprocess
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import IO, Final
from urllib.parse import parse_qsl, unquote

from app.embedded.servers import postgres_binaries

CHUNK_BYTES: Final = 1 << 20
WORDS_MAX: Final = 400
NOW: Final = b"\n"
"""A part of the input that makes all input before it be sent at once."""

_WORKED: Final = b"worked\n"
_VARIABLES: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "options": "PGOPTIONS",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "krbsrvname": "PGKRBSRVNAME",
    "gsslib": "PGGSSLIB",
}
"""libpq's variable for each parameter that `app.settings.database_url` passes, except `sslpassword`."""


class ToolError(Exception):
    """A program of PostgreSQL failed, or cannot be used; one sentence."""


@dataclass(frozen=True, slots=True)
class Tools:
    """`pg_dump`, `pg_restore` and `psql` of `binaries`, each with this environment."""

    environ: Mapping[str, str]
    binaries: Path

    def pg_dump(self, snapshot: str, schema: str) -> "Running":
        """A dump of the schema in the named snapshot, on the standard output."""
        return self._start(
            "pg_dump",
            "--format=custom",
            f"--snapshot={snapshot}",
            f"--schema={schema}",
            "--no-password",
        )

    def contents(self, dump: Iterable[bytes]) -> str:
        """The table of contents of a dump. Raises ToolError if it is not a dump."""
        return self._start("pg_restore", "--list", said=dump, may_stop_reading=True).all().decode()

    def script(self, dump: Iterable[bytes], contents: Path) -> "Running":
        """The SQL of the dump, restricted to the entries of the file `contents`."""
        return self._start(
            "pg_restore", "--no-owner", "--file=-", f"--use-list={contents}", said=dump
        )

    def commit(self, sql: Iterable[bytes]) -> None:
        """Runs SQL that begins a transaction, up to its first error; commits if all of it worked.

        COMMIT is sent only at the end: if this process dies earlier, `psql` finds the end of its
        input, and the transaction is rolled back.
        """
        turn = Event()  # to say COMMIT, or to stop
        worked = False

        def said() -> Iterator[bytes]:
            yield from sql
            yield b"SELECT 'worked';\n"
            yield NOW
            turn.wait()
            if worked:
                yield b"COMMIT;\n"

        running = self._start(
            "psql", "--no-psqlrc", "--quiet", "-At", "--no-password", "--set=ON_ERROR_STOP=1",
            "--set=VERBOSITY=terse", "--set=SHOW_CONTEXT=never", "--file=-",
            said=said(), at_end=turn.set,
        )  # fmt: skip
        for line in running:
            if line == _WORKED:
                worked = True
                turn.set()

    def _start(
        self,
        program: str,
        *arguments: str,
        said: Iterable[bytes] | None = None,
        may_stop_reading: bool = False,
        at_end: Callable[[], object] = lambda: None,
    ) -> "Running":
        command = [str(self.binaries / program), *arguments]
        try:
            return Running(
                command, self.environ, said, may_stop_reading=may_stop_reading, at_end=at_end
            )
        except OSError as error:
            raise ToolError(f"{command[0]} cannot be started: {error.strerror}.") from error


class Running:
    """A running program. Read its output to the end: only then is it known whether it succeeded."""

    def __init__(
        self,
        command: list[str],
        environ: Mapping[str, str],
        said: Iterable[bytes] | None,
        *,
        may_stop_reading: bool,
        at_end: Callable[[], object],
    ) -> None:
        self._at_end = at_end
        self._name = Path(command[0]).name
        self._process = subprocess.Popen(  # noqa: S603 - our own programs
            command,
            stdin=subprocess.DEVNULL if said is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
        )
        self._may_stop_reading = may_stop_reading
        self._wrong: BaseException | None = None
        self._errors: list[bytes] = []
        self._threads = [Thread(target=self._hear, daemon=True)]
        if said is not None:
            self._threads.append(Thread(target=self._say, args=(said,), daemon=True))
        for thread in self._threads:
            thread.start()

    def __iter__(self) -> Iterator[bytes]:
        """The output line by line. Raises ToolError at the end if the program failed."""
        try:
            yield from _of(self._process.stdout)
            self._end()
        finally:
            self.stop()

    def chunks(self) -> Iterator[bytes]:
        """The output in pieces of any size. Raises ToolError at the end if the program failed."""
        try:
            while chunk := _of(self._process.stdout).read(CHUNK_BYTES):
                yield chunk
            self._end()
        finally:
            self.stop()

    def all(self) -> bytes:
        """The whole output. Raises ToolError."""
        return b"".join(self.chunks())

    def stop(self) -> None:
        """End the program if it still runs; no process or thread of it is left afterwards."""
        if self._process.poll() is None:
            self._process.kill()
        self._finish()

    def _finish(self) -> int:
        code = self._process.wait()
        self._at_end()
        for thread in self._threads:
            thread.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):  # it did not read all of its input
                    stream.close()
        return code

    def _end(self) -> None:
        code = self._finish()
        if self._wrong is not None:
            raise self._wrong
        if code:
            raise ToolError(f"{self._name} failed: {_last_words(b''.join(self._errors))}")

    def _hear(self) -> None:
        self._errors += _of(self._process.stderr).readlines()

    def _say(self, said: Iterable[bytes]) -> None:
        """Writes the input. An error of its source ends the program, so that it never acts on a part."""
        stdin = _of(self._process.stdin)
        try:
            for part in said:
                stdin.write(part)
                if part is NOW:
                    stdin.flush()
            stdin.close()
        except BrokenPipeError:
            pass  # the program ended, and its output says why
        except Exception as error:  # noqa: BLE001 - raised again in the reading thread
            self._wrong = error
            self._process.kill()
        finally:
            if isinstance(said, Generator):
                said.close()  # also ends the program that it reads from


def tools_for(database_url: str, environ: Mapping[str, str]) -> Tools:
    """The tools of the embedded server, set up for this database.

    `environ` has libpq's variables for parameters that are not in the URL. Raises ToolError.
    """
    plain = {
        name: value
        for name, value in environ.items()
        if name.startswith("PG") or name in {"HOME", "KRB5CCNAME", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    }
    return Tools(
        environ={
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C",
            **plain,
            **connection_environ(database_url),
        },
        binaries=postgres_binaries(),
    )


def connection_environ(database_url: str) -> dict[str, str]:
    """The URL as variables of libpq. Raises ToolError for a parameter without a variable."""
    place, _, query = database_url.partition("://")[2].partition("?")
    authority, _, name = place.partition("/")
    login, _, hosts = authority.rpartition("@")
    user, _, password = login.partition(":")
    parts = [_host_and_port(each) for each in hosts.split(",")] if hosts else []
    found = {
        "user": unquote(user),
        "password": unquote(password),
        "dbname": unquote(name),
        "host": ",".join(host for host, _ in parts),
        "port": ",".join(port for _, port in parts) if any(port for _, port in parts) else "",
    }
    found |= dict(parse_qsl(query))
    if "sslpassword" in found:
        raise ToolError(
            "DATABASE_URL has sslpassword, which cannot be handed to pg_dump safely. "
            "Use a key without a password for this command."
        )
    return {
        _VARIABLES[each]: value for each, value in found.items() if value and each in _VARIABLES
    }


def _host_and_port(one: str) -> tuple[str, str]:
    found = re.fullmatch(
        r"\[(?P<six>[^\]]*)\](?::(?P<a>\d*))?|(?P<name>[^:]*)(?::(?P<b>\d*))?", one
    )
    if found is None:
        raise ToolError("DATABASE_URL has a host that cannot be read.")
    return unquote(found["six"] or found["name"] or ""), found["a"] or found["b"] or ""


def _last_words(said: bytes) -> str:
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    telling = [
        line for line in lines if "error" in line.lower() or "fatal" in line.lower()
    ] or lines
    return (telling[0] if telling else "it said nothing")[:WORDS_MAX]


def _of(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("no such stream")
    return stream
