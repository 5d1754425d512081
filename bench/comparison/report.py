"""Reports of comparisons: lines on the terminal, tables in docs/performance.md."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

from bench.comparison.comparison import RESULTS, Comparison, Row
from bench.comparison.jobs import JOBS, Job
from bench.figures import shown
from bench.report import PAGE, replace_between

BEGIN, END = "<!-- peers: written by make bench-peers -->", "<!-- end of peers -->"
KINDS = {"peer": "ours ÷ best peer", "floor": "ours ÷ best floor"}


def tell(comparison: Comparison) -> None:
    """Print the job."""
    print("\n".join(lines(comparison)), flush=True)


def lines(comparison: Comparison) -> Iterator[str]:
    """The lines that are printed about the job."""
    job = comparison.job
    yield f"\n{job.title} ({comparison.seconds:.0f} s)"
    for row in comparison.rows:
        yield f"  {row.name}"
        shown_figures = [f"{column.title} {_spread(row, column.key)}" for column in job.columns]
        yield f"    {', '.join(shown_figures)}"
        for noticed in row.noticed:
            worth = {key: value for key, value in _problems(noticed).items() if value}
            if worth:
                yield f"    noticed: {worth}"
        for failure in row.failed:
            yield f"    ! {failure}"
    yield from (f"  {line}" for line in _aims(comparison))


def rewrite_page() -> None:
    """Put the kept comparisons into the page, between its two marks."""
    tables = []
    for job in JOBS:
        path = RESULTS / f"peers-{job.name}.json"
        if path.exists():
            tables.append("\n".join(_table(_kept(job, path))))
    replace_between(PAGE, BEGIN, END, "\n".join(tables))


def _kept(job: Job, path: Path) -> Comparison:
    kept = json.loads(path.read_text(encoding="utf-8"))
    rows = [Row(**row) for row in kept["rows"]]
    return Comparison(job=job, rows=rows, machine=kept["machine"], seconds=kept["seconds"])


def _table(comparison: Comparison) -> Iterable[str]:
    job, machine = comparison.job, comparison.machine
    columns = [
        column
        for column in job.columns
        if any(column.key in row.figures for row in comparison.rows)
    ]
    runs = max(
        (len(values) for row in comparison.rows for values in row.figures.values()), default=0
    )
    yield f"### {job.title}"
    yield ""
    yield f"{job.how} {runs} runs, measured {machine['when']}, load {machine['load']} before."
    yield ""
    yield f"| | {' | '.join(column.title for column in columns)} |"
    yield f"|---|{'--:|' * len(columns)}"
    for row in comparison.rows:
        cells = [_spread(row, column.key) for column in columns]
        yield f"| {row.title} | {' | '.join(cells)} |"
    for kind, title in KINDS.items():
        ratios = [
            comparison.ratios(column.key, column.better, kind) if column.better else []
            for column in columns
        ]
        if any(ratios):
            yield f"| *{title}* | {' | '.join(_middle(each) for each in ratios)} |"
    yield ""
    for row in comparison.rows:
        for failure in row.failed[:1]:
            yield f"- {row.title}: no figure in {len(row.failed)} runs. {failure[:160]}"
    yield from (f"- {line}" for line in _aims(comparison))
    yield ""


def _aims(comparison: Comparison) -> Iterator[str]:
    for aim in comparison.job.aims:
        row, bound, met = comparison.row(aim.of), comparison.bound(aim), comparison.met(aim)
        found = "not measured" if row is None else _spread(row, aim.key)
        asked = "?" if bound is None else shown(bound)
        verdict = {True: "met", False: "**missed**", None: "not measured"}[met]
        yield f"Aim: {aim.words} {aim.sign} {asked}: {found}, {verdict}"


def _spread(row: Row, key: str) -> str:
    values = row.figures.get(key)
    return _middle(values) if values else "–"


def _middle(values: list[float]) -> str:
    if not values:
        return ""
    low, high = shown(min(values)), shown(max(values))
    middle = shown(median(values))
    return middle if low == high else f"{middle} ({low}–{high})"


def _problems(noticed: dict[str, object]) -> dict[str, object]:
    found = noticed.get("problems")
    return found if isinstance(found, dict) else {}
