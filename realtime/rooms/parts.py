"""The services that every room of a process shares."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from realtime.process.health import ProcessHealth
from realtime.rooms.judge import DerivedStates
from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.configurations.configurations import Configurations
from storage.redis.bus.bus import Bus


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomParts:
    """The services.

    ``turn_seconds`` is how long an op waits for its turn before its author is told to try again.
    """

    process: str
    configurations: Configurations
    committer: Committer
    bus: Bus
    turn_seconds: float
    now: Callable[[], datetime]
    derived: DerivedStates = field(default_factory=DerivedStates)
    process_health: ProcessHealth = field(default_factory=ProcessHealth)
