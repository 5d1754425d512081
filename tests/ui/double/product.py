"""A live configuration in memory that speaks the real frames: the real domain, no stores.

For the tests of the screens only. What it does not do: durability, other processes, limits.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from configurator.operations.intents import Redo, Undo, parse_operation
from configurator.operations.outcomes import (
    Change,
    Conflict,
    OpOutcome,
    Rejected,
    evaluate,
)
from configurator.operations.undo import OwnOp, Reversal, Stacks, stacks, take_back
from configurator.people.visible import initials
from configurator.pricing.derived import Derived, derive
from realtime.delivery.page import SendText
from tests.configurator.nest_haus import CATALOGUE
from tests.protocol.frames import check_from_server


@dataclass
class Person:
    """Somebody; the cookie `person` holds the name."""

    name: str
    colour: int
    id: UUID = field(default_factory=uuid4)

    def json(self) -> dict[str, Any]:
        return {"id": str(self.id), "name": self.name, "colour": self.colour}


class House:
    """One configuration with its log."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.id = str(uuid4())
        self.epoch = str(uuid4())
        self.selection = CATALOGUE.defaults
        self.log: list[dict[str, Any]] = []
        self.tabs: list[Tab] = []
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.refuse_next: list[dict[str, Any]] = []
        """Errors to answer ops with before any is carried out."""
        self.refuses: dict[str, dict[str, Any]] = {}
        """By name of a person, the error that answers their ops, as long as it stands here."""
        self.refused: list[str] = []
        self.heard: list[str] = []
        """Every op_id that was asked for, in order."""
        self.held: list[dict[str, Any]] | None = None
        """While a list, ops are not told one by one: `flush` tells them as one message."""
        self.strangers = 0
        """The number of members beyond those that are listed."""
        self.tells_undo = True
        """False: answers do not say whether there is something to undo or redo."""

    @property
    def version(self) -> int:
        return len(self.log)

    def derived(self) -> Derived:
        return derive(CATALOGUE, self.selection)

    def members(self) -> list[dict[str, Any]]:
        return [tab.member() for tab in self.tabs]

    def presence(self) -> dict[str, Any]:
        return {"members": self.members(), "member_count": len(self.tabs) + self.strangers}

    def tell(self, frame: dict[str, Any]) -> None:
        for tab in list(self.tabs):
            tab.say(frame)

    def tell_presence(self) -> None:
        self.tell({"type": "presence", "configuration": self.id, **self.presence()})

    def tell_position(self) -> None:
        self.tell(
            {
                "type": "position",
                "configuration": self.id,
                "epoch": self.epoch,
                "version": self.version,
            }
        )

    def flush(self) -> None:
        """Send the held back ops in one `ops` message, like the server after a busy moment."""
        held, self.held = self.held or [], None
        self.tell(self.ops_message(held))

    def ops_message(self, frames: list[dict[str, Any]]) -> dict[str, Any]:
        compact = [
            {name: value for name, value in frame.items() if name not in {"selection", "derived"}}
            for frame in frames[:-1]
        ]
        return {
            "type": "ops",
            "re": None,
            "configuration": self.id,
            "epoch": self.epoch,
            "from": frames[0]["version"] - 1 if frames else self.version,
            "to": frames[-1]["version"] if frames else self.version,
            "ops": [*compact, *frames[-1:]],
            "recovered": False,
            "members": None,
            "member_count": None,
            "you": None,
        }

    def stacks_of(self, person: Person) -> Stacks:
        return stacks(
            OwnOp(
                version=frame["version"],
                kind=frame["operation_kind"],
                reverts=frame.get("reverts"),
                changed=bool(frame["changes"]),
            )
            for frame in self.log
            if frame["author"]["id"] == str(person.id)
        )

    def you(self, person: Person, role: str) -> dict[str, Any]:
        found = self.stacks_of(person)
        return {
            "person": str(person.id),
            "role": role,
            "can_undo": bool(found.undo) if self.tells_undo else None,
            "can_redo": bool(found.redo) if self.tells_undo else None,
        }

    def _reversal(self, person: Person, version: int) -> Reversal:
        """The op that is taken back, and who else has changed which category after it."""
        frame = self.log[version - 1]
        others = {
            change["category"]: later["author"]["name"]
            for later in self.log[version:]
            if later["author"]["id"] != str(person.id)
            for change in later["changes"]
        }
        changes = tuple(msgspec.convert(change, Change) for change in frame["changes"])
        return Reversal(version=version, changes=changes, changed_by=others)

    def _judge(self, person: Person, operation: dict[str, Any]) -> tuple[OpOutcome, int | None]:
        asked = parse_operation(operation)
        if isinstance(asked, Undo | Redo):
            version = self.stacks_of(person).next(asked)
            if version is not None:
                reversal = self._reversal(person, version)
                return take_back(CATALOGUE, self.selection, asked, reversal), version
        return evaluate(CATALOGUE, self.selection, asked), None

    def op(self, author: "Tab", message: dict[str, Any]) -> dict[str, Any]:
        self.heard.append(message["op_id"])
        known = self.outcomes.get(message["op_id"])
        if known is not None:
            return {**known, "repeated": True}
        result, reverts = self._judge(author.person, message["operation"])
        answer: dict[str, Any] = {
            "type": "outcome",
            "configuration": self.id,
            "op_id": message["op_id"],
            "outcome": type(result).__name__.lower(),
            "reasons": [msgspec.to_builtins(reason) for reason in result.reasons],
            "repairs": [],
            "repeated": False,
        }
        if isinstance(result, Rejected | Conflict):
            answer["repairs"] = [msgspec.to_builtins(repair) for repair in result.repairs]
        else:
            self.selection = result.selection
            changes = [msgspec.to_builtins(c) for c in result.changes]
            self._log(author, message, answer, changes, reverts)
        answer["version"] = self.version
        answer["total_cents"] = self.total_cents()
        you = self.you(author.person, author.role)
        answer |= {"can_undo": you["can_undo"], "can_redo": you["can_redo"]}
        self.outcomes[message["op_id"]] = answer
        return answer

    def total_cents(self) -> int:
        return self.derived().price.total_cents

    def _log(
        self,
        author: "Tab",
        message: dict[str, Any],
        answer: dict[str, Any],
        changes: list[Any],
        reverts: int | None,
    ) -> None:
        frame = {
            "type": "op",
            "configuration": self.id,
            "epoch": self.epoch,
            "version": self.version + 1,
            "op_id": message["op_id"],
            "outcome": answer["outcome"],
            "author": author.person.json(),
            "operation_kind": message["operation"]["kind"],
            "changes": changes,
            "reasons": answer["reasons"],
            "total_cents": self.total_cents(),
            **({} if reverts is None else {"reverts": reverts}),
            "selection": msgspec.to_builtins(self.selection.choices()),
            "derived": msgspec.to_builtins(self.derived()),
            "at": datetime.now(UTC).isoformat(),
        }
        self.log.append(frame)
        if self.held is None:
            self.tell(frame)
        else:
            self.held.append(frame)


