"""One dead letter, opened in a dialog: what is wrong with it, mend it, send it again, give it up."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Protocol

from nicegui import ui

from configurator.protocol.codes import CODES, Refused
from realtime.api.service.dead_letters import DropAnswer, FixRequest, LetterAnswer, RedriveAnswer
from ui.staff.area import Area
from ui.staff.service.names import ServiceNames
from ui.theme import Message, TextTag, box, button, field_for, form, heading, paragraph

PLACE: Final = "dead-letters"
GONE: Final = CODES["page_not_found"]
EDITED_CHARACTERS_MAX: Final = 40_000
"""Every change of the text is one message of the page's socket, which takes 64 kB; an event that can
be stored is far below that."""


class ListOfLetters(Protocol):
    """The list that a letter was opened from, as the letter uses it."""

    names: ServiceNames

    async def follow(self, entries: list[str]) -> None:
        """Say what becomes of these entries of the stream."""
        ...


class OpenLetter:
    """The dialog of one letter. ``area`` is that of the list."""

    def __init__(self, area: Area, letters: ListOfLetters, found: LetterAnswer) -> None:
        self._area = area
        self._letters = letters
        self._found = found
        self._t = area.t
        self.id = found.letter.id

    async def show(self, closed: Callable[[], object]) -> None:
        """Open the dialog, with what was typed here before and not sent."""
        typed = await self._area.frame.typed(self._field)
        with ui.dialog() as self._dialog, box(classes="sheet letter"), form(self._act(self._fix)):
            self._build(self._found.pretty if typed is None else typed)
        self._dialog.props["aria-label"] = self._t("letters.payload")

        def hidden() -> None:
            self._dialog.delete()
            closed()

        _ = self._dialog.on("hide", hidden)
        _ = self._dialog.open()

    def close(self) -> None:
        """Take the dialog away."""
        _ = self._dialog.close()

    @property
    def _field(self) -> str:
        return f"letter-{self.id}"

    def _build(self, text: str) -> None:
        pretty = self._found.pretty
        heading(self._letters.names.reason(self._found.letter.reason), 3)
        paragraph(self._wrong()).props("data-testid=wrong")
        self._payload = field_for(self._t("letters.payload"), lines=True)
        self._payload.props("data-testid=payload input-class=code autogrow")
        self._payload.props["data-keep"] = self._field
        self._payload.props["readonly"] = len(pretty) > EDITED_CHARACTERS_MAX
        self._payload.value = text
        self._payload.on_value_change(self._changed)
        self._problem = Message(problem=True)
        with box(classes="buttons") as self._buttons:
            self._fixing = button(self._t("letters.fix"), None, "primary")
            self._fixing.props("data-testid=fix")
            self._sending = button(self._t("letters.send"), self._act(self._send))
            self._sending.props("data-testid=send")
            self._undoing = button(self._t("letters.undo"), self._undo)
            box("span", "spring")
            button(self._t("letters.drop"), partial(self._ask, True), "danger").props(
                "data-testid=drop"
            )
        with box(classes="buttons") as self._question:
            TextTag("span", self._t("letters.dropSure"))
            button(self._t("letters.dropYes"), self._act(self._drop), "danger")
            self._keep = button(self._t("letters.keep"), partial(self._ask, False))
        self._question.visible = False
        self._changed()

    def _ask(self, asks: bool) -> None:
        """Ask, in the place of the buttons, before the letter is given up; or not any more."""
        self._buttons.visible, self._question.visible = not asks, asks
        if asks:
            self._area.frame.focus(self._keep)

    def _changed(self) -> None:
        changed = self._payload.value != self._found.pretty
        self._fixing.set_enabled(changed)
        self._sending.set_enabled(not changed)
        self._undoing.set_visibility(changed)

    def _wrong(self) -> str:
        """The present problem, if it differs from the former one, and what to do about it.

        A payload that can be read was refused by PostgreSQL, or by an older worker.
        """
        problem, names = self._found.problem, self._letters.names
        if problem is None:
            return self._t("letters.readable")
        now = names.reason_at(problem.code, problem.field)
        before = names.reason(self._found.letter.reason)
        return self._t("letters.unreadable", now="" if now == before else now).strip()

    def _undo(self) -> None:
        self._area.frame.forget(self._field)
        self._payload.value = self._found.pretty

    def _act(self, action: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """The action of a button in the dialog, which shows a refusal."""

        async def acting() -> None:
            await self._area.act(action, problem=self._problem)()

        return acting

    async def _fix(self) -> None:
        """The mended letter has another id; if only the sending fails, it stays in the list, mended."""
        body = FixRequest(payload=self._payload.value)
        fixed = await self._area.api.put(LetterAnswer, f"{PLACE}/{self.id}", body)
        self._area.frame.forget(self._field)
        self._found, self.id = fixed, fixed.letter.id
        self._payload.value = fixed.pretty
        await self._send()

    async def _send(self) -> None:
        answer = await self._area.api.post(RedriveAnswer, f"{PLACE}/{self.id}/redrive")
        self.close()
        await self._letters.follow(list(answer.entries.values()))

    async def _drop(self) -> None:
        await self._area.api.post(DropAnswer, f"{PLACE}/{self.id}/drop")
        self._area.frame.forget(self._field)
        self.close()
        self._area.told.say(self._t("letters.dropped"))


def is_gone(refused: Refused) -> bool:
    """Somebody else sent, changed or dropped the letter first."""
    return refused.code is GONE
