"""The player of a session: every step of its house and its interactions, in words, as one text.

The browser plays it by itself (`js/staff/elements/player.js`): it does not wait for the server between two steps.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from nicegui import core, ui

from configurator.activity.stored import Happening
from configurator.protocol.codes import Refused
from realtime.api.analytics.replay import OpStep, ReplayAnswer, ReplayedHouse, ReplayStep
from ui.figures.words import FigureWords
from ui.staff.api import Api

PAGE: Final = 200
PAGES_MAX: Final = 25
"""A longer session is shown up to here, and the player says so."""


class PlayerState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The content of the player at one step. `house` is a place in the list of houses, from 0."""

    place: str
    time: str
    house: int | None = None
    who: str | None = None
    changes: list[tuple[str, str, str]] | None = None
    reasons: list[str] | None = None
    verdict: str | None = None
    same: bool = False
    what: str | None = None
    about: str | None = None


class House(msgspec.Struct, frozen=True, kw_only=True):
    """A house at a version: the address of its picture, price and version in words."""

    picture: str
    price: str
    version: str


class Film(msgspec.Struct, frozen=True, kw_only=True):
    """A whole session; the first step is the one before anything happened."""

    houses: list[House]
    steps: list[PlayerState]
    client: str
    gone: str
    cut: str


class Player(ui.element, component="../../components/staff_player.js"):
    """A dialog over the page. `on_close` is called when somebody closes it."""

    def __init__(self, session: str, words: FigureWords, on_close: Callable[[], object]) -> None:
        super().__init__()
        self.session: Final = session
        self._words = words
        self.props["words"] = msgspec.json.encode(_labels(session, words)).decode()
        self.on("close", on_close, args=[])

    async def read(self, api: Api) -> None:
        """Read the session and show it, or say why that cannot be done."""
        try:
            film = film_of(await self._whole(api), self._words)
        except Refused as refused:
            self._say(refused)
        except Exception as error:  # noqa: BLE001 - a defect of ours: NiceGUI logs it, the page goes on
            core.app.handle_exception(error)
            self._say(Refused("internal"))
        else:
            self.props["film"] = msgspec.json.encode(film).decode()

    def _say(self, refused: Refused) -> None:
        why = self._words.why(refused)
        self.props["problem"] = self._words.t("analytics.failed", why=why)

    async def _whole(self, api: Api) -> ReplayAnswer:
        """All pages as one; `next` stays where there are more. Raises Refused."""
        place = f"analytics/sessions/{self.session}/replay"
        whole = await api.get(ReplayAnswer, place, limit=PAGE)
        for _ in range(PAGES_MAX - 1):
            if whole.next is None:
                break
            part = await api.get(ReplayAnswer, place, limit=PAGE, cursor=whole.next)
            steps = [*whole.steps, *part.steps]
            whole = msgspec.structs.replace(whole, steps=steps, next=part.next)
        return whole


def film_of(replay: ReplayAnswer, words: FigureWords) -> Film:
    """The replay in words."""
    client = replay.session.client_session_id
    last = len(replay.steps)
    houses = [_house(replay.start, words)] if replay.start else []
    steps = [_start(words, last, house=0 if houses else None)]
    for at, step in enumerate(replay.steps, 1):
        if isinstance(step, OpStep):
            houses.append(_house(step.house, words))
        place = words.t("analytics.position", at=at, of=last)
        steps.append(_shown(step, words, place, house=len(houses) - 1 if houses else None))
    gone = words.t("analytics.gone", n=words.number(replay.gone)) if replay.gone else ""
    cut = words.t("analytics.replayCut", n=words.number(last)) if replay.next else ""
    called = words.t("analytics.clientSession", id=client) if client else ""
    return Film(houses=houses, steps=steps, client=called, gone=gone, cut=cut)


def _start(words: FigureWords, last: int, *, house: int | None) -> PlayerState:
    place = words.t("analytics.position", at=0, of=last)
    return PlayerState(place=place, time=words.t("analytics.began"), house=house)


def _house(house: ReplayedHouse, words: FigureWords) -> House:
    pictures = house.previews
    return House(
        picture=pictures.get("exterior") or next(iter(pictures.values()), ""),
        price=words.euro(house.total_cents),
        version=words.t("analytics.version", n=house.version),
    )


def _shown(step: ReplayStep, words: FigureWords, place: str, *, house: int | None) -> PlayerState:
    time = words.time(step.at)
    if not isinstance(step, OpStep):
        done = step.interaction
        about = " ".join(filter(None, (words.names.category(done.category), _told(done, words))))
        what = words.names.event(done.event_type)
        return PlayerState(place=place, time=time, house=house, what=what, about=about)
    visitor = words.t("analytics.visitor", name=step.author) if step.by_visitor else step.author
    differs = words.t("analytics.differs", what=", ".join(step.differences))
    changes = [
        (
            words.names.category(each.category),
            words.names.choice(each.category, each.before),
            words.names.choice(each.category, each.after),
        )
        for each in step.changes
    ]
    return PlayerState(
        place=place,
        time=time,
        house=house,
        who=visitor,
        changes=changes,
        reasons=[each.text.of(words.language) for each in step.reasons],
        verdict=words.t("analytics.verified") if step.verified else differs,
        same=step.verified,
    )


def _told(done: Happening, words: FigureWords) -> str:
    """The value and how long somebody took."""
    value = done.selection_value or done.element_id
    named = words.names.value(done.category, value) if value else ""
    took = words.span(done.time_spent_ms) if done.time_spent_ms else ""
    return " · ".join(filter(None, (named, took)))


def _labels(session: str, words: FigureWords) -> dict[str, str]:
    """The texts of the player that no step changes."""
    texts = {
        "loading": "loading",
        "copy": "copyReplay",
        "copied": "copied",
        "close": "close",
        "picture": "housePicture",
        "noHouse": "noHouse",
        "start": "start",
        "back": "back",
        "run": "run",
        "pause": "pause",
        "forward": "forward",
    }
    labels = {name: words.t(f"analytics.{key}") for name, key in texts.items()}
    return {**labels, "title": words.t("analytics.replay", id=session[-8:])}
