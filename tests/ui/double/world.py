"""Everything that the screens know of, in memory: houses, people, the live view."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from realtime.delivery.page import SendText
from realtime.people.principal import Staff
from storage.errors import StorageUnavailable
from storage.postgres.deployment import History
from tests.configurator.nest_haus import CATALOGUE
from tests.protocol.frames import check_from_server
from tests.ui.double.api import AdminApiDouble, SharedApiDouble
from tests.ui.double.product import House, Person, Tab
from tests.ui.double.watch import Watch
from tests.ui.staff.live_sample import sample


class Sight:
    """The content of a page's first paint."""

    fetched_ahead = False

    def __init__(self, tab: Tab) -> None:
        frames = [tab.welcome(), tab.snapshot()]
        for frame in frames:
            check_from_server(frame)
        self.frames = [json.dumps(frame) for frame in frames]
        self.catalogue_json = json.dumps(msgspec.to_builtins(CATALOGUE.public()))


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
    """The questions of admins' pages."""
    past: list[dict[str, Any]] = field(default_factory=list)
    """The entries of the history."""
    inquiries: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """The answers to inquiries, each with the house that it is about."""
    watchers: list[Watch] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    history: History | None = None
    """The history of the data; None while PostgreSQL is away."""
    dropped: int = 0
    admin_api: AdminApiDouble = field(default_factory=AdminApiDouble)
    shared_api: SharedApiDouble = field(default_factory=SharedApiDouble)

    def forget_answers(self) -> None:
        """Answer again as nobody has said yet."""
        self.admin_api.answers = None
        self.shared_api.answers = None
        self.history = None
        self.roles.clear()
        self.track_answers.clear()

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
        send: SendText,
        admin: Staff | None,
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
        self, send: SendText, *, admin: Staff, network: str | None, returning: bool
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
        # A page of an earlier test may still send while it closes; that is not about this world.
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
                "total_cents": house.derived().price.total_cents,
                "people": [tab.person.name for tab in house.tabs],
                "version": house.version,
                "preview": house.derived().previews["exterior"],
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
