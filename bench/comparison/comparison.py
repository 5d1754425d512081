"""`python -m bench --peers`: all contestants do the same jobs in turns; figures, ratios, aims."""

import json
import operator
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import msgspec

from bench.comparison import kills, peer_intake
from bench.comparison.contestants import CONTESTANTS, Backing, Contestant, backing
from bench.comparison.database_reads import Reads
from bench.comparison.generator import Figures, run_task
from bench.comparison.jobs import JOBS, Aim, Job
from bench.comparison.peer_packages import install
from bench.machine import describe

RESULTS = Path(__file__).parents[1] / "results"
SIGNS = {"≤": operator.le, "≥": operator.ge, "=": operator.eq}


@dataclass(slots=True, kw_only=True)
class Row:
    """One contestant in one job: its figures of each run, observations, and failures."""

    name: str
    title: str
    kind: str
    figures: dict[str, list[float]] = field(default_factory=dict)
    noticed: list[dict[str, object]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def take(self, figures: Figures, noticed: dict[str, object]) -> None:
        """Add the figures of a run."""
        for name, value in figures.items():
            self.figures.setdefault(name, []).append(value)
        self.noticed.append(noticed)

    def middle(self, key: str) -> float | None:
        """The median of a figure; None if no run gave it."""
        values = self.figures.get(key)
        return median(values) if values else None


@dataclass(slots=True, kw_only=True)
class Comparison:
    """One job, done by all contestants."""

    job: Job
    rows: list[Row]
    machine: dict[str, object]
    seconds: float = 0.0

    def row(self, name: str) -> Row | None:
        """The row of a contestant, if it took part and gave figures."""
        return next((row for row in self.rows if row.name == name and row.figures), None)

    def bound(self, aim: Aim) -> float | None:
        """The bound of the aim; None if the other contestant has no such figure."""
        if aim.than is None:
            return aim.bound
        other = self.row(aim.than)
        value = other.middle(aim.key) if other else None
        return None if value is None else aim.bound * value

    def met(self, aim: Aim) -> bool | None:
        """Whether the median meets the aim; None if it was not measured."""
        row, bound = self.row(aim.of), self.bound(aim)
        value = row.middle(aim.key) if row else None
        if value is None or bound is None:
            return None
        return bool(SIGNS[aim.sign](value, bound))

    def ratios(self, key: str, better: str, kind: str) -> list[float]:
        """Our figure divided by the best of the others, run by run: a slow moment affects both."""
        ours = self.row("nest")
        others = [row.figures[key] for row in self.rows if row.kind == kind and key in row.figures]
        if ours is None or key not in ours.figures or not others:
            return []
        best = min if better == "less" else max
        pairs = zip(ours.figures[key], *others, strict=False)
        return [own / best(rest) for own, *rest in pairs if best(rest)]

    def to_json(self) -> dict[str, object]:
        """All figures, aims and ratios, for the file."""
        return {
            "name": self.job.name,
            "title": self.job.title,
            "how": self.job.how,
            "machine": self.machine,
            "seconds": round(self.seconds, 1),
            "rows": [asdict(row) for row in self.rows],
            "ratios": {
                column.key: {
                    kind: self.ratios(column.key, column.better, kind) for kind in ("peer", "floor")
                }
                for column in self.job.columns
                if column.better
            },
            "aims": [
                {**asdict(aim), "asked": self.bound(aim), "met": self.met(aim)}
                for aim in self.job.aims
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The request: names of jobs and of contestants (none: all), the number of runs, the time."""

    jobs: Sequence[str] = ()
    only: Sequence[str] = ()
    runs: int = 3
    quick: bool = False
    kills: int | None = None


async def compare(wish: Wish, tell: Callable[[Comparison], None]) -> list[Comparison]:
    """Do the jobs.

    `tell` is called with each comparison. It is also kept in a file, unless it was quick or lacks
    rows.
    """
    install()
    done = []
    with tempfile.TemporaryDirectory(prefix="nest-bench-") as home:
        async with backing(Path(home) / "nest") as behind:
            for job in JOBS:
                if wish.jobs and job.name not in wish.jobs:
                    continue
                comparison = await _one_job(job, behind, wish)
                tell(comparison)
                if not (wish.quick or wish.only):
                    keep(comparison)
                done.append(comparison)
    return done


async def _one_job(job: Job, behind: Backing, wish: Wish) -> Comparison:
    chosen = [
        each
        for each in CONTESTANTS
        if each.name in job.contestants and (not wish.only or each.name in wish.only)
    ]
    rows = {each.name: Row(name=each.name, title=each.title, kind=each.kind) for each in chosen}
    comparison = Comparison(job=job, rows=list(rows.values()), machine=describe())
    began = time.monotonic()
    for _ in range(1 if wish.quick or job.name == "kills" else wish.runs):
        for contestant in chosen:
            row = rows[contestant.name]
            try:
                if job.name == "kills":
                    row.take(await kills.run(contestant, behind, job, wish.quick, wish.kills), {})
                elif job.name == "intake":
                    row.take(await peer_intake.run(contestant, behind, job, wish.quick), {})
                else:
                    row.take(*await _one_run(job, contestant, behind, wish.quick))
            except Exception as error:  # noqa: BLE001 - the others go on
                row.failed.append(f"{type(error).__name__}: {error}"[:600])
                print(f"  ! {job.name}, {contestant.name}: {row.failed[-1]}", flush=True)
    comparison.seconds = time.monotonic() - began
    return comparison


async def _one_run(
    job: Job, contestant: Contestant, behind: Backing, quick: bool
) -> tuple[Figures, dict[str, object]]:
    figures, noticed = await _on_fresh_server(job, contestant, behind, quick=quick, calm=False)
    if job.calm:
        calm, _ = await _on_fresh_server(job, contestant, behind, quick=quick, calm=True)
        figures |= {f"calm_{name}": value for name, value in calm.items()}
        figures["growth_mb"] = max(0.0, figures["grown_mb"] - calm["grown_mb"])
        figures["p99_against_calm"] = figures["reader_p99_ms"] / calm["reader_p99_ms"]
    return figures, noticed


async def _on_fresh_server(
    job: Job, contestant: Contestant, behind: Backing, *, quick: bool, calm: bool
) -> tuple[Figures, dict[str, object]]:
    reads = Reads(behind.postgres.url)

    async def ask(moment: str) -> None:
        if "postgresql" in contestant.uses:
            await reads.note(moment)

    differs = {
        **(job.quick if quick else {}),
        **job.parts.get(contestant.name, {}),
        **(job.calm if calm else {}),
    }
    count = (job.quick_rooms if quick else None) or job.rooms
    async with contestant.running(behind) as server:
        rooms = await server.rooms(behind, count)
        task = {**job.full, **differs, "job": job.load, "driver": contestant.driver, "rooms": rooms}
        figures, noticed = await run_task(task, server, ask)
    if reads.noted:
        during = reads.between("before", "after") - figures["edits_while_away"]
        figures["reads_per_client"] = during / figures["clients"]
    return figures, noticed


def keep(comparison: Comparison) -> None:
    """Write the file of the job."""
    RESULTS.mkdir(exist_ok=True)
    text = msgspec.json.format(json.dumps(comparison.to_json(), ensure_ascii=False), indent=1)
    (RESULTS / f"peers-{comparison.job.name}.json").write_text(f"{text}\n", encoding="utf-8")
