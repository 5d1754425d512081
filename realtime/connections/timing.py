"""The times of a process: how long it waits for a peer, and how often it reads who may be connected."""

from dataclasses import dataclass
from typing import Final

from realtime.connections.signs_of_life import PING_SECONDS, SILENT_SECONDS
from realtime.delivery.peer import WRITE_SECONDS
from realtime.people.admin_sessions import SWEEP_SECONDS

HELLO_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Times in seconds.

    `hello_seconds`: for the first hello. `write_seconds`: see `realtime.delivery.peer`.
    `ping_seconds` and `silent_seconds`: see `realtime.connections.signs_of_life`.
    `sweep_seconds`: see `realtime.people.admin_sessions`.
    """

    hello_seconds: float = HELLO_SECONDS
    write_seconds: float = WRITE_SECONDS
    ping_seconds: float = PING_SECONDS
    silent_seconds: float = SILENT_SECONDS
    sweep_seconds: float = SWEEP_SECONDS
