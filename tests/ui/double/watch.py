"""One page of an admin, fed by the world in memory of `tests.ui.double.world`."""

import json
from typing import Any, Protocol

from realtime.delivery.page import SendText


class Watched(Protocol):
    """The parts of the world that an admin's page needs."""

    asked: list[dict[str, Any]]
    past: list[dict[str, Any]]
    watchers: "list[Watch]"


class Watch:
    """One admin page."""

    def __init__(self, world: Watched, send: SendText) -> None:
        self.send = send
        self.paused: list[dict[str, Any]] | None = None
        self._world = world

    def show(self, frame: dict[str, Any]) -> None:
        """A frame, as the server tells it to a page that may be paused."""
        if self.paused is not None and frame["type"] == "activity":
            self.paused += frame["entries"]
            frame = {"type": "waiting", "count": len(self.paused)}
        self.send(json.dumps(frame, ensure_ascii=False))

    async def receive(self, text: str) -> None:
        message = json.loads(text)
        self._world.asked.append(message)
        if message["type"] == "pause":
            self.paused = []
        elif message["type"] == "follow":
            entries, self.paused = self.paused or [], None
            self.show({"type": "activity", "entries": entries, "skipped": 0})
        elif message["type"] == "history":
            found = self._world.past
            self.show({"type": "history", "re": message["re"], "entries": found})

    async def close(self) -> None:
        if self in self._world.watchers:
            self._world.watchers.remove(self)
