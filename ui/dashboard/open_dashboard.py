"""A shared dashboard that is open in one browser tab: what its link shows, or why it shows nothing."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Literal

import msgspec

from configurator.protocol.codes import CODES, Refused
from ui.dashboard.reading import LinkReader, Shared
from ui.dashboard.shown import ShownDashboards
from ui.figures.counted import counted
from ui.figures.figure import Figure
from ui.figures.frame import FigureFile, FigureFrame, FileFormat
from ui.figures.listed import FIGURES
from ui.figures.words import FigureWords
from ui.staff.open_page import begun_frame, brand, legal_foot
from ui.staff.turns import Turns
from ui.theme import Message, TextTag, box, button, heading, link, paragraph

TOKEN: Final = re.compile(r"[\w-]{1,200}", re.ASCII)
FORMS: Final[tuple[FileFormat, ...]] = ("xlsx", "csv")
FILE_SECONDS: Final = 60.0
"""A browser has received its file after this time, even if the server made it wait."""
DashboardState = Literal["loading", "shown", "gone", "failed"]


def token_in(address: str) -> str:
    """The token in the fragment of an address; "" where there is none."""
    fragment = address.partition("#")[2]
    return fragment if TOKEN.fullmatch(fragment) else ""


class OpenDashboard:
    """The page. It shows nothing before its browser has said a token, and nothing of a link that ended."""

    def __init__(
        self,
        reader: LinkReader,
        words: FigureWords,
        shown: ShownDashboards,
        *,
        props: Mapping[str, object],
    ) -> None:
        self._reader = reader
        self._shown = shown
        self._words = words
        self._token: str | None = None
        self._state: DashboardState = "loading"
        self._figures: dict[str, Figure[Any]] = {}
        self._reading = Turns(self._read)
        self._frame = begun_frame(self._go, self._refresh, props)
        with self._frame:
            self._build_head()
            self._main = box("main")
            legal_foot(words.words)
        self._frame.client.on_delete(lambda: shown.remove(self))
        self._say("loading")

    def _build_head(self) -> None:
        with box("header", "topbar"):
            brand(self._words.words)
            self._name = TextTag("h1")
            box("span", "spring")
            self._counted = paragraph("", "quiet").props("role=status")
        with box("p", "about").props("data-testid=dashboard-about") as self._about:
            self._span = TextTag("span")
            self._until = TextTag("span", "", "quiet")
        self._problem = Message(problem=True)
        self._problem.classes("problem")

    async def _go(self, address: str) -> None:
        """Show what the token in this address shows. What another token showed goes away first."""
        token = token_in(address)
        if token != self._token:
            self._token = token
            self._say("loading" if token else "gone")
        elif self._state == "loading":
            return  # it is being read
        await self._refresh()

    async def _refresh(self) -> None:
        if self._token and self._state != "gone":
            await self._reading.run()

    async def _read(self) -> None:
        token = self._token
        if not token:
            return
        try:
            shared = await self._reader.read(token)
            if token == self._token and not self._frame.is_deleted:
                self._show(shared)
        except Refused as refused:
            if token == self._token:
                self._failed(refused)

    def _show(self, shared: Shared) -> None:
        """Show the figures; builds their elements again only if the link shows other figures. Raises Refused."""
        answers = {
            each.name: msgspec.json.decode(shared.figures[each.name], type=each.answer)
            for each in FIGURES
            if each.name in shared.figures
        }
        if self._state != "shown" or list(self._figures) != list(answers):
            self._make(answers)
        for name, answer in answers.items():
            self._figures[name].show(answer)
        self._say_about(shared, answers)
        self._state = "shown"
        self._problem.say("")

    def _make(self, names: Mapping[str, object]) -> None:
        self._shown.add(self)
        self._clear("")
        with self._main:
            for each in FIGURES:
                if each.name in names:
                    with FigureFrame(
                        self._words, each.name, noted=each.noted, wide=each.wide
                    ) as frame:
                        self._figures[each.name] = each(self._words)
                    frame.link_files(
                        [FigureFile(form, partial(self._save, each.name, form)) for form in FORMS]
                    )

    def _say_about(self, shared: Shared, answers: Mapping[str, Any]) -> None:
        self._name.text = shared.name
        for answer in list(answers.values())[:1]:
            span = answer.range
            words = self._words.in_zone(span.zone)
            text = "dashboard.range" if span.start else "dashboard.always"
            times = {"from": words.minute(span.start), "to": words.minute(span.end)}
            self._span.text = f"{words.t(text, **times, zone=span.zone)} "
            until = words.minute(shared.expires_at)
            self._until.text = words.t("dashboard.until", time=until)
            self._counted.text = counted(words, answers.values())
        self._about.visible = bool(answers)

    def _failed(self, refused: Refused) -> None:
        """Keep the figures if only the connection was lost; remove them if the link has ended."""
        if refused.code is CODES["dashboard_link_unusable"]:
            self._say("gone")
        elif self._state == "shown":
            self._problem.say(self._words.t("dashboard.old"))
        else:
            self._say("failed")

    def _say(self, state: Literal["loading", "gone", "failed"]) -> None:
        """Say why nothing is shown, in the place of all that was."""
        t = self._words.t
        self._state = state
        self._clear("alone")
        self._shown.remove(self)
        self._name.text = t("dashboard.title")
        with self._main:
            heading(t(f"dashboard.{state}.title"))
            paragraph(t(f"dashboard.{state}.text"))
            if state != "loading":
                with box("p", "actions"):
                    if state == "failed":
                        button(t("analytics.again"), self._refresh, "primary")
                    link(t("page.home"), "/", "button")

    def _clear(self, classes: str) -> None:
        self._main.clear()
        self._main.classes(replace=classes)
        if classes:
            self._main.props("data-testid=dashboard-message")
        else:
            self._main.props(remove="data-testid")
        self._figures = {}
        self._about.visible = False
        self._counted.text = ""
        self._problem.say("")

    async def _save(self, name: str, form: FileFormat) -> None:
        """Have the browser save a figure as a file."""
        language = self._words.language
        code = await self._frame.save_shared(name, form, language, FILE_SECONDS)
        if code is None:
            self._problem.say("")
        else:
            self._failed(Refused(code if code in CODES else "unavailable"))
