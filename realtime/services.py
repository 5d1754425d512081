"""What every connection of a process uses, whatever its transport."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from configurator.protocol.messages import Track, Tracked
from configurator.visitor import Visitor
from realtime.actions import Actions
from realtime.door import Door
from realtime.grants import Grants
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.principal import Principal
from realtime.sharing import Sharing
from realtime.subscriptions import Subscriptions


class Tracker(Protocol):
    """Stores one interaction and answers when it is stored."""

    async def track(self, message: Track, *, visitor: Visitor, source: str) -> Tracked:
        """The reply. Raises Refused, StorageUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What every connection of a process uses."""

    hub: Hub
    actions: Actions
    sharing: Sharing
    grants: Grants
    limits: Limits
    subscriptions: Subscriptions
    tracker: Tracker
    door: Door
    authenticate: Callable[[str], Awaitable[Principal | None]]
    """Whose token or ticket this is. Raises StorageUnavailable."""
