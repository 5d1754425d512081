"""All metrics for Prometheus: those of this process, and those that every process can read.

Handling an op or an interaction does no extra work for metrics: a request for them reads the
numbers that the parts keep anyway. Numbers from the stores are at most `STORES_SECONDS` old. While
a store is away its metrics are missing and `nest_store_up` is 0.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from realtime.limits.allowances import RequestLimits
from realtime.process.clock import Clock
from realtime.rooms.hub import Hub
from storage.errors import StorageError
from storage.outage import Outages
from storage.postgres.activity.ledger import Ledger
from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.service.audit import Audit
from storage.postgres.service.jobs import JobRun, Jobs
from storage.redis.activity.dead_letters import DeadLetterStream
from storage.redis.activity.position import Lag
from storage.redis.activity.stops import WorkerStops, restarts
from storage.redis.activity.stream import InteractionStream
from storage.redis.bus.bus import Bus
from storage.redis.client import Memory

STORES_SECONDS = 2.0


class OpenConnections(Protocol):
    """The connections of the HTTP server: open now, the most allowed, and refused ones by code."""

    open: int
    in_all_max: int
    refusals: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The parts that the metrics are read from."""

    memory_budget_bytes: int
    hub: Hub
    connections: OpenConnections
    bus: Bus
    committer: Committer
    stream: InteractionStream
    dead_letters: DeadLetterStream
    stops: WorkerStops
    ledger: Ledger
    jobs: Jobs
    requests: RequestLimits
    audit: Audit
    outages: Outages
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class _InRedis:
    lag: Lag
    offered: int
    dead_letters: int
    restarts: int
    memory: Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class _InPostgres:
    ledger: dict[str, int]
    runs: dict[str, JobRun]
    leader: str | None


@dataclass(slots=True)
class _Stores:
    until: float = float("-inf")
    redis: _InRedis | None = None
    postgres: _InPostgres | None = None
    one: asyncio.Lock = field(default_factory=asyncio.Lock)


