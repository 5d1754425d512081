"""Compares a ledger with PostgreSQL and Valkey. Every sentence it returns is a broken promise."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from uuid import UUID

import asyncpg
import msgspec
from typing_extensions import override

from configurator.catalogue.canonical import selection_from_json
from configurator.catalogue.model import Catalogue
from configurator.catalogue.reading import parse_catalogue
from configurator.errors import DocumentInvalid
from configurator.operations.document import apply_changes
from configurator.operations.outcomes import Change
from configurator.pricing.price import total_cents
from realtime.activity.service.offered import Balance, Offered
from storage.postgres.activity.ledger import Ledger as Booked
from storage.postgres.activity.stream_lives import StreamLives
from storage.postgres.engine import Database
from storage.redis.activity.position import Lag, stream_lag
from storage.redis.activity.stream import InteractionStream
from storage.redis.client import Redis
from tests.faults.load.counts import counts
from tests.faults.load.ledger import REFUSED, Acknowledged, Ledger, Span
from tests.support.history import new_document

PATIENT_SECONDS = 20.0

OPS = """
SELECT configuration_id, op_id, version, judged_at_version, outcome, total_cents,
    changes::text AS changes
FROM operations ORDER BY configuration_id, version NULLS LAST
"""
HEADS = "SELECT id, head, selection::text AS selection, total_cents FROM configurations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The stored data, and the mistakes in it. `gone`: acknowledged interactions that a FLUSHALL
    removed; `told_missing`: the number of entries that the product itself reports as missing.
    """

    operations: int
    versions: int
    configurations: int
    interactions: int
    rolled_up: int
    counted_in_sessions: int
    lag: Lag
    gone: int
    told_missing: int
    problems: tuple[str, ...]

    @override
    def __str__(self) -> str:
        return (
            f"stored         {self.operations} ops, {self.versions} versions of"
            f" {self.configurations} configurations, {self.interactions} interactions\n"
            f"counted        {self.rolled_up} in roll-ups, {self.counted_in_sessions} in sessions,"
            f" {self.lag.entries} waiting\n"
            f"emptied        {self.gone} acknowledged are gone with Redis, the product says"
            f" {self.told_missing}\n"
            f"broken         {len(self.problems)}"
        )


def catalogue() -> Catalogue:
    file = resources.files("catalogues") / "nest-haus-2025-2.yaml"
    return parse_catalogue(file.read_text(encoding="utf-8"), source=file.name)


async def lag(redis_url: str) -> Lag:
    """The entries that the worker has not stored yet."""
    async with _patient(redis_url) as redis:
        return await stream_lag(redis)


def _patient(url: str) -> Redis:
    """On a machine with too much to do the server is late; this is not about it."""
    return Redis(url, connect_seconds=PATIENT_SECONDS, call_seconds=PATIENT_SECONDS)


async def balance(database_url: str, redis_url: str) -> Balance:
    """The product's own balance of the entries that it took."""
    async with _patient(redis_url) as redis, Database(database_url, pool_size=1) as database:
        stream = InteractionStream(redis)
        return await Offered(stream, Booked(database), StreamLives(database)).balance()


async def audit(ledger: Ledger, database_url: str, redis_url: str) -> Audit:
    """Read everything and compare."""
    connection = await asyncpg.connect(database_url)
    try:
        ops = await connection.fetch(OPS)
        heads = await connection.fetch(HEADS)
        events = await connection.fetch("SELECT event_id, session_id FROM interactions")
    finally:
        await connection.close()
    ledger.settle({row["op_id"] for row in ops})
    counted = await counts(database_url)
    waiting = await lag(redis_url)
    told = await balance(database_url, redis_url)
    problems = [
        *ledger.problems,
        *_of_answers(ledger, ops),
        *_of_restores(ledger, ops),
        *_of_order(ledger),
        *_of_what_was_shown(ledger, ops),
        *_of_documents(heads, ops),
        *_of_events(ledger, events),
    ]
    if not counted.agrees:
        problems.append(f"interactions are counted in different ways: {counted}")
    if told.missing and not ledger.flushed:
        problems.append(f"the product says that {told.missing} interactions are missing")
    if waiting.entries:
        problems.append(f"{waiting.entries} entries of the stream are not stored")
    return Audit(
        operations=len(ops),
        versions=sum(row["version"] is not None for row in ops),
        configurations=len(heads),
        interactions=len(events),
        rolled_up=counted.rolled_up,
        counted_in_sessions=counted.in_sessions,
        lag=waiting,
        gone=len(ledger.events - {row["event_id"] for row in events}),
        told_missing=told.missing,
        problems=tuple(problems),
    )


