"""Visitors made up from a seed: their events, some late, some twice, some of bots."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from configurator.activity.event_ids import uuid7
from configurator.activity.interaction import Event
from configurator.activity.tracking import DeviceInfo, Interaction
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions

FIRST_DAY = datetime(2026, 3, 25, 21, tzinfo=UTC)
"""The clocks of Vienna go forward four nights later."""
DAYS = 8
SHOWN = {
    "nest": ("nest80", "nest100", "nest120"),
    "gebaeudehuelle": ("holz", "putz"),
    "innenverkleidung": ("kiefer", "fichte", "eiche"),
    "pvanlage": ("pv_panels",),
    "fenster": ("pvc", "holz", "alu"),
}


@dataclass(kw_only=True)
class Visitor:
    """One session that goes from category to category and changes its mind now and then."""

    name: str
    chance: random.Random
    at: datetime
    bot: str | None

    def events(self) -> Iterator[Event]:
        chance, chosen = self.chance, dict.fromkeys(SHOWN)
        chosen["nest"] = "nest80"
        device = DeviceInfo(type=chance.choice(["desktop", "mobile", "tablet"]), width=1000)
        language, referrer = chance.choice(["de", "en", None]), chance.choice(["", "a.at", "b.at"])
        order = list(SHOWN) if chance.random() < 0.6 else chance.sample(list(SHOWN), len(SHOWN))
        for category in order[: chance.randint(1, 5)]:
            for _ in range(chance.randint(1, 6)):
                interaction = self._interaction(category, chosen, device)
                yield Event(
                    event_id=uuid7(int(self.at.timestamp() * 1000), chance.getrandbits(74)),
                    session=self.name,
                    received_at=self.at + timedelta(seconds=1),
                    happened_at=self.at,
                    source="test",
                    interaction=interaction,
                    bot=self.bot,
                    language=language,
                    referrer=referrer or None,
                )
                self.at += timedelta(milliseconds=chance.randint(1, 500_000))

    def _interaction(
        self, category: str, chosen: dict[str, str | None], device: DeviceInfo
    ) -> Interaction:
        chance, before = self.chance, chosen[category]
        if chance.random() < 0.35:
            kind = chance.choice(["view", "time_spent", "click"])
            spent = chance.randint(1, 9000) if kind == "time_spent" else None
            return Interaction(
                event_type=kind, category=category, time_spent_ms=spent, device_info=device
            )
        if before and chance.random() < 0.1:
            back = chance.choice([*SHOWN[category], "none"])
            chosen[category] = None if back == "none" else back
            return Interaction(
                event_type=chance.choice(["undo", "redo", "adjusted"]),
                category=category,
                selection_value=back,
                previous_value=before,
                device_info=device,
            )
        value = chance.choice(SHOWN[category])
        chosen[category] = value
        if category == "pvanlage":
            value = chance.choice(["none", f"{value}:8", f"{value}:12"])
            chosen[category] = None if value == "none" else "pv_panels"
        return Interaction(
            event_type="selection",
            category=category,
            selection_value=value,
            previous_value=before,
            device_info=device,
        )


def visitors(count: int, seed: int) -> list[Event]:
    """Their events, roughly in order; a tenth comes late, a tenth comes twice."""
    chance = random.Random(seed)
    events: list[tuple[float, Event]] = []
    for number in range(count):
        visitor = Visitor(
            name=f"visitor-{number}",
            chance=chance,
            at=FIRST_DAY + timedelta(milliseconds=chance.randrange(DAYS * 86_400_000)),
            bot="headless" if chance.random() < 0.1 else None,
        )
        for event in visitor.events():
            arrives = event.received_at.timestamp()
            if chance.random() < 0.1:
                arrives += chance.randrange(4 * 86_400)
            events.append((arrives, event))
            if chance.random() < 0.1:
                events.append((arrives + chance.randrange(86_400), event))
    return [event for _, event in sorted(events, key=lambda each: each[0])]


async def store(interactions: Interactions, events: list[Event], *, batch: int = 400) -> None:
    """Through the real intake of the database; minutes are folded into hours in between."""
    for start in range(0, len(events), batch):
        part = events[start : start + batch]
        entries = [
            Incoming(stream_id=f"{start + place + 1}-0", event=event)
            for place, event in enumerate(part)
        ]
        await interactions.store(entries, consumer="w")
        await interactions.fold_minutes(part[-1].received_at - timedelta(hours=48))
