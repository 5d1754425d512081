"""Visits invented from a seed: people's actions in the configurator, as browsers report them.

A visit is a session of some twenty events over eight categories of the catalogue and four pages
around it. Of 100 events about 33 are selections (with the choice before, price and change), 20
`time_spent`, 17 clicks, 12 changes of view, 12 hovers and 6 web vitals with `props`; seven of ten
say which device it was.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from configurator.activity.event_ids import RANDOM_BITS, uuid7
from configurator.activity.interaction import Event, Reported, ReportedInteraction
from configurator.activity.tracking import DeviceInfo, Interaction

CHOICES = {
    "nest": ("nest80", "nest100", "nest120", "nest140", "nest160"),
    "gebaeudehuelle": (
        "trapezblech",
        "holzlattung",
        "fassadenplatten_schwarz",
        "fassadenplatten_weiss",
    ),
    "innenverkleidung": ("kiefer", "fichte", "steirische_eiche"),
    "fussboden": ("parkett", "kalkstein_kanafar", "schiefer_massiv"),
    "pvanlage": ("pv_panels:4", "pv_panels:8", "pv_panels:12", "none"),
    "fenster": ("pvc:10", "fichte:12", "steirische_eiche:12", "aluminium:14"),
    "planungspaket": ("basis", "plus", "pro"),
    "grundstueckscheck": ("grundstueckscheck", "none"),
}
PAGES = ("ansicht", "preis", "teilen", "anfrage")
DEVICES = (
    DeviceInfo(type="desktop", width=1440, height=900),
    DeviceInfo(type="mobile", width=390, height=844),
    DeviceInfo(type="tablet", width=820, height=1180),
)
EVENTS_EACH = (4, 36)
PAUSE_MS = (200, 20_000)
MIX = "≈ 20 events a session, 12 categories, 33 % selections with price, 6 % with props"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One session, by its client's id, and its events, in order."""

    session: str
    language: str
    events: tuple[Reported, ...]

    def reported(self) -> list[ReportedInteraction]:
        """Its events as a client reports them."""
        return [
            ReportedInteraction(interaction=each.interaction, event_id=each.event_id, seq=each.seq)
            for each in self.events
        ]


def visits(events: int, *, random: Random, ends_ms: int, within_ms: int) -> Iterator[Visit]:
    """Visits with this number of events in all.

    All end before `ends_ms` and begin at most `within_ms` earlier.
    """
    left = events
    while left:
        count = min(left, random.randint(*EVENTS_EACH))
        left -= count
        pauses = [random.randint(*PAUSE_MS) for _ in range(count)]
        at = ends_ms - sum(pauses) - random.randrange(max(1, within_ms - sum(pauses)))
        yield Visit(
            session=str(uuid.UUID(int=random.getrandbits(128), version=4)),
            language=random.choice(("de-AT", "de-DE", "en-GB")),
            events=tuple(_events(random, at, pauses)),
        )


def entries(visit: Visit, received_at: datetime) -> Iterator[Event]:
    """The events of a visit, in the form in which the intake puts them into the stream."""
    for each in visit.events:
        assert each.event_id is not None
        yield Event(
            event_id=each.event_id,
            session=visit.session,
            received_at=received_at,
            source="rest",
            interaction=each.interaction,
            skew_ms=12,
            tab=0,
            seq=each.seq,
            language=visit.language,
            network="192.0.2.0/24",
        )


def now_ms() -> int:
    """The present time, in the form of browsers' clocks: ms since 1970."""
    return int(datetime.now(UTC).timestamp() * 1000)


def _events(random: Random, at: int, pauses: list[int]) -> Iterator[Reported]:
    device = random.choice(DEVICES)
    chosen = {category: options[0] for category, options in CHOICES.items()}
    categories = list(CHOICES)
    category, total = "nest", 18_000_000
    for number, pause in enumerate(pauses, start=1):
        at += pause
        if random.random() < 0.3:
            category = random.choice(categories)
        shape: dict[str, object] = {"category": category}
        if random.random() < 0.7:
            shape["device_info"] = device
        match random.random():
            case chance if chance < 0.33:
                value = random.choice(CHOICES[category])
                change = random.randrange(-400, 400) * 1000
                total = max(5_000_000, total + change)
                shape |= {
                    "event_type": "selection",
                    "element_id": f"option-{value}",
                    "selection_value": value,
                    "previous_value": chosen[category],
                    "total_cents": total,
                    "change_cents": change,
                    "version": number,
                }
                chosen[category] = value
            case chance if chance < 0.53:
                shape |= {
                    "event_type": "time_spent",
                    "time_spent_ms": random.randrange(500, 60_000),
                }
            case chance if chance < 0.70:
                shape |= {"event_type": "click", "element_id": f"card-{category}"}
            case chance if chance < 0.82:
                shape |= {
                    "event_type": "view_change",
                    "category": random.choice(PAGES),
                    "selection_value": random.choice(("exterior", "interior", "plan")),
                }
            case chance if chance < 0.94:
                shape |= {
                    "event_type": "hover",
                    "element_id": f"option-{chosen[category]}",
                    "time_spent_ms": random.randrange(300, 4_000),
                }
            case _:
                shape |= {
                    "event_type": "web_vital",
                    "category": random.choice(PAGES),
                    "props": {"name": "INP", "value": random.randrange(20, 400), "rating": "good"},
                }
        yield Reported(
            interaction=Interaction(**shape),  # type: ignore[arg-type]  # by event type
            event_id=uuid7(at, random.getrandbits(RANDOM_BITS)),
            seq=number,
        )
