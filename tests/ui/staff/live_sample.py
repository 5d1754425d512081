"""The parts of a `live` frame beside the houses, for the double of the screens."""

from datetime import UTC, datetime
from typing import Any


def sample(rooms: int) -> dict[str, Any]:
    """Half an hour, a day's path and one process."""
    minute = int(datetime.now(UTC).timestamp()) // 60
    return {
        "minutes": {
            "counts": [[minute - 3, 12], [minute - 1, 30]],
            "peak_at": minute - 1,
            "peak": 30,
        },
        "funnel": {"sessions": 40, "chose": {"nest": 32, "fenster": 11}, "inquired": 3},
        "processes": [
            {
                "name": "test",
                "rooms": rooms,
                "connections": 3,
                "ops_per_second": 0.4,
                "dropped": 0,
                "page_dropped": 0,
                "late_ms": 2,
                "bus_healthy": True,
            }
        ],
        "alerts": [],
    }
