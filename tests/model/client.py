"""A client that follows the rules of docs/SPEC.md, and complains when the server does not."""

from dataclasses import dataclass, field

import msgspec

from configurator.protocol.code import Code
from configurator.protocol.codes import CODES
from configurator.protocol.messages import Person
from realtime.connections.connection import Connection
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import Outbox, SnapshotInstead
from tests.model.follower import Broken, Follower
from tests.protocol.frames import check_from_server

SMALL = 4
"""Messages in the outbox of a slow reader: an answer to ``join``, presence, position, and ops."""


@dataclass(slots=True, kw_only=True)
class Client(Follower):
    """One person at one connection at a time.

    ``small``: the outbox of somebody who reads slowly. When it overflows they are let go, as by a
    real transport; that must not happen while ops could give way (``overflowed``). ``unread``:
    what an outbox must hold since they read last, one entry for each message: every answer, the
    newest frame of each key, and for each stay in the room what stands for its ops.
    """

    name: str
    person: Person
    small: bool = False
    connection: Connection | None = None
    closed_with: Code | None = None
    overflowed: bool = False
    stays: int = 0
    outbox: Outbox = field(default_factory=Outbox)
    unread: set[object] = field(default_factory=set)

    def begin(self) -> None:
        """A new line: nothing is under way on it."""
        self.outbox = Outbox(messages_max=SMALL) if self.small else Outbox()
        self.unread.clear()
        self.needs_join = False
        self.closed_with = None

    def deliver(
        self, frame: Frame, *, key: object | None = None, instead: SnapshotInstead | None = None
    ) -> None:
        if self.closed_with is not None:
            return
        self.unread.add(self._needed(frame, key))
        if not self.outbox.put(frame, key=key, instead=instead):
            self.overflowed = self.overflowed or len(self.unread) <= self.outbox.messages_max
            self.hang_up(CODES["slow_reader"])

    def _needed(self, frame: Frame, key: object | None) -> object:
        if frame.type not in {"op", "ops", "snapshot"}:
            return key or frame
        if msgspec.json.decode(frame.json).get("re") is not None:
            self.stays += 1
            return frame
        return self.stays

    def hang_up(self, code: Code) -> None:
        self.closed_with = code

    def read(self) -> None:
        """Take everything that has arrived."""
        if self.overflowed:
            raise Broken("(BP2) an outbox overflowed in which ops could give way")
        if self.closed_with not in {None, CODES["slow_reader"]}:
            raise Broken(f"closed with {self.closed_with}")
        self.unread.clear()
        for frame in self.outbox.drain():
            told = msgspec.json.decode(frame.json)
            check_from_server(told)
            self.see(told)
