"""`make nemesis`: a schedule by its seed, or one from a file; exit code 1 when a promise was broken."""

import argparse
import asyncio
import secrets
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.load.ledger import Ledger
from tests.faults.nemesis.faults import choices
from tests.faults.nemesis.outage import outage
from tests.faults.nemesis.run import Result, run
from tests.faults.nemesis.schedule import Schedule, plan, read, write
from tests.support.faults.faketime import LIBFAKETIME
from tests.support.programs.servers import home_in_memory

SEEDS = Path(__file__).parents[1] / "seeds"


def main() -> int:
    """Parse, run, tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.nemesis", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1800, help="of faults and load, about")
    parser.add_argument("--seed", type=int, help="of the schedule and of the clients")
    parser.add_argument("--file", type=Path, help="a schedule that was kept, instead")
    parser.add_argument(
        "--outage", action="store_true", help="PostgreSQL away behind HAProxy, only"
    )
    parser.add_argument("--tabs", type=int, default=0, help="browser tabs that edit, too")
    parser.add_argument("--load", type=float, default=1.0, help="part of the usual load")
    options = parser.parse_args()
    schedule = (
        read(options.file)
        if options.file
        else plan(
            secrets.randbelow(1 << 31) if options.seed is None else options.seed,
            options.seconds,
            choices(clock=bool(LIBFAKETIME)),
        )
    )
    return _outage(schedule.seed) if options.outage else _nemesis(schedule, options)


def _nemesis(schedule: Schedule, options: argparse.Namespace) -> int:
    say = _speaker()
    steps = [step for steps in schedule.rounds for step in steps]
    pairs = sum(step.beside is not None for step in steps)
    say(
        f"seed {schedule.seed}: {len(steps) + pairs} faults, {pairs} times two at a time,"
        f" in {len(schedule.rounds)} rounds"
    )

    def keep(number: int, problems: list[str]) -> None:
        kept = SEEDS / f"{schedule.seed}-{number}.json"
        rounds = [schedule.rounds[number - 1]]
        write(Schedule(seed=schedule.seed, rounds=rounds, problems=problems[:5]), kept)
        say(f"round {number} is kept: make nemesis FILE={kept}")

    ledger = Ledger(seed=schedule.seed)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        with home_in_memory() as home:
            result = asyncio.run(
                run(
                    schedule,
                    home,
                    say,
                    tabs=options.tabs,
                    load=options.load,
                    ledger=ledger,
                    keep=keep,
                )
            )
    except BaseException:
        say("\n".join(["ended before its time", str(ledger), *ledger.problems]))
        raise
    say(f"done\n{told(result)}")
    return 1 if result.broken else 0


def _outage(seed: int) -> int:
    say = _speaker()
    with home_in_memory() as home:
        seen = asyncio.run(outage(home, seed, say))
    say(seen.figures)
    say(f"newcomers by status {seen.newcomers}, tabs by status {dict(seen.tabs)}")
    say(
        f"{seen.interactions} interactions ({seen.unanswered} asked twice), afterwards: {seen.well}"
    )
    for problem in seen.problems:
        say(f"BROKEN {problem[:600]}")
    return 1 if seen.raw_503 or seen.refused or seen.reloaded or seen.problems else 0


def _speaker() -> Callable[[str], None]:
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:7.1f}  {line}", flush=True)

    return say


def told(result: Result) -> str:
    """The whole ledger, for people."""
    memory = ", ".join(f"{name} {size:.0f} MB" for name, size in result.rss_mb.items())
    lines = [
        str(result.ledger),
        f"  flushed      {len(result.ledger.flushed)} were in the stream at a FLUSHALL",
        str(result.audit or "stored         could not be read"),
        f"memory         {memory}",
        *(f"slow           {each}" for each in result.slow),
        *(
            f"BROKEN         round {n}: {each[:600]}"
            for n in result.broken
            for each in result.broken[n]
        ),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
