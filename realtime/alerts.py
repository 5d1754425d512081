"""Thresholds of the live view: what is too much, and whether it is now."""

from dataclasses import dataclass

import msgspec


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold that is crossed. `kind`: lag, online or dead."""

    kind: str
    value: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLimits:
    """Above these somebody should look; None: never."""

    lag_seconds: float | None = 30.0
    online: int | None = None
    dead: int | None = 0

    def crossed(self, *, lag_seconds: float | None, online: int, dead: int) -> list[Alert]:
        """What is above its limit now. A lag that is not known is none."""
        now = {
            "lag": (lag_seconds, self.lag_seconds),
            "online": (online, self.online),
            "dead": (dead, self.dead),
        }
        return [
            Alert(kind=kind, value=round(value, 1), limit=limit)
            for kind, (value, limit) in now.items()
            if value is not None and limit is not None and value > limit
        ]
