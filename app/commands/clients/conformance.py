"""`nest conformance`: tests a server or a client against the rules of the protocol."""

import argparse
from collections.abc import Mapping

from nest_haus_conformance.__main__ import run as try_rules

from app.commands.argument_types import positive
from app.commands.clients.asking import server_url
from app.settings.settings import Settings

HELP = (
    "Check rule by rule whether a server, or a client, keeps the protocol (docs/SPEC.md). Exits "
    "with 1 if a rule is broken."
)
EXAMPLE = (
    "nest conformance --url https://house.example\n"
    '  nest conformance --client "node clients/js/examples/driver.mjs"\n'
    '  nest conformance --client "python my_driver.py" CL JN3'
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `python -m nest_haus_conformance`, with a default address."""
    parser.add_argument("--url", help="address of the server (default: the one on this machine)")
    parser.add_argument(
        "--client", metavar="COMMAND", help="command that starts the driver of a client"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--seconds",
        type=positive,
        default=30.0,
        metavar="T",
        help="limit of each check, default 30",
    )
    parser.add_argument(
        "rules", nargs="*", metavar="RULE", help="check only this rule (JN3) or group (JN)"
    )


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Prints a verdict for each rule."""
    options.url = server_url(settings, options, environ)
    return try_rules(options)
