"""Follows one house by its frames as docs/SPEC.md says, and complains when a frame breaks a rule."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

Json = dict[str, Any]


class Broken(AssertionError):
    """The server broke a rule."""


@dataclass(slots=True, kw_only=True)
class Follower:
    """The knowledge of a client about one house. ``house``: the configuration's id.

    ``version`` is -1 before the first state. ``asked_since``: the version given in a ``join`` that
    is not answered yet; ``needs_join``: a frame said that the server is ahead of this client.
    """

    house: str
    epoch: str = ""
    version: int = -1
    selection: Json = field(default_factory=dict)
    total_cents: int = 0
    unanswered: dict[UUID, Json] = field(default_factory=dict)
    outcomes: dict[UUID, Json] = field(default_factory=dict)
    asked_since: int | None = None
    needs_join: bool = False

    @property
    def place(self) -> tuple[str, int, int]:
        """Its position and price: epoch, version, total."""
        return (self.epoch, self.version, self.total_cents)

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
