"""The command `nest`. Only this module reads the environment."""

import argparse
import asyncio
import os
import platform
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import structlog

from app.away import away
from app.clients import client_missing
from app.commands.keeping import add_keeping
from app.commands.options import (
    admin_name,
    audit_arguments,
    conformance_arguments,
    deadletters_arguments,
    edit_arguments,
    privacy_arguments,
    run_arguments,
    sessions_arguments,
    soak_arguments,
    tail_arguments,
)
from app.exclusive import AlreadyInUseError
from app.logging import configure_logging
from app.settings import Settings, SettingsError, parse_settings, settings_table
from storage.errors import StorageError

if TYPE_CHECKING:
    from app.release import Released

Command = Callable[[Settings, argparse.Namespace, Mapping[str, str]], int]

DESCRIPTION = """\
NEST-Haus Live: a configurator for modular houses that several people use at the same time.

To try it:            nest run
On real servers:      DATABASE_URL=... REDIS_URL=... nest migrate
                      DATABASE_URL=... REDIS_URL=... nest web      (as many as you like)
                      DATABASE_URL=... REDIS_URL=... nest worker   (one or more)
In a running house:   nest tail CODE                              (what happens, line by line)
                      nest edit CODE nest=nest120 fenster=
                      nest soak --seconds 60                      (load that checks itself)
When events are lost: nest deadletters list                       (what could not be stored)
To build a client:    nest conformance --client "node driver.mjs"  (does it keep the rules?)
To keep the data:     nest backup                                 (nest restore FILE puts it back)
When something fails: nest doctor

Settings are environment variables; `nest doctor --settings` lists them all.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    environ = dict(os.environ)
    try:
        settings = parse_settings(environ, node=f"{platform.node() or 'host'}-{os.getpid()}"[:64])
    except SettingsError as error:
        for problem in error.problems:
            print(f"nest: {problem}", file=sys.stderr)
        return 2
    configure_logging(level=settings.log_level, form=settings.log_format, node=settings.node)
    command: Command = options.command
    try:
        return command(settings, options, environ)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except SettingsError as error:
        print(f"nest: {error}", file=sys.stderr)
        return 2
    except AlreadyInUseError as error:
        print(f"nest: {error}", file=sys.stderr)
    except StorageError as error:
        print(f"nest: {away(error, settings)}", file=sys.stderr)
    except Exception as error:  # noqa: BLE001 - reported, and the process ends
        if missing := client_missing(error):
            print(f"nest: {missing}", file=sys.stderr)
            return 2
        # The last edge: whatever it was goes into the log in the log's form, then the process ends.
        structlog.get_logger(__name__).exception("process_crashed")
    return 1


def _run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    if settings.database_url or settings.redis_url:
        _require_usable({"DATABASE_URL": settings.database_url}, settings.redis_url)
    supervisor = import_module("app.supervisor")
    stack = supervisor.Stack(
        prepare=partial(_note_of, settings),
        mint_link=partial(_mint_link, settings),
        programs=supervisor.nest_programs(options.web, options.workers),
    )
    code: int = asyncio.run(supervisor.run(settings, stack, environ))
    return code


async def _mint_link(settings: Settings, database_url: str, public_url: str) -> str:
    minting = import_module("app.admin_link")
    minter = minting.Minter(*import_module("app.audit_key").operator(settings, "nest run"))
    link: str = await minting.mint_admin_link(database_url, public_url, minter=minter)
    return link


async def _prepare(settings: Settings, database_url: str) -> "Released":
    key = import_module("app.audit_key").audit_key(settings, database_url)
    released: Released = await import_module("app.release").release(
        database_url, key, settings.redis_url
    )
    return released


async def _note_of(settings: Settings, database_url: str) -> str:
    return (await _prepare(settings, database_url)).note


def _web(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = _with_running_servers(settings, environ)
    if not _has_servers(settings, "web"):
        return 2
    if not options.listen_fd:
        import_module("app.listening").require_free_port(settings.host, settings.port)
    _require_usable(_usable().of_web(settings), settings.redis_url, waits=True)
    code: int = import_module("app.processes").serve_web(
        settings, end_with_stdin=options.end_with_stdin, listen_fds=options.listen_fd or ()
    )
    return code


def _worker(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = _with_running_servers(settings, environ)
    if not _has_servers(settings, "worker"):
        return 2
    _require_usable(_usable().of_worker(settings), settings.redis_url, waits=True)
    code: int = import_module("app.processes").run_worker(
        settings, end_with_stdin=options.end_with_stdin
    )
    return code


def _migrate(settings: Settings, _options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = _beside_running(settings, environ)
    if not settings.database_url:
        return _missing("migrate", "DATABASE_URL")
    _require_usable({"DATABASE_URL": settings.database_url}, "")
    done = asyncio.run(_prepare(settings, settings.database_url))
    what = f"Nothing to migrate: {done.note}." if done.note else "The database is migrated."
    print(f"{what} Catalogues: {', '.join(done.catalogues) or 'none'}.")
    return 0


def _require_usable(databases: Mapping[str, str], redis_url: str, *, waits: bool = False) -> None:
    _usable().require_usable(databases, redis_url, waits=waits)


def _usable() -> ModuleType:
    return import_module("app.usable")


def _admin_link(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = _beside_running(settings, environ)
    if not settings.database_url:
        return _missing("admin-link", "DATABASE_URL")
    minting = import_module("app.admin_link")
    minter = minting.Minter(*import_module("app.audit_key").operator(settings, "nest admin-link"))
    if options.token:
        token = minting.mint_admin_token(settings.database_url, options.name, minter=minter)
        print(asyncio.run(token))
    else:
        link = minting.mint_admin_link(
            settings.database_url, settings.public_url, options.name, minter=minter
        )
        print(asyncio.run(link))
    return 0


def _admin_sessions(
    settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]
) -> int:
    settings = _beside_running(settings, environ)
    if not _has_servers(settings, "admin-sessions"):
        return 2
    code: int = import_module("app.commands.sessions").run(settings, options)
    return code


def _doctor(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    if options.settings:
        print(settings_table())
        return 0
    doctor = import_module("app.doctor")
    findings = asyncio.run(doctor.examine(settings, environ))
    print(doctor.report(findings))
    return 1 if any(finding.state == "wrong" for finding in findings) else 0


def _privacy(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = _beside_running(settings, environ)
    if not _has_servers(settings, "privacy"):
        return 2
    code: int = import_module("app.commands.privacy").run(settings, options)
    return code


def _tail(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    code: int = import_module("app.commands.run").run_tail(
        _reachable(settings, options, environ), options, environ
    )
    return code


def _edit(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    code: int = import_module("app.commands.run").run_edit(
        _reachable(settings, options, environ), options, environ
    )
    return code


def _soak(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    code: int = import_module("app.commands.run").run_soak(settings, options, environ)
    return code


def _conformance(
    settings: Settings, options: argparse.Namespace, _environ: Mapping[str, str]
) -> int:
    options.url = options.url or settings.local_url
    code: int = import_module("nest_haus_conformance.__main__").run(options)
    return code


def _deadletters(
    settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]
) -> int:
    settings = _beside_running(settings, environ)
    if not _has_servers(settings, "deadletters"):
        return 2
    code: int = import_module("app.commands.deadletters").run(settings, options)
    return code


def _audit(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = _beside_running(settings, environ)
    if not settings.database_url:
        return _missing("audit", "DATABASE_URL")
    code: int = import_module("app.commands.audit").run(settings, options)
    return code


def _reachable(
    settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]
) -> Settings:
    """Without a token, with the database beside it, where who it is can be arranged."""
    return settings if options.token or settings.token else _beside_running(settings, environ)


def _beside_running(settings: Settings, environ: Mapping[str, str]) -> Settings:
    found: Settings = import_module("app.running").beside_running(settings, environ)
    return found


def _with_running_servers(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """The running stack's PostgreSQL and Valkey, but an address of our own: its port is taken."""
    found = _beside_running(settings, environ)
    return replace(found, host=settings.host, port=settings.port, public_url=settings.public_url)


