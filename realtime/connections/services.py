"""The services that every connection of a process uses, whatever its transport."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from configurator.activity.visitor import VisitorTraits
from configurator.protocol.watching import Track, Tracked
from realtime.actions.configurations import Actions
from realtime.actions.sharing import Sharing
from realtime.activity.intake.consent import VisitorReader
from realtime.activity.live.subscriptions import Subscriptions
from realtime.connections.timing import Timing
from realtime.limits.connections import Limits
from realtime.people.grants import Grants
from realtime.people.principal import Principal
from realtime.rooms.hub import Hub


class Tracker(Protocol):
    """Stores one interaction and answers when it is stored."""

    async def track(self, message: Track, *, visitor: VisitorTraits, source: str) -> Tracked:
        """Store the interaction and return the reply. Raises Refused, StorageUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services that every connection of a process uses."""

    hub: Hub
    actions: Actions
    sharing: Sharing
    grants: Grants
    limits: Limits
    subscriptions: Subscriptions
    tracker: Tracker
    visitor_reader: VisitorReader
    authenticate: Callable[[str], Awaitable[Principal | None]]
    """The principal of a token or ticket; None if it is nobody's. Raises StorageUnavailable."""
    timing: Timing
