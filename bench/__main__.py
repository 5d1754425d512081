"""`python -m bench [--quick] [--runs N] [NAME ...]`: measure, print, keep, rewrite the page.

`--peers` compares the product with others instead: all do the same jobs; `--jobs` and `--only`
choose some.

A figure is the median of its runs; smallest and largest are shown beside it. A figure that misses
its aim is printed as missed, and one that could not be measured is named.
"""

import argparse
import asyncio
import dataclasses
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import uvloop

from bench import report
from bench.comparison.contestants import CONTESTANTS
from bench.comparison.jobs import JOBS
from bench.figures import Result, Run
from bench.machine import OTHERS, describe, others_now
from bench.measures import MEASURES, Measure
from bench.stage import NoBrowserError, Stage
from tests.faults.load.stand import running_stand

DISTURBED_CORES = 0.25
"""If other programs use more cores than this, the figures say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The time for which to wait for other programs, and to repeat runs that they disturbed."""

    ends: float

    @property
    def over(self) -> bool:
        return time.monotonic() > self.ends


def main() -> int:
    """Returns the exit code: 1 if a figure could not be measured."""
    options = _options()
    if options.peers:
        return _compare(options)
    chosen = [measure for measure in MEASURES if not options.names or measure.name in options.names]
    machine = describe()
    print("  ".join(f"{name}: {value}" for name, value in machine.items()))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        patience = Patience(ends=time.monotonic() + options.patience)
        failed = runner.run(
            _measure_all(chosen, machine, runs=options.runs, quick=options.quick, patience=patience)
        )
    if not options.quick:
        report.rewrite_page(measure.name for measure in MEASURES)
    for name in failed:
        print(f"not measured: {name}", file=sys.stderr)
    return 1 if failed else 0


def _compare(options: argparse.Namespace) -> int:
    """Returns the exit code: 1 if a contestant gave no figures."""
    from bench.comparison import comparison
    from bench.comparison import report as comparison_report

    _open_many_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        wish = comparison.Wish(
            jobs=options.jobs,
            only=options.only,
            runs=options.runs,
            quick=options.quick,
            kills=options.kills,
        )
        done = runner.run(comparison.compare(wish, comparison_report.tell))
    if not (options.quick or options.only):
        comparison_report.rewrite_page()
    return 1 if any(row.failed for each in done for row in each.rows) else 0


def _open_many_files() -> None:
    """Raise the limit of open files, which child processes inherit: each socket is a file."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _measure_all(
    chosen: list[Measure],
    machine: dict[str, object],
    *,
    runs: int,
    quick: bool,
    patience: Patience,
) -> list[str]:
    failed = []
    with tempfile.TemporaryDirectory(prefix="nest-bench-") as home:
        async with (
            running_stand(Path(home) / "nest", NEST_LOG_LEVEL="warning") as stand,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
        ):
            stage = Stage(stand=stand, http=http, quick=quick)
            for measure in chosen:
                try:
                    async with measure.place(stage) as place:
                        results = [
                            await _undisturbed(measure, place, patience)
                            for _ in range(1 if quick else runs)
                        ]
                except (NoBrowserError, Exception) as error:  # noqa: BLE001 - the others go on
                    failed.append(f"{measure.name}: {error!r}"[:400])
                    continue
                result = _together(measure, results, machine)
                print("\n".join(report.lines(result)), flush=True)
                if not quick:
                    report.keep(result)
    return failed


async def _undisturbed(measure: Measure, stage: Stage, patience: Patience) -> Run:
    """A run without disturbance by other programs, or any run once the patience is over."""
    while True:
        while not patience.over and await others_now() > DISTURBED_CORES:
            pass
        run = await measure.run(stage)
        if patience.over or run.cores[OTHERS] <= DISTURBED_CORES:
            return run
        print(f"  {measure.name}: repeated, others used {run.cores[OTHERS]:.2f} cores", flush=True)


def _together(measure: Measure, runs: list[Run], machine: dict[str, object]) -> Result:
    figures = [
        dataclasses.replace(figure, values=[round(run.figures[figure.name], 3) for run in runs])
        for figure in measure.figures
    ]
    others = max(run.cores[OTHERS] for run in runs)
    missed = [
        f"{figure.name}: aim missed, {min(figure.values)} to {max(figure.values)} {figure.unit}"
        for figure in figures
        if figure.met is False
    ]
    if others > DISTURBED_CORES:
        missed.append(f"disturbed: something else used up to {others:.1f} cores meanwhile")
    return Result(
        name=measure.name,
        title=measure.title,
        how=measure.how,
        figures=figures,
        cores={name: [run.cores.get(name, 0.0) for run in runs] for name in runs[0].cores},
        machine={**machine, "load": describe()["load"]},
        missed=missed,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join(measure.name for measure in MEASURES)
    )
    parser.add_argument(
        "--quick", action="store_true", help="one short run each; nothing is written"
    )
    parser.add_argument("--runs", type=int, default=3, help="runs of each measurement (default 3)")
    parser.add_argument(
        "--patience",
        type=float,
        default=0,
        metavar="SECONDS",
        help="wait at most this long in total until other programs leave the machine alone, and repeat runs "
        "that they disturbed (default 0)",
    )
    parser.add_argument(
        "--peers", action="store_true", help="compare with others (make bench-peers)"
    )
    parser.add_argument("--jobs", type=_words, default=[], help="with --peers: only these, a,b,c")
    parser.add_argument(
        "--only", type=_words, default=[], help="with --peers: only these rows, a,b,c"
    )
    parser.add_argument(
        "--kills", type=int, help="with --peers: the number of kills (default 1,000)"
    )
    options = parser.parse_args()
    _check(parser, "jobs", options.jobs, [job.name for job in JOBS])
    _check(parser, "only", options.only, [each.name for each in CONTESTANTS])
    unknown = set(options.names) - {measure.name for measure in MEASURES}
    if unknown:
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    return options


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def _check(
    parser: argparse.ArgumentParser, option: str, asked: list[str], known: list[str]
) -> None:
    if unknown := set(asked) - set(known):
        parser.error(f"--{option}: no {', '.join(sorted(unknown))}; there are {', '.join(known)}")


if __name__ == "__main__":
    sys.exit(main())
