"""What happened to the system while somebody watched, for the time line of the live view."""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from realtime.alerts import Alert

KEPT = 100


class SystemEvent(msgspec.Struct, frozen=True, kw_only=True):
    """`kind`: process_up, process_gone, store_away, store_back, alert or alert_over."""

    id: str
    at: str
    kind: str
    subject: str


class SystemEvents:
    """Compares what is with what was. Passive: the board tells it once a round."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._kept: deque[SystemEvent] = deque(maxlen=KEPT)
        self._fresh: list[SystemEvent] = []
        self._processes: set[str] | None = None
        self._stores: dict[str, bool] = {}
        self._alerts: frozenset[str] = frozenset()
        self._number = 0

    def processes(self, names: set[str]) -> None:
        """These processes report now. The first look says nothing."""
        if self._processes is not None:
            self._note("process_up", names - self._processes)
            self._note("process_gone", self._processes - names)
        self._processes = names

    def forget_processes(self) -> None:
        """Nobody looked for a while: who came and went meanwhile is not known."""
        self._processes = None

    def store(self, name: str, *, here: bool) -> None:
        """A store answers, or it does not."""
        was = self._stores.get(name, True)
        self._stores[name] = here
        if was != here:
            self._note("store_back" if here else "store_away", [name])

    def alerts(self, alerts: Iterable[Alert]) -> None:
        """These thresholds are crossed now."""
        now = frozenset(alert.kind for alert in alerts)
        self._note("alert", now - self._alerts)
        self._note("alert_over", self._alerts - now)
        self._alerts = now

    def frames(self) -> list[str]:
        """Everything that is kept, for a page that opens; empty without anything."""
        return _frames(self._kept)

    def fresh(self) -> list[str]:
        """What came since `told`."""
        return _frames(self._fresh)

    def told(self) -> None:
        """Everybody knows."""
        self._fresh.clear()

    def _note(self, kind: str, subjects: Iterable[str]) -> None:
        for subject in sorted(subjects):
            self._number += 1
            at = self._now().isoformat(timespec="milliseconds")
            event = SystemEvent(id=f"system-{at}-{self._number}", at=at, kind=kind, subject=subject)
            self._kept.append(event)
            self._fresh.append(event)


def _frames(events: Iterable[SystemEvent]) -> list[str]:
    entries = list(events)
    if not entries:
        return []
    return [msgspec.json.encode({"type": "system", "entries": entries}).decode()]
