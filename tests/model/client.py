"""A client that follows the rules of docs/SPEC.md, and complains when the server does not."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from configurator.protocol.codes import CODES, Code
from configurator.protocol.messages import Person
from realtime.connection import Connection
from realtime.frame import Frame
from realtime.outbox import Lapse, Outbox
from tests.protocol.frames import check_from_server

Json = dict[str, Any]

SMALL = 4
"""Messages in the outbox of a slow reader: an answer to ``join``, presence, position, and ops."""


class Broken(AssertionError):  # noqa: N818 - a rule is broken
    """The server broke a rule."""


@dataclass(slots=True, kw_only=True)
class Client:
    """One person at one connection at a time. ``house``: the configuration's id.

    ``small``: the outbox of somebody who reads slowly. When it overflows they are let go, as by a
    real transport; that must not happen while ops could give way (``overflowed``). ``unread``:
    what an outbox must hold since they read last, one entry for each message: every answer, the
    newest frame of each key, and for each stay in the room what stands for its ops.
    """

    name: str
    person: Person
    house: str
    small: bool = False
    epoch: str = ""
    version: int = -1
    selection: Json = field(default_factory=dict)
    total_cents: int = 0
    unanswered: dict[UUID, Json] = field(default_factory=dict)
    outcomes: dict[UUID, Json] = field(default_factory=dict)
    asked_since: int | None = None
    needs_join: bool = False
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

    def join_message(self) -> Json:
        """Enter with what is known, if anything is."""
        self.needs_join = False
        message: Json = {"type": "join", "id": "join", "configuration": self.house}
        if self.version >= 0:
            self.asked_since = self.version
            message["since"] = {"epoch": self.epoch, "version": self.version}
        return message

    def op_message(self, operation: Json, *, op_id: UUID, guarded: bool) -> Json:
        """A new op, remembered until it is answered."""
        message: Json = {
            "type": "op",
            "configuration": self.house,
            "op_id": str(op_id),
            "base_version": self.version,
            "operation": operation,
            "guarded": guarded,
        }
        self.unanswered[op_id] = message
        return message

    def deliver(
        self, frame: Frame, *, key: object | None = None, lapse: Lapse | None = None
    ) -> None:
        if self.closed_with is not None:
            return
        self.unread.add(self._needed(frame, key))
        if not self.outbox.put(frame, key=key, lapse=lapse):
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

    def see(self, frame: Json) -> None:
        match frame["type"]:
            case "snapshot":
                self._snapshot(frame)
            case "ops":
                self._ops(frame)
            case "op":
                self._op(frame)
                self._whole(frame)
            case "position":
                ahead = frame["version"] > self.version
                self.needs_join = self.needs_join or ahead or frame["epoch"] != self.epoch
            case "outcome":
                self._outcome(frame)
            case "error":
                if frame["code"] == "internal":
                    raise Broken("an internal error")
            case _:
                pass

    def _snapshot(self, frame: Json) -> None:
        if frame["epoch"] == self.epoch and frame["version"] < self.version:
            raise Broken(f"(JN) back from {self.version} to {frame['version']}")
        self.asked_since = None
        self.epoch, self.version = frame["epoch"], frame["version"]
        self._whole(frame)

    def _ops(self, frame: Json) -> None:
        if frame["recovered"]:
            if frame["from"] != self.asked_since:
                raise Broken(f"(JN) recovered from {frame['from']}, asked {self.asked_since}")
            self.asked_since = None
        elif frame["from"] != self.version:
            raise Broken(f"(OP) ops from {frame['from']} came at {self.version}")
        for op in frame["ops"]:
            if op["version"] > self.version or not frame["recovered"]:
                self._op(op)
        if self.version != frame["to"]:
            raise Broken(f"(JN) ops to {frame['to']} ended at {self.version}")
        if frame["ops"]:
            self._whole(frame["ops"][-1])

    def _op(self, op: Json) -> None:
        if op["epoch"] != self.epoch or op["version"] != self.version + 1:
            raise Broken(f"(OP) version {op['version']} came after {self.version}")
        for change in op["changes"]:
            if self.selection.get(change["category"]) != change["before"]:
                raise Broken(f"(OP) version {op['version']} starts from something else")
            if change["after"] is None:
                self.selection.pop(change["category"])
            else:
                self.selection[change["category"]] = change["after"]
        self.version, self.total_cents = op["version"], op["total_cents"]

    def _whole(self, frame: Json) -> None:
        """The state that comes with a version is the one that its changes lead to."""
        if frame["type"] == "op" and frame["selection"] != self.selection:
            raise Broken(f"(SN) version {self.version}: changes and state differ")
        self.selection = dict(frame["selection"])
        self.total_cents = frame["derived"]["price"]["total_cents"]

    def _outcome(self, frame: Json) -> None:
        op_id = UUID(frame["op_id"])
        known = self.outcomes.get(op_id)
        same = ("outcome", "version", "total_cents")
        if known is not None and any(known[name] != frame[name] for name in same):
            raise Broken(f"(OP) two outcomes of one op: {known}, {frame}")
        committed = frame["outcome"] in {"committed", "adjusted"}
        if committed and not frame["repeated"] and frame["version"] > self.version:
            raise Broken("(OP) the outcome came before its op")
        self.outcomes[op_id] = frame
        self.unanswered.pop(op_id, None)
