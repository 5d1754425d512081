"""The recurring jobs: how each went, when it is due, who does them, and what failed."""

from collections.abc import Mapping
from typing import ClassVar, Final

from realtime.api.service.jobs import JobRow, JobsAnswer, RunAnswer, RunRequest
from storage.redis.activity.stops import Stop
from ui.staff.area import Area
from ui.staff.service.names import ServiceNames
from ui.staff.table import Action, Cell, Column, Row, Table
from ui.theme import Tone, heading, paragraph, set_tone

LATE_SECONDS = 60
TONES: Final[Mapping[str, Tone]] = {"ok": "good", "failed": "bad"}


class JobsSection:
    """The jobs, the failures of seven days, and workers that ended by themselves."""

    name: ClassVar[str] = "jobs"

    def __init__(self, area: Area) -> None:
        self.area = area
        self.names = ServiceNames(self.area.words)
        self.leader = paragraph().props("data-testid=leader")
        columns = [
            Column("job", self.area.t("jobs.job")),
            Column("last", self.area.t("jobs.last"), whole=True),
            Column("took", self.area.t("jobs.took"), number=True),
            Column("outcome", self.area.t("jobs.outcome")),
            Column("next", self.area.t("jobs.next")),
        ]
        self.jobs = Table(columns, rows_called="job", actions=self.area.t("jobs.run"))
        self.jobs.on_act(lambda job, _: self.area.act(lambda: self.run(job))())
        heading(self.area.t("jobs.failures"), 3)
        self.failures = _Lines(area, "failures")
        heading(self.area.t("jobs.stops"), 3)
        self.stops = _Lines(area, "stops")

    async def read(self) -> None:
        """Raises Refused."""
        found = await self.area.api.get(JobsAnswer, "jobs")
        self.leader.text = (
            self.area.t("jobs.leader", node=found.leader)
            if found.leader
            else self.area.t("jobs.noLeader")
        )
        set_tone(self.leader, "" if found.leader else "bad")
        named = sorted(found.jobs, key=lambda each: self.names.job(each.job).casefold())
        self.jobs.show([self._row(each, led=found.leader is not None) for each in named])
        self.failures.show(
            [self._failure(number, each) for number, each in enumerate(found.failures)],
            self.area.t("jobs.noFailures"),
        )
        self.stops.show(
            [self._stop(number, each) for number, each in enumerate(found.stops or [])],
            self.area.t("noRedis") if found.stops is None else self.area.t("jobs.noStops"),
        )

    async def run(self, job: str) -> None:
        """Ask for a job now. Raises Refused."""
        answer = await self.area.api.post(RunAnswer, "jobs/run", RunRequest(job=job))
        said = "jobs.isAsked" if answer.asked else "jobs.isRunning"
        self.area.told.say(self.area.t(said, job=self.names.job(job)))

    def _row(self, job: JobRow, *, led: bool) -> Row:
        name = self.names.job(job.job)
        can = led and not job.asked and job.outcome is not None and job.due_at is not None
        run = Action(
            text=self.area.t("jobs.run"),
            name=self.area.t("jobs.runNamed", job=name),
            disabled=not can,
        )
        took = (job.finished_at - job.started_at).total_seconds() if job.finished_at else None
        cells: dict[str, Cell | str] = {
            "job": name,
            "last": self.area.words.time(job.started_at),
            "took": "–" if took is None else self.area.words.span(took),
            "outcome": self._outcome(job),
            "next": self._next(job),
        }
        return Row(key=job.job, cells=cells, actions={"run": run})

    def _outcome(self, job: JobRow) -> Cell:
        done = self.names.did(job.detail)
        if not done and job.outcome == "ok":
            done = self.area.t("jobs.nothing")
        outcome = job.outcome or "running"
        return Cell(
            text=self.area.t(f"jobs.{outcome}"), tone=TONES.get(outcome, "quiet"), note=done
        )

    def _next(self, job: JobRow) -> Cell:
        if job.asked:
            return Cell(text=self.area.t("jobs.asked"))
        if job.due_at is None:
            return Cell(text="–")
        if job.overdue_seconds > LATE_SECONDS:
            span = self.area.words.span(job.overdue_seconds)
            return Cell(text=self.area.t("jobs.overdue", span=span), tone="warn")
        return Cell(text=self.area.words.time(job.due_at))

    def _failure(self, number: int, run: JobRow) -> Row:
        cells: dict[str, Cell | str] = {
            "when": self.area.words.time(run.started_at),
            "who": self.names.job(run.job),
            "what": Cell(text=self.names.did(run.detail), tone="bad"),
        }
        return Row(key=str(number), cells=cells)

    def _stop(self, number: int, stop: Stop) -> Row:
        unreadable, last = (
            self.area.words.number(stop.unreadable),
            self.area.words.number(stop.of_last),
        )
        what = self.names.reason(stop.reason)
        if stop.reason == "too_much_poison":
            what = self.area.t("jobs.stop", unreadable=unreadable, of_last=last)
        cells: dict[str, Cell | str] = {
            "when": self.area.words.time(stop.at),
            "who": stop.node,
            "what": Cell(text=what, tone="bad"),
        }
        return Row(key=str(number), cells=cells)


class _Lines:
    """A list of times, processes and events; or a sentence if it is empty."""

    def __init__(self, area: Area, called: str) -> None:
        columns = [
            Column("when", area.t("audit.when"), whole=True),
            Column("who", area.t("audit.who")),
            Column("what", area.t("audit.what"), wide=True),
        ]
        self._none = paragraph("", "quiet")
        self._table = Table(columns, rows_called=called)

    def show(self, rows: list[Row], none: str) -> None:
        self._none.text = "" if rows else none
        self._table.show(rows)
