"""The report of a web process about itself, which the live view adds up over all processes."""

from uuid import UUID

import msgspec

REPORT_SECONDS = 1.0
"""Seconds between two reports of a process."""


class RoomReport(msgspec.Struct, frozen=True, kw_only=True):
    """One open configuration, as the admin page shows it."""

    id: UUID
    code: str
    total_cents: int
    version: int
    people: list[str]
    preview: str | None = None


class ProcessReport(msgspec.Struct, frozen=True, kw_only=True):
    """The open rooms of one web process, and its load; ``people`` are person ids.

    Fields with a default are missing in reports of an earlier release. ``dropped`` counts the
    frames that were dropped for slow readers since the process began, ``page_dropped`` those that
    the queues of pages refused; ``late_ms`` is the longest delay of its loop within ten seconds.
    """

    process: str
    rooms: list[RoomReport]
    people: list[UUID]
    connections: int
    room_count: int = 0
    ops_per_second: float = 0.0
    dropped: int = 0
    page_dropped: int = 0
    late_ms: int = 0
    bus_healthy: bool = True
