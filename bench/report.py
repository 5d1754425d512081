"""Reports of results: lines on the terminal, files in bench/results, the table in the docs."""

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import msgspec

from bench.figures import Figure, Result, shown

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"


def lines(result: Result) -> Iterable[str]:
    """The lines that are printed about the result."""
    yield f"\n{result.title}"
    for figure in result.figures:
        low, middle, high = _spread(figure)
        aim = "" if figure.aim is None else f"   aim {_aim(figure)}: {_verdict(figure)}"
        yield (
            f"  {figure.name:<34}{middle:>9} {figure.unit:<3} ({low} to {high},"
            f" {len(figure.values)} runs){aim}"
        )
    used = ", ".join(f"{name} {median(values):.2f}" for name, values in result.cores.items())
    yield f"  cores used: {used}"
    for problem in result.missed:
        yield f"  ! {problem}"


def keep(result: Result) -> None:
    """Write the result's file."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(result.to_json(), indent=1, ensure_ascii=False)
    (RESULTS / f"{result.name}.json").write_text(f"{text}\n", encoding="utf-8")


def rewrite_page(names: Iterable[str]) -> None:
    """Put the kept results of these measurements into the page, between its two marks."""
    tables = [
        _table(msgspec.json.decode(path.read_bytes(), type=Result))
        for path in (RESULTS / f"{name}.json" for name in names)
        if path.exists()
    ]
    replace_between(PAGE, BEGIN, END, "\n".join(tables))


def replace_between(page: Path, begin: str, end: str, text: str) -> None:
    """Replace the text between two marks of the page, or add it at its end if they are missing."""
    head, mark, rest = page.read_text(encoding="utf-8").partition(begin)
    if not mark:
        head, rest = f"{head.rstrip()}\n\n", f"{end}\n"
    tail = rest.partition(end)[2]
    page.write_text(f"{head}{begin}\n{text}{end}{tail}", encoding="utf-8")


def _table(result: Result) -> str:
    machine = result.machine
    rows = [
        f"### {result.title}",
        "",
        f"{result.how} Measured {machine['when']}, load {machine['load']} before.",
        "",
        "| figure | min | median | max | aim | met |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for figure in result.figures:
        low, middle, high = _spread(figure)
        aim = _aim(figure)
        unit = f" ({figure.unit})" if figure.unit else ""
        verdict = "" if figure.met is None else _verdict(figure)
        rows.append(f"| {figure.name}{unit} | {low} | {middle} | {high} | {aim} | {verdict} |")
    used = ", ".join(f"{name} {median(values):.2f}" for name, values in result.cores.items())
    notes = [f"- {problem}" for problem in result.missed]
    return "\n".join([*rows, "", f"Cores used (median): {used}.", *notes, "", ""])


def _spread(figure: Figure) -> tuple[str, str, str]:
    values = figure.values
    return shown(min(values)), shown(median(values)), shown(max(values))


def _aim(figure: Figure) -> str:
    return "" if figure.aim is None else f"{figure.sign} {shown(figure.aim)}"


def _verdict(figure: Figure) -> str:
    return "met" if figure.met else "**missed**"
