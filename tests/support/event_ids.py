"""Event ids of chosen moments."""

from datetime import datetime
from uuid import UUID

from configurator.activity.event_ids import unix_ms, uuid7


def uuid7_floor(moment: datetime) -> UUID:
    """The smallest UUIDv7 of this moment: ids of earlier milliseconds are smaller."""
    return uuid7(unix_ms(moment), 0)