class Tab:
    """One opened page: `configuration`, `connection` (itself), `start`, `close`."""

    def __init__(self, house: House, person: Person, role: str, send: SendText) -> None:
        self.house, self.person, self.role, self._send = house, person, role, send
        self.id = uuid4().hex[:12]
        self.category: str | None = None
        self.view: str | None = None
        self.deaf = False
        self.configuration = house.id

    def start(self) -> None:
        self.say(self.welcome())

    @property
    def connection(self) -> "Tab":
        return self

    def say(self, frame: dict[str, Any]) -> None:
        check_from_server(frame)
        if not self.deaf:
            self._send(json.dumps(frame, ensure_ascii=False))

    def member(self) -> dict[str, Any]:
        return {
            "connection": self.id,
            "person": str(self.person.id),
            "name": self.person.name,
            "initials": initials(self.person.name),
            "colour": self.person.colour,
            "role": self.role,
            "category": self.category,
            "view": self.view,
        }

    def welcome(self) -> dict[str, Any]:
        return {
            "type": "welcome",
            "protocol": 1,
            "connection": self.id,
            "person": self.person.json(),
            "session_id": str(self.person.id),
        }

    def snapshot(self) -> dict[str, Any]:
        house = self.house
        return {
            "type": "snapshot",
            "configuration": house.id,
            "code": house.code,
            "catalogue": CATALOGUE.id,
            "epoch": house.epoch,
            "version": house.version,
            "selection": msgspec.to_builtins(house.selection.choices()),
            "derived": msgspec.to_builtins(house.derived()),
            **house.presence(),
            "you": house.you(self.person, self.role),
            "recovered": False,
        }

    def heard(self) -> None:
        pass

    async def receive(self, text: str) -> None:
        message = json.loads(text)
        match message["type"]:
            case "join":
                self._join(message)
            case "leave":
                self._leave()
            case "op":
                self._op(message)
            case "presence":
                self.category, self.view = message.get("category"), message.get("view")
                self.house.tell_presence()
            case "introduce":
                self._introduce(message)
            case _:
                pass

    async def close(self) -> None:
        self._leave()

    def _op(self, message: dict[str, Any]) -> None:
        error = self.house.refuses.get(self.person.name)
        if self.house.refuse_next:
            error = self.house.refuse_next.pop(0)
        if error is not None:
            self.house.refused.append(message["op_id"])
            self.say({"type": "error", "op_id": message["op_id"], **error})
            return
        self.say(self.house.op(self, message))

    def _introduce(self, message: dict[str, Any]) -> None:
        if self.house.refuse_next:
            error = self.house.refuse_next.pop(0)
            self.say({"type": "error", "re": message["id"], **error})
            return
        self.person.name = message["name"]
        self.say({"type": "introduced", "re": message["id"], "person": self.person.json()})
        self.house.tell_presence()

    def revoke(self, code: str = "access_revoked") -> None:
        """End this membership, as the sweep of grants does."""
        self._leave()
        self.say({"type": "left", "configuration": self.house.id, "code": code})

    def _join(self, message: dict[str, Any]) -> None:
        if self not in self.house.tabs:
            self.house.tabs.append(self)
            self.house.tell_presence()
        house, since = self.house, message.get("since")
        if since and since["epoch"] == house.epoch and since["version"] <= house.version:
            answer = {
                **house.ops_message(house.log[since["version"] :]),
                **house.presence(),
                "you": {**house.you(self.person, self.role), "can_undo": None, "can_redo": None},
                "recovered": True,
            }
        else:
            answer = self.snapshot()
        self.say({**answer, "re": message.get("id")})

    def _leave(self) -> None:
        if self in self.house.tabs:
            self.house.tabs.remove(self)
            self.house.tell_presence()