def _of_answers(ledger: Ledger, rows: list[asyncpg.Record]) -> Iterator[str]:
    """Each answer has exactly one row that says the same; no row is without an answer."""
    stored: defaultdict[UUID, list[Acknowledged]] = defaultdict(list)
    for row in rows:
        refused = row["outcome"] in REFUSED
        stored[row["op_id"]].append(
            Acknowledged(
                configuration=row["configuration_id"],
                op_id=row["op_id"],
                outcome=row["outcome"],
                version=row["judged_at_version"] if refused else row["version"],
                total_cents=row["total_cents"],
            )
        )
    for answer in ledger.ops.values():
        found = stored.pop(answer.op_id, [])
        if len(found) != 1:
            yield f"acknowledged and stored {len(found)} times: {answer}"
        elif answer != found[0]:
            yield f"acknowledged {answer}, stored {found[0]}"
    for op_id, extra in stored.items():
        if all(each.configuration in ledger.of_tabs for each in extra):
            continue
        if op_id in ledger.gone and op_id in ledger.unheard:
            continue  # acknowledged in a history that is gone; an attempt without an answer came later
        yield f"stored and never acknowledged, though every client insisted: {extra}"


def _of_restores(ledger: Ledger, rows: list[asyncpg.Record]) -> Iterator[str]:
    """Every op that a backup had is still there; none is refused or stored without reason."""
    stored = {row["op_id"] for row in rows}
    if lost := ledger.kept - stored:
        yield f"{len(lost)} ops of the backup are not there, such as {next(iter(lost))}"
    for op_id in ledger.refused.keys() & stored:
        if op_id in ledger.ops and not ledger.refused[op_id].epoch:
            continue  # asked for once more without an epoch: then it is judged as any other
        yield f"refused because a backup was restored, and stored all the same: {op_id}"
    for op_id, of in ledger.refused.items():
        if not ledger.may_be_refused(of):
            yield f"refused as of a history that is gone, and was asked for in this one: {op_id} {of}"


def _of_order(ledger: Ledger) -> Iterator[str]:
    """Versions follow real time: what is asked after an answer comes behind what it told of.

    With unique versions that is linearizability, checked house by house in one sweep.
    """
    houses: defaultdict[UUID, list[tuple[Span, Acknowledged]]] = defaultdict(list)
    for op_id, span in ledger.spans.items():
        houses[ledger.ops[op_id].configuration].append((span, ledger.ops[op_id]))
    for each in houses.values():
        answered = deque(sorted(each, key=lambda pair: pair[0].answered))
        told = 0
        for span, op in sorted(each, key=lambda pair: pair[0].asked):
            while answered[0][0].answered < span.asked:
                told = max(told, answered.popleft()[1].version)
            if op.version < told or (op.version == told and op.outcome not in REFUSED):
                yield f"version {told} was acknowledged before {op} was asked for"


def _of_what_was_shown(ledger: Ledger, rows: list[asyncpg.Record]) -> Iterator[str]:
    """A version that a client was shown is stored, with the same op."""
    stored = {(row["configuration_id"], row["version"]): row["op_id"] for row in rows}
    for (configuration, epoch, version), op_id in ledger.shown.items():
        if not ledger.is_to_be_stored(epoch, op_id):
            continue
        found = stored.get((configuration, version))
        if found != op_id:
            yield f"{configuration} version {version}: shown {op_id}, stored {found}"


def _of_documents(heads: list[asyncpg.Record], rows: list[asyncpg.Record]) -> Iterator[str]:
    """Versions are 1..n, and folding the log gives the stored selection and price, at each step."""
    logs: defaultdict[UUID, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        if row["version"] is not None:
            logs[row["configuration_id"]].append(row)
    known = catalogue()
    for head in heads:
        log = logs.pop(head["id"], [])
        if [row["version"] for row in log] != list(range(1, head["head"] + 1)):
            yield f"{head['id']} has head {head['head']} and {len(log)} versions, not 1..n"
        else:
            yield from _of_log(known, head, log)
    for configuration in logs:
        yield f"{configuration} has a log and no head"


def _of_log(known: Catalogue, head: asyncpg.Record, log: list[asyncpg.Record]) -> Iterator[str]:
    document = new_document(known)
    try:
        for row in log:
            changes = msgspec.json.decode(row["changes"], type=list[Change])
            document = apply_changes(document, changes, row["version"])
            if row["total_cents"] != total_cents(known, document.selection):
                yield f"{head['id']} version {row['version']} has the wrong price"
    except DocumentInvalid as problem:
        yield f"{head['id']}: {problem}"
        return
    if selection_from_json(known, msgspec.json.decode(head["selection"])) != document.selection:
        yield f"{head['id']}: the stored selection is not what its log gives"
    if head["total_cents"] != total_cents(known, document.selection):
        yield f"{head['id']}: the stored total is not the price of the selection"


def _of_events(ledger: Ledger, rows: list[asyncpg.Record]) -> Iterator[str]:
    """Each interaction that was told is stored once, and nothing else of the sessions that the ledger knows."""
    counts = Counter(row["event_id"] for row in rows)
    missing = ledger.events - counts.keys() - ledger.flushed
    known = {row["event_id"] for row in rows if row["session_id"] in ledger.sessions}
    extra = known - ledger.events
    doubled = [event for event, count in counts.items() if count > 1]
    for what, found in (("missing", missing), ("never sent", extra), ("doubled", doubled)):
        if found:
            yield f"{len(found)} interactions {what}, such as {next(iter(found))}"
