"""Arguments of commands that talk to a server: its address, the house, and the person."""

import argparse
from collections.abc import Mapping

from app.commands.argument_types import address
from app.settings.settings import Settings
from app.supervisor.running import beside_running

_NOBODY = (
    "`nest {command}` needs to know who it is: --token or NEST_TOKEN, or a database in reach "
    "(DATABASE_URL, or NEST_HOME of a running `nest run`)."
)


class NobodyError(Exception):
    """The command has no identity; the sentence says what to do."""


def house_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the server, the house, and the token of the person."""
    parser.add_argument("code", metavar="CODE", help="the house, by code or id")
    url_argument(parser)
    parser.add_argument(
        "--token", help="token of the person; better in NEST_TOKEN, where other users cannot see it"
    )


def url_argument(parser: argparse.ArgumentParser) -> None:
    """Adds the address of the server."""
    parser.add_argument(
        "--url",
        type=address,
        help="the server, default that of the running `nest run`, else http://HOST:PORT",
    )


def server_url(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """The address of the server: the given one, else that of the running stack or the settings."""
    given: str | None = options.url
    return given or beside_running(settings, environ).local_url


def reachable(
    settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]
) -> Settings:
    """The settings; without a token, with the database in which one can be made."""
    return settings if options.token or settings.token else beside_running(settings, environ)


def require_somebody(settings: Settings, options: argparse.Namespace, command: str) -> str:
    """The given token, or "" if there is a database. Raises NobodyError without both."""
    token: str = options.token or settings.token
    if not token and not settings.database_url:
        raise NobodyError(_NOBODY.format(command=command))
    return token