class Metrics:
    """Answers with the metrics of now.

    ``clock`` is monotonic, in seconds; ``now`` is the time of day.
    """

    def __init__(
        self, sources: Sources, *, clock: Callable[[], float], now: Callable[[], datetime]
    ) -> None:
        self._sources = sources
        self._clock = clock
        self._now = now
        self._stores = _Stores()

    async def text(self) -> bytes:
        """All metrics in the text format of Prometheus. A store that is away is no error."""
        await self._read_stores()
        registry = CollectorRegistry()
        registry.register(_Figures([*self._of_process(), *self._of_stores()]))
        ProcessCollector(registry=registry)
        return generate_latest(registry)

    async def _read_stores(self) -> None:
        async with self._stores.one:
            if self._clock() < self._stores.until:
                return
            async with asyncio.TaskGroup() as group:
                redis = group.create_task(self._redis(), name="figures of redis")
                postgres = group.create_task(self._postgres(), name="figures of postgres")
            self._stores.redis, self._stores.postgres = redis.result(), postgres.result()
            self._stores.until = self._clock() + STORES_SECONDS

    async def _redis(self) -> _InRedis | None:
        sources = self._sources
        try:
            return _InRedis(
                lag=await sources.stream.lag(),
                offered=await sources.stream.offered(),
                dead_letters=await sources.dead_letters.count(),
                restarts=restarts(await sources.stops.latest(), self._now()),
                memory=await sources.stream.memory(),
            )
        except StorageError:
            return None

    async def _postgres(self) -> _InPostgres | None:
        sources = self._sources
        try:
            return _InPostgres(
                ledger=await sources.ledger.totals(),
                runs=await sources.jobs.latest(),
                leader=await sources.jobs.leader(),
            )
        except StorageError:
            return None

    def _of_process(self) -> Iterator[Metric]:
        report, bus = self._sources.hub.report(), self._sources.bus
        committer = self._sources.committer
        yield _gauge(
            "nest_rooms", "Configurations with somebody present in this process", len(report.rooms)
        )
        yield _gauge("nest_connections", "Members of rooms in this process", report.connections)
        yield _gauge(
            "nest_memory_budget_bytes",
            "Memory that this process should stay below (process_resident_memory_bytes)",
            self._sources.memory_budget_bytes,
        )
        yield from _of_http(self._sources.connections)
        yield _gauge("nest_people", "People in rooms of this process", len(report.people))
        yield _count("nest_ops_committed", "Ops that took a version", committer.committed)
        yield _gauge("nest_ops_waiting", "Ops that wait for PostgreSQL", committer.waiting)
        yield _gauge("nest_bus_healthy", "1: live messages arrive", int(bus.healthy))
        yield _gauge("nest_bus_queued", "Messages that wait for Redis", bus.queued)
        yield _count("nest_bus_dropped", "Messages dropped from a full queue", bus.dropped)
        yield _count("nest_bus_refused", "Messages that Redis refused", bus.refused)
        yield _gauge(
            "nest_loop_late_seconds",
            "Longest delay of the event loop in the last ten seconds",
            report.late_ms / 1000,
        )
        yield _gauge(
            "nest_clock_off_seconds",
            "Seconds by which the clock of this machine is ahead of PostgreSQL's",
            self._sources.clock.off_seconds,
        )
        dropped = CounterMetricFamily(
            "nest_frames_dropped",
            "outbox: frames that were replaced because a peer read too slowly; page: messages that the"
            " queues of pages refused because a browser is away or sends too fast",
            labels=["queue"],
        )
        dropped.add_metric(["outbox"], report.dropped)
        dropped.add_metric(["page"], report.page_dropped)
        yield dropped
        refused = CounterMetricFamily(
            "nest_requests_refused", "Requests beyond an allowance", labels=["kind"]
        )
        for kind, number in self._sources.requests.refused.items():
            refused.add_metric([kind], number)
        yield refused
        audit = CounterMetricFamily(
            "nest_audit_lines",
            "Lines of the audit that were written, or that failed, so their actions were not carried out",
            labels=["result"],
        )
        audit.add_metric(["written"], self._sources.audit.written)
        audit.add_metric(["failed"], self._sources.audit.failed)
        yield audit
        errors = CounterMetricFamily(
            "nest_store_errors",
            "Times that a repeated step could not use its store, by step",
            labels=["step"],
        )
        for step, times in self._sources.outages.errors().items():
            errors.add_metric([step], times)
        yield errors

    def _of_stores(self) -> Iterator[Metric]:
        redis, postgres = self._stores.redis, self._stores.postgres
        up = GaugeMetricFamily("nest_store_up", "1: the store answered", labels=["store"])
        up.add_metric(["redis"], int(redis is not None))
        up.add_metric(["postgres"], int(postgres is not None))
        yield up
        if redis is not None:
            yield from _of_stream(redis)
        if postgres is not None:
            yield from self._of_jobs(postgres)

    def _of_jobs(self, found: _InPostgres) -> Iterator[Metric]:
        ended = CounterMetricFamily(
            "nest_ledger_entries", "Entries of the stream by how they ended", labels=["outcome"]
        )
        for outcome, n in found.ledger.items():
            ended.add_metric([outcome], n)
        yield ended
        leader = GaugeMetricFamily("nest_leader", "The worker that leads", labels=["node"])
        if found.leader is not None:
            leader.add_metric([found.leader], 1)
        yield leader
        age = GaugeMetricFamily(
            "nest_job_age_seconds", "Seconds since the latest run of a job began", labels=["job"]
        )
        late = GaugeMetricFamily(
            "nest_job_late_seconds", "Seconds for which a job has been due", labels=["job"]
        )
        failed = GaugeMetricFamily(
            "nest_job_failed", "1: the latest run of a job failed", labels=["job"]
        )
        drift = GaugeMetricFamily(
            "nest_rollup_drift",
            "Events that roll-ups count too many or too few, by the latest audit; must be 0",
            labels=["job"],
        )
        now = self._now()
        for name, run in found.runs.items():
            age.add_metric([name], max(0.0, (now - run.started_at).total_seconds()))
            failed.add_metric([name], int(run.outcome == "failed"))
            if run.due_at is not None:
                late.add_metric([name], max(0.0, (now - run.due_at).total_seconds()))
            if "drift" in run.detail:
                drift.add_metric([name], run.detail["drift"])
        yield from (age, late, failed, drift)


class _Figures(Collector):
    """Hands the registry the metrics that were read: a registry cannot await."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    @override
    def collect(self) -> list[Metric]:
        return self._metrics


def _of_http(connections: OpenConnections) -> Iterator[Metric]:
    yield _gauge("nest_http_connections", "Connections, sockets among them", connections.open)
    yield _gauge(
        "nest_http_connections_max",
        "Connections beyond this number are refused",
        connections.in_all_max,
    )
    refused = CounterMetricFamily(
        "nest_http_refused",
        "Connections and requests that no endpoint saw, by the code of their refusal",
        labels=["code"],
    )
    for code, times in connections.refusals.items():
        refused.add_metric([code], times)
    yield refused


def _of_stream(found: _InRedis) -> Iterator[Metric]:
    yield _gauge("nest_stream_lag_entries", "Interactions not stored yet", found.lag.entries)
    yield _gauge(
        "nest_stream_lag_seconds",
        "Age of the oldest interaction that is not stored yet",
        found.lag.seconds,
    )
    yield _count(
        "nest_stream_offered", "Entries that the stream has accepted so far", found.offered
    )
    yield _gauge("nest_dead_letters", "Entries that could not be stored", found.dead_letters)
    yield _gauge("nest_redis_memory_bytes", "Memory that Redis uses", found.memory.used_bytes)
    yield _gauge(
        "nest_redis_memory_max_bytes",
        "Memory that Redis may use; 0 means no limit. Interactions are refused from 80 % on",
        found.memory.most_bytes,
    )
    yield _gauge(
        "nest_worker_restarts", "Workers that ended by themselves in ten minutes", found.restarts
    )


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _count(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(name, what, value=value)
