"""The part of the page that shares figures: dashboards by link, and scheduled files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from configurator.protocol.codes import Refused
from ui.figures.frame import FigureFrame
from ui.figures.words import FigureWords
from ui.staff.acting import Acting
from ui.staff.analytics.asked import Asked
from ui.staff.analytics.links import Links
from ui.staff.analytics.schedules import ScheduleList
from ui.staff.api import Api
from ui.staff.frame import StaffFrame
from ui.theme import Message


@dataclass(frozen=True, slots=True)
class _Page:
    """The parts of the page that both lists use."""

    api: Api
    words: FigureWords
    frame: StaffFrame
    asked: Callable[[], Asked]


class SharingTab:
    """Links and schedules, in the current slot. `asked` is what the page is asked now."""

    def __init__(
        self, api: Api, words: FigureWords, frame: StaffFrame, asked: Callable[[], Asked]
    ) -> None:
        page = _Page(api, words, frame, asked)
        self._parts = [
            _Part("links", Links, page, noted=True),
            _Part("exports", ScheduleList, page, noted=False),
        ]

    def turn(self, asked: Asked) -> None:
        """The forms show what is asked when they are read."""

    async def show(self, _asked: Asked, _answers: Sequence[Any]) -> None:
        """Read what is shared."""
        for each in self._parts:
            await each.read()


class _Shares(Protocol):
    """A list of what is shared, with a form to share more."""

    def __init__(self, area: Acting, asked: Callable[[], Asked], words: FigureWords) -> None: ...

    async def read(self) -> None:
        """Ask the API and show its answer. Raises Refused."""
        ...


class _Part:
    """One of the lists in its frame. Why it could not be read stands above it."""

    def __init__(self, name: str, shares: type[_Shares], page: _Page, *, noted: bool) -> None:
        self._words = page.words
        with FigureFrame(page.words, name, noted=noted):
            told, self._problem = Message(), Message(problem=True)
            acting = Acting(
                api=page.api,
                frame=page.frame,
                read_again=self._reread,
                refusal=page.words.why,
                told=told,
                problem=self._problem,
            )
            self._shares = shares(acting, page.asked, page.words)

    async def read(self) -> None:
        """Read, or say why that cannot be done."""
        self._problem.say("")
        await self._reread()

    async def _reread(self) -> None:
        """Read again after an action; the sentence about its refusal stays."""
        try:
            await self._shares.read()
        except Refused as refused:
            why = self._words.why(refused)
            self._problem.say(self._words.t("analytics.failed", why=why))
