"""`python -m nest_haus_conformance --url URL [--client COMMAND] [RULE ...]`: rule by rule."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from urllib.error import URLError

from nest_haus_conformance.checks import (
    client_connection,
    client_history,
    client_ops,
    client_restore,
    server_access,
    server_joining,
    server_ops,
)
from nest_haus_conformance.client import Client
from nest_haus_conformance.house import new_house
from nest_haus_conformance.server import Server
from nest_haus_conformance.verdicts import Check, Verdict, Where, judge

SECONDS = 30.0
STEP_PART = 0.4
"""The share of a check's time that one step may take, so that the verdict names the step."""
AT_ONCE = 4
MARKS = {"kept": "✓", "broken": "✗", "skipped": "–"}
COLOURS = {"kept": "32", "broken": "31;1", "skipped": "33"}

DESCRIPTION = """\
Tries a server, or a client, against the rules of the protocol (docs/SPEC.md), one by one.

  nest conformance --url http://127.0.0.1:8080
      is this server one of ours? It makes houses of its own there.
  nest conformance --url http://127.0.0.1:8080 --client "node my_driver.mjs"
      does this client keep the rules? The kit starts it, stands between it and the server, loses
      and doubles frames, cuts lines. A driver is a few lines around your client: it reads commands
      and prints outcomes, as written in nest_haus_conformance/driver.py; clients/python and
      clients/js have one each to copy.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks; returns the exit code, 0 if no rule was broken."""
    parser = argparse.ArgumentParser(
        prog="nest-haus-conformance",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--url", required=True, help="address of the server")
    parser.add_argument(
        "--client", metavar="COMMAND", help="command that starts the driver of a client"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="limit of each check, default %(default)g"
    )
    parser.add_argument(
        "rules", nargs="*", metavar="RULE", help="check only this rule (JN3) or group (JN)"
    )
    return run(parser.parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Run the checks and print verdicts; returns 1 if a rule was broken, 2 without any checks."""
    url = options.url.rstrip("/")
    try:
        verdicts = asyncio.run(_try(url, options))
    except (OSError, URLError, KeyError, ValueError) as error:
        print(f"There is no such server at {url}: {error}", file=sys.stderr)
        return 2
    if not verdicts:
        print(f"No check tries {', '.join(options.rules)}.", file=sys.stderr)
        return 2
    if not options.json:
        print(_summary(verdicts))
    return 1 if any(verdict.state == "broken" for verdict in verdicts) else 0


async def _try(url: str, options: argparse.Namespace) -> list[Verdict]:
    await new_house(url)

    def report(verdict: Verdict) -> None:
        print(_line(verdict, as_json=options.json), flush=True)

    if options.client:
        step = options.seconds * STEP_PART
        tried = Client(url=url, command=options.client, step_seconds=step)
        return await _judge_all(client_checks(options.rules), tried, options.seconds, report)
    checks = [
        *server_joining.check.chosen(options.rules),
        *server_ops.check.chosen(options.rules),
        *server_access.check.chosen(options.rules),
    ]
    return await _judge_all(checks, Server(url=url), options.seconds, report)


def client_checks(rules: Sequence[str]) -> list[Check[Client]]:
    """The checks of clients for these rules or groups; all checks if ``rules`` is empty."""
    return [
        *client_history.check.chosen(rules),
        *client_ops.check.chosen(rules),
        *client_restore.check.chosen(rules),
        *client_connection.check.chosen(rules),
    ]


async def _judge_all(
    checks: Sequence[Check[Where]],
    where: Where,
    seconds: float,
    report: Callable[[Verdict], None],
) -> list[Verdict]:
    """Run some checks at a time, report each verdict when it comes, return them in order."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(check: Check[Where]) -> Verdict:
        async with turns:
            verdict = await judge(check, where, seconds=seconds)
        report(verdict)
        return verdict

    async with asyncio.TaskGroup() as tasks:
        judged = [tasks.create_task(one(check)) for check in checks]
    return [task.result() for task in judged]


def _line(verdict: Verdict, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(asdict(verdict))
    mark = MARKS[verdict.state]
    if sys.stdout.isatty():
        mark = f"\x1b[{COLOURS[verdict.state]}m{mark}\x1b[0m"
    why = f"\n      {verdict.why}" if verdict.why else ""
    return f"{mark} {' '.join(verdict.rules):<20} {verdict.title}{why}"


def _summary(verdicts: Sequence[Verdict]) -> str:
    broken = sorted({rule for each in verdicts if each.state == "broken" for rule in each.rules})
    tried = {rule for each in verdicts if each.state != "skipped" for rule in each.rules}
    kept = f"{len(tried) - len(broken)} of {len(tried)} rules that were tried are kept"
    return f"\n{kept}." + (f" Broken: {', '.join(broken)}." if broken else "")


if __name__ == "__main__":
    sys.exit(main())
