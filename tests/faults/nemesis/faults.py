"""Every fault by name: how it is made, what it may hit, and for how many seconds."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from storage.postgres.schema.roles import WEB, WORKER
from tests.faults.nemesis import on_answers, on_data, on_links, on_postgres, on_processes, on_valkey
from tests.faults.nemesis.field import POSTGRESQL, VALKEY, Field
from tests.faults.nemesis.on_links import LINKS, PROCESSES
from tests.faults.nemesis.schedule import Choice, Step

TABLES: Final = ("configurations", "operations", "interactions", "sessions", "grants")
ALL_TABLES: Final = "ALL TABLES IN SCHEMA public"
COMMANDS: Final = "-eval -publish -xadd -xreadgroup -multi -ping"
OFFSETS: Final = ("+3600", "-3600", "+90000", "+3")
"""Seconds that a clock is off; the third is on the next day."""

Inject = Callable[[Field, Step], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault is there while the context manager that `inject` makes is entered."""

    inject: Inject
    choice: Choice


def _fault(
    inject: Inject,
    targets: tuple[str, ...],
    seconds: tuple[float, float],
    needs: Callable[[str], frozenset[str]] | None = None,
) -> Fault:
    """A fault that needs its target for itself, or other parts."""
    choice = Choice(targets=targets, seconds=seconds, needs=needs or _itself)
    return Fault(inject=inject, choice=choice)


def _itself(target: str) -> frozenset[str]:
    return frozenset({target})


def _all_of(kind: str) -> frozenset[str]:
    return frozenset(name for name in PROCESSES if name.startswith(kind))


def _postgresql(_target: str) -> frozenset[str]:
    return frozenset({POSTGRESQL})


def _valkey(_target: str) -> frozenset[str]:
    return frozenset({VALKEY})


def _its_answers(target: str) -> frozenset[str]:
    return frozenset({f"answers of {target}"})


def _clock(_target: str) -> frozenset[str]:
    return frozenset({"clock"})


_WEBS: Final = tuple(name for name in PROCESSES if name.startswith("web"))
_WORKERS: Final = tuple(name for name in PROCESSES if name.startswith("worker"))
_INSTANT: Final = (0.0, 0.0)
_SHORT: Final = (0.2, 3.0)
_SOME: Final = (2.0, 5.0)

FAULTS: Final[Mapping[str, Fault]] = {
    "kill web": _fault(on_processes.killed, _WEBS, _SHORT),
    "kill worker": _fault(on_processes.killed, _WORKERS, _SHORT),
    "kill PostgreSQL": _fault(on_processes.killed, (POSTGRESQL,), _SHORT),
    "kill Valkey": _fault(on_processes.killed, (VALKEY,), _SHORT),
    "PostgreSQL away": _fault(on_processes.stopped, (POSTGRESQL,), (10.0, 10.0)),
    "Valkey away": _fault(on_processes.stopped, (VALKEY,), (5.0, 10.0)),
    "rolling restart": _fault(on_processes.rolled, ("web", "worker"), _INSTANT, _all_of),
    "freeze web": _fault(on_processes.frozen, _WEBS, (2.0, 15.0)),
    "freeze worker": _fault(on_processes.frozen, _WORKERS, (2.0, 15.0)),
    "freeze PostgreSQL": _fault(on_processes.frozen, (POSTGRESQL,), (2.0, 8.0)),
    "freeze Valkey": _fault(on_processes.frozen, (VALKEY,), (2.0, 8.0)),
    "clock off": _fault(on_processes.clock_off, OFFSETS, (3.0, 8.0), _clock),
    "connections taken": _fault(on_postgres.terminated, (POSTGRESQL,), _INSTANT, _postgresql),
    "too many connections": _fault(on_postgres.crowded, (WEB,), _SOME, _postgresql),
    "table locked": _fault(on_postgres.locked, TABLES, _SOME, _postgresql),
    "table altered": _fault(on_postgres.altered, TABLES, (1.0, 3.0), _postgresql),
    "login refused": _fault(on_postgres.login_refused, (WEB, WORKER), (5.0, 5.0), _postgresql),
    "database closed": _fault(on_postgres.closed, (POSTGRESQL,), (5.0, 5.0), _postgresql),
    "database read only": _fault(on_postgres.read_only, (POSTGRESQL,), _SOME, _postgresql),
    "rights missing": _fault(on_postgres.revoked, (*TABLES, ALL_TABLES), (5.0, 5.0), _postgresql),
    "tables not found": _fault(on_postgres.misled, (WEB, WORKER), _SOME, _postgresql),
    "backup restored": _fault(on_data.restored, (POSTGRESQL,), (2.0, 8.0)),
    "every SQLSTATE": _fault(on_answers.sqlstates, (POSTGRESQL,), _SOME, _its_answers),
    "every refusal of a login": _fault(on_answers.logins, (POSTGRESQL,), _SOME, _its_answers),
    "every error of Redis": _fault(on_answers.replies, (VALKEY,), _SOME, _its_answers),
    "FLUSHALL": _fault(on_valkey.flushed, (VALKEY,), _INSTANT, _valkey),
    "Valkey paused": _fault(on_valkey.paused, ("ALL", "WRITE"), _SOME, _valkey),
    "Valkey's clients killed": _fault(on_valkey.kicked, ("normal", "pubsub"), _INSTANT, _valkey),
    "Valkey forbids": _fault(
        on_valkey.forbidden,
        ("resetkeys", "resetchannels", COMMANDS, "-@all", "off"),
        _SOME,
        _valkey,
    ),
    "Valkey read only": _fault(on_valkey.a_replica, (VALKEY,), _SOME, _valkey),
    "Valkey wants replicas": _fault(on_valkey.without_replicas, (VALKEY,), _SOME, _valkey),
    "Valkey full": _fault(on_valkey.full, (VALKEY,), _SOME, _valkey),
    "Valkey busy": _fault(on_valkey.busy, (VALKEY,), _SOME, _valkey),
    "stream of another type": _fault(on_valkey.mistyped, (VALKEY,), _SOME, _valkey),
    "link half-open": _fault(on_links.half_open, LINKS, (2.0, 10.0)),
    "link stalled": _fault(on_links.stalled, LINKS, (1.0, 6.0)),
    "link refused": _fault(on_links.refused, LINKS, _SOME),
    "answers lost": _fault(on_links.mute, LINKS, (0.5, 4.0)),
    "link slow": _fault(on_links.slow, LINKS, _SOME),
    "bytes one by one": _fault(on_links.sliced, LINKS, _SOME),
}

CLOCK: Final = "clock off"
"""Needs libfaketime."""


def choices(*, clock: bool) -> dict[str, Choice]:
    """The faults to choose from at random."""
    return {name: fault.choice for name, fault in FAULTS.items() if clock or name != CLOCK}
