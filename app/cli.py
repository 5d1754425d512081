"""The command `nest`: finds the module of a command, reads the settings, turns errors into sentences.

Only this module reads the environment.
"""

import argparse
import os
import platform
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, cast

import structlog

from app.away import away
from app.clients import client_missing
from app.commands.command import Command
from app.logs.setup import configure_logging
from app.settings.settings import SettingsError, parse_settings
from app.supervisor.exclusive import AlreadyInUseError
from storage.errors import StorageError

COMMANDS: Final = {
    "run": ("processes.run", "start everything on this machine"),
    "web": ("processes.web", "run one web process"),
    "worker": ("processes.worker", "run one worker"),
    "migrate": ("processes.migrate", "bring the database to the newest schema"),
    "doctor": ("processes.doctor", "say what is wrong, and how to repair it"),
    "backup": ("data.backup", "write everything in PostgreSQL into one file"),
    "restore": ("data.restore", "replace everything in PostgreSQL with a backup"),
    "restored": ("data.restored", "say that another tool restored the database"),
    "upgrade-data": ("data.upgrade_data", "convert the data of an older PostgreSQL"),
    "admin-link": ("people.admin_link", "print a link that signs an admin in"),
    "admin-sessions": ("people.admin_sessions", "list the sessions of admins, or end them"),
    "privacy": ("people.privacy", "print or erase all data about a person"),
    "audit": ("service.audit", "verify the audit"),
    "deadletters": ("service.deadletters", "repair interactions that could not be stored"),
    "tail": ("clients.tail", "print what happens in a house"),
    "edit": ("clients.edit", "change a house"),
    "soak": ("clients.soak", "edit many houses over bad connections, and check them"),
    "conformance": ("clients.conformance", "check a server or a client against the protocol"),
}
"""The module of each command in `app.commands`, and a line for `nest --help`.

The other texts are in the modules. Only the module of the given command is imported, because all of
them together would load the whole product.
"""

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = _parser(given[0] if given else "").parse_args(given)
    except ModuleNotFoundError as error:
        if (missing := client_missing(error)) is None:
            raise
        print(f"nest: {missing}", file=sys.stderr)
        return 2
    return _run(options.command, options)


def _run(command: Command, options: argparse.Namespace) -> int:
    environ = dict(os.environ)
    try:
        settings = parse_settings(environ, node=f"{platform.node() or 'host'}-{os.getpid()}"[:64])
    except SettingsError as error:
        return _not_possible(error)
    configure_logging(level=settings.log_level, form=settings.log_format, node=settings.node)
    try:
        return command.run(settings, options, environ)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except SettingsError as error:
        return _not_possible(error)
    except AlreadyInUseError as error:
        print(f"nest: {error}", file=sys.stderr)
    except StorageError as error:
        print(f"nest: {away(error, settings)}", file=sys.stderr)
    except Exception:  # noqa: BLE001 - the outermost edge: the error is logged in the log's format
        structlog.get_logger(__name__).exception("process_crashed")
    return 1


def _not_possible(error: SettingsError) -> int:
    for problem in error.problems:
        print(f"nest: {problem}", file=sys.stderr)
    return 2


def _parser(asked: str) -> argparse.ArgumentParser:
    """The parser of `nest`; only the command `asked` gets its arguments."""
    parser = argparse.ArgumentParser(
        prog="nest",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (module, line) in COMMANDS.items():
        added = commands.add_parser(name, help=line)
        if name == asked:
            _describe(added, cast("Command", import_module(f"app.commands.{module}")))
    return parser


def _describe(parser: argparse.ArgumentParser, command: Command) -> None:
    parser.description = command.HELP
    parser.epilog = f"example:\n  {command.EXAMPLE}"
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    command.arguments(parser)
    parser.set_defaults(command=command)


if __name__ == "__main__":
    sys.exit(main())
