"""`nest doctor`: checks the configuration, the servers and the schema."""

import argparse
import asyncio
from collections.abc import Mapping

from app.doctor.doctor import examine, report
from app.settings.settings import Settings
from app.settings.table import settings_table

HELP = (
    "Say what is configured, reachable and migrated, and how to repair what is wrong. Exits with "
    "1 if something is wrong."
)
EXAMPLE = "nest doctor"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the option to print the settings instead."""
    parser.add_argument(
        "--settings", action="store_true", help="list every setting and its default"
    )


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Prints the findings; returns 1 if one of them is a problem."""
    if options.settings:
        print(settings_table())
        return 0
    findings = asyncio.run(examine(settings, environ))
    print(report(findings))
    return 1 if any(finding.state == "wrong" for finding in findings) else 0
