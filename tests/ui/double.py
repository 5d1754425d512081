"""A live configuration in memory that speaks the real frames: the real domain, no stores.

For the tests of the screens only. What it does not do: durability, other processes, limits.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from configurator.catalogue import catalogue_to_json
from configurator.derived import derive, derived_to_json
from configurator.operations import (
    Conflict,
    Outcome,
    Redo,
    Rejected,
    Undo,
    change_from_json,
    change_to_json,
    evaluate,
    parse_operation,
    reason_to_json,
    repair_to_json,
)
from configurator.selection import selection_to_json
from configurator.undo import OwnOp, Reversal, Stacks, stacks, take_back
from configurator.visible import initials
from realtime.previews import preview_url
from realtime.principal import Principal
from storage.errors import StorageUnavailable
from tests.configurator.nest_haus import CATALOGUE
from tests.protocol.frames import check_from_server
from tests.ui.double_watch import Watch
from tests.ui.live_sample import sample
from ui.ports import History

Send = Callable[[str], None]


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
        self.refused: list[str] = []
        self.heard: list[str] = []
        """Every op_id that was asked for, in order."""
        self.held: list[dict[str, Any]] | None = None
        """While a list, ops are not told one by one: `flush` tells them as one message."""
        self.strangers = 0
        """So many more members than are listed."""

    @property
    def version(self) -> int:
        return len(self.log)

    def derived(self) -> dict[str, object]:
        return derived_to_json(derive(CATALOGUE, self.selection, preview_url=preview_url))

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
        """What was held back, as the server tells it after a busy moment: one `ops` message."""
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
            "can_undo": bool(found.undo),
            "can_redo": bool(found.redo),
        }

    def _reversal(self, person: Person, version: int) -> Reversal:
        """What is taken back, and who else has changed which category after it."""
        frame = self.log[version - 1]
        others = {
            change["category"]: later["author"]["name"]
            for later in self.log[version:]
            if later["author"]["id"] != str(person.id)
            for change in later["changes"]
        }
        changes = tuple(change_from_json(change) for change in frame["changes"])
        return Reversal(version=version, changes=changes, changed_by=others)

    def _judge(self, person: Person, operation: dict[str, Any]) -> tuple[Outcome, int | None]:
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
            "reasons": [reason_to_json(reason) for reason in result.reasons],
            "repairs": [],
            "repeated": False,
        }
        if isinstance(result, Rejected | Conflict):
            answer["repairs"] = [repair_to_json(repair) for repair in result.repairs]
        else:
            self.selection = result.selection
            changes = [change_to_json(c) for c in result.changes]
            self._log(author, message, answer, changes, reverts)
        answer["version"] = self.version
        answer["total_cents"] = self.total_cents()
        you = self.you(author.person, author.role)
        answer |= {"can_undo": you["can_undo"], "can_redo": you["can_redo"]}
        self.outcomes[message["op_id"]] = answer
        return answer

    def total_cents(self) -> int:
        return int(self.derived()["price"]["total_cents"])  # type: ignore[index]

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
            "selection": selection_to_json(self.selection),
            "derived": self.derived(),
            "at": datetime.now(UTC).isoformat(),
        }
        self.log.append(frame)
        if self.held is None:
            self.tell(frame)
        else:
            self.held.append(frame)


class Tab:
    """One opened page: `configuration`, `connection` (itself), `start`, `close`."""

    def __init__(self, house: House, person: Person, role: str, send: Send) -> None:
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
            "selection": selection_to_json(house.selection),
            "derived": house.derived(),
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
        if self.house.refuse_next:
            error = self.house.refuse_next.pop(0)
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


class Sight:
    """What the first paint of a page shows."""

    fetched_ahead = False

    def __init__(self, tab: Tab) -> None:
        frames = [tab.welcome(), tab.snapshot()]
        for frame in frames:
            check_from_server(frame)
        self.frames = [json.dumps(frame) for frame in frames]
        self.catalogue_json = json.dumps(catalogue_to_json(CATALOGUE))


@dataclass
class World:
    """Everything that is, by name; the double of `Live` and `AdminSource`."""

    houses: dict[str, House] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    tracked: list[dict[str, Any]] = field(default_factory=list)
    visits: list[dict[str, Any]] = field(default_factory=list)
    track_answers: list[int] = field(default_factory=list)
    """Statuses to answer batches of interactions with before any is taken."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    """What pages of admins asked."""
    past: list[dict[str, Any]] = field(default_factory=list)
    """What they find in the history."""
    inquiries: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What was answered to inquiries, each with the house that it is about."""
    watchers: list[Watch] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    history: History | None = None
    """Of the data; None: PostgreSQL is away."""
    dropped: int = 0

    def count_dropped(self) -> None:
        self.dropped += 1

    def house(self, code: str) -> House:
        return self.houses.setdefault(code, House(code))

    def person(self, name: str) -> Person:
        return self.people.setdefault(name, Person(name, len(self.people) % 8))

    async def look(self, **asked: Any) -> "Sight | None":
        tab = await self.open(send=lambda _: None, **asked)
        return None if tab is None else Sight(tab)

    async def open(
        self,
        *,
        configuration_code: str,
        person_token: str | None,
        send: Send,
        admin: Principal | None,
        **_: object,
    ) -> Tab | None:
        if configuration_code == "AWAY":
            raise StorageUnavailable("the database does not answer")
        if (house := self.houses.get(configuration_code)) is None:
            return None
        if admin is not None:
            return Tab(house, Person("Admin", 0), "admin", send)
        if person_token is None:
            return None
        role = self.roles.get(person_token, "owner")
        return Tab(house, self.person(person_token), role, send)

    async def first_frames(self) -> list[str]:
        newest = {"type": "activity", "entries": self.tracked[-50:], "skipped": 0}
        return [json.dumps(self.live_frame()), json.dumps(newest)]

    async def watch(
        self, send: Send, *, admin: Principal, network: str | None, returning: bool
    ) -> Watch:
        del admin, network, returning
        watch = Watch(self, send)
        self.watchers.append(watch)
        return watch

    def show_admins(self, frame: dict[str, Any]) -> None:
        for watch in self.watchers:
            watch.show(frame)

    def take(self, batch: dict[str, Any]) -> dict[str, Any]:
        """A batch of interactions, and the answer to it."""
        known = {entry["eventId"] for entry in self.tracked}
        about = {"sessionId": batch["sessionId"], "tab": batch["tab"]}
        now = datetime.now(UTC).isoformat()
        fresh = [
            {**about, "received_at": now, **each}
            for each in batch["interactions"]
            if each["eventId"] not in known
        ]
        # What a page of an earlier test says while it closes is not about this world.
        if batch["sessionId"] in {str(person.id) for person in self.people.values()}:
            self.tracked.extend(fresh)
            self.visits.append(batch["visit"])
            self.show_admins({"type": "activity", "entries": fresh, "skipped": 0})
            self.show_admins(self.live_frame())
        outcomes = {True: "duplicate", False: "accepted"}
        results = [
            {"eventId": each["eventId"], "outcome": outcomes[each["eventId"] in known]}
            for each in batch["interactions"]
        ]
        return {"success": True, "results": results}

    def live_frame(self) -> dict[str, Any]:
        rooms = [
            {
                "code": house.code,
                "total_cents": house.derived()["price"]["total_cents"],  # type: ignore[index]
                "people": [tab.person.name for tab in house.tabs],
                "version": house.version,
                "preview": house.derived()["previews"]["exterior"],  # type: ignore[index]
            }
            for house in self.houses.values()
            if house.tabs
        ]
        return {
            "type": "live",
            "online": sum(len(house.tabs) for house in self.houses.values()),
            "rooms": rooms,
            "value_on_screens_cents": sum(room["total_cents"] for room in rooms),
            "sessions": {"active": len(self.people), "completed": len(self.inquiries)},
            "counters": {"today": len(self.tracked), "per_minute": len(self.tracked)},
            "lag": {"events": 0, "seconds": 0},
            **sample(len(rooms)),
        }