def _has_servers(settings: Settings, command: str) -> bool:
    missing = [
        name
        for name, url in (
            ("DATABASE_URL", settings.database_url),
            ("REDIS_URL", settings.redis_url),
        )
        if not url
    ]
    if missing:
        _missing(command, " and ".join(missing))
    return not missing


def _missing(command: str, names: str) -> int:
    print(
        f"nest: `nest {command}` needs {names}. "
        "`nest run` starts servers of its own; while it runs, this command finds them through "
        "NEST_HOME.",
        file=sys.stderr,
    )
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nest",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, command: Command, what: str, example: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=what,
            description=what,
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(command=command)
        return added

    run_arguments(
        add(
            "run",
            _run,
            "Start everything on this machine: PostgreSQL and Valkey (unless DATABASE_URL and "
            "REDIS_URL are set), web, worker. Ctrl-C stops it all; the data stay in NEST_HOME.",
            "PORT=9000 NEST_HOME=/tmp/house nest run\n  nest run --web 4 --workers 2",
        )
    )
    web = add(
        "web",
        _web,
        "Run one web process: pages, sockets, HTTP API. Start as many as you need.",
        "DATABASE_URL=postgresql://nest@db/nest REDIS_URL=redis://cache/0 PORT=8081 nest web",
    )
    worker = add(
        "worker",
        _worker,
        "Run one worker: it writes the recorded interactions to PostgreSQL.",
        "DATABASE_URL=postgresql://nest@db/nest REDIS_URL=redis://cache/0 nest worker",
    )
    web.add_argument(
        "--listen-fd",
        type=int,
        action="append",
        metavar="NUMBER",
        help="serve on this inherited socket, which listens already, instead of HOST and PORT",
    )
    for process in (web, worker):
        process.add_argument(
            "--end-with-stdin",
            action="store_true",
            help="stop when standard input closes (how `nest run` makes sure nothing is left)",
        )
    add(
        "migrate",
        _migrate,
        "Bring the database to the newest schema and publish the catalogue. Safe to repeat.",
        "DATABASE_URL=postgresql://nest@db/nest nest migrate",
    )
    admin_link = add(
        "admin-link",
        _admin_link,
        "Print a link that logs an admin in, once, within the hour.",
        "NEST_PUBLIC_URL=https://house.example DATABASE_URL=... nest admin-link",
    )
    admin_link.add_argument(
        "--token",
        action="store_true",
        help="print a bearer token for a program instead, good for 8 hours",
    )
    admin_link.add_argument("--name", type=admin_name, help="of the admin; the audit names them so")
    sessions_arguments(
        add(
            "admin-sessions",
            _admin_sessions,
            "List the admin sessions that are open, or end them: their pages and sockets end "
            "within a second, on every web process. Exits with 1 if one that is named is not open.",
            "nest admin-sessions list\n  nest admin-sessions end 3fa9c1e07b52\n"
            "  nest admin-sessions end --all",
        )
    )
    privacy_arguments(
        add(
            "privacy",
            _privacy,
            "Show, as one JSON document, or erase everything about a person, a session or an "
            "e-mail address: tables, stream, dead letters, presence, memory of the web processes. "
            "Counts are corrected in the same step. Exits with 1 if nothing is known of the "
            "subject, or if you say no.",
            "nest privacy export 018f3c5e-... > about.json\n"
            "  nest privacy erase anna@example.org\n"
            "  nest privacy erase client_1732_x --yes",
        )
    )
    tail_arguments(
        add(
            "tail",
            _tail,
            "Show what happens in a house: every version with its author, what changed, price and "
            "reasons, and who comes and goes. Over every reconnect, until Ctrl-C.",
            "nest tail 7K3M9QXA\n  nest tail 7K3M9QXA --json | jq .total_cents\n"
            "  NEST_TOKEN=... nest tail 7K3M9QXA --url https://house.example",
        )
    )
    edit_arguments(
        add(
            "edit",
            _edit,
            "Change a house and print the outcome, with reasons and ways out. Exits with 0 when "
            "it is done, 1 when it was refused, 2 when that is not known.",
            "nest edit 7K3M9QXA nest=nest120\n"
            "  nest edit 7K3M9QXA nest=nest120 pvanlage=pv_panels:8 fenster=\n"
            "  nest edit 7K3M9QXA --undo",
        )
    )
    soak_arguments(
        add(
            "soak",
            _soak,
            "Edit several houses with several people each, over connections that are cut, and "
            "check that everybody ends with what is stored. Exits with 1 if anything is wrong.",
            "nest soak --rooms 4 --clients 3 --seconds 60\n"
            "  nest soak --url https://house.example --rate 5 --drop-every 2",
        )
    )
    conformance_arguments(
        add(
            "conformance",
            _conformance,
            "Try a server, or a client, against the rules of the protocol (docs/SPEC.md), one by "
            "one. Exits with 1 if a rule is broken.",
            "nest conformance --url https://house.example\n"
            '  nest conformance --client "node clients/js/examples/driver.mjs"\n'
            '  nest conformance --client "python my_driver.py" CL JN3',
        )
    )
    deadletters_arguments(
        add(
            "deadletters",
            _deadletters,
            "Interactions that could not be stored: look at them, mend them, send them again, or "
            "give them up. Every change is written down in the audit. Exits with 1 if not all of "
            "it was done.",
            "nest deadletters list --kind wrong_type\n"
            "  nest deadletters show 1764111600000-0\n"
            "  nest deadletters fix 1764111600000-0 payload.json\n"
            "  nest deadletters redrive --kind wrong_type\n"
            "  nest deadletters drop 1764111600000-0",
        )
    )
    audit_arguments(
        add(
            "audit",
            _audit,
            "Verify the audit: each line is signed together with the one before it, so a line that "
            "was changed or removed is told by its number. Exits with 1 if one was.",
            "nest audit verify\n  nest audit verify --head 57:9f86d081884c7d65...",
        )
    )
    add_keeping(add)
    doctor = add(
        "doctor",
        _doctor,
        "Say what is configured, reachable and migrated, and how to mend what is wrong. "
        "Exits with 1 if something is.",
        "nest doctor",
    )
    doctor.add_argument(
        "--settings", action="store_true", help="list every setting and its default"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
