"""The one element of staff pages that is written in JavaScript, see `js/staff/index.js`."""

from collections.abc import Callable
from typing import Final
from uuid import uuid4

from nicegui import ui
from nicegui.events import GenericEventArguments

ADDRESS_CHARACTERS_MAX: Final = 2_000
SIGN_OUT_SECONDS: Final = 20.0
"""Longer than PostgreSQL may take for ending a session."""


class StaffFrame(ui.element, component="../components/staff_frame.js"):
    """Tells the address and when to read again. Its children are the page.

    A link to this page with another query is followed in place. Properties: `look` is the class of
    the page; with `gently` nothing is read again while somebody reads or types; `every` is the time
    from one reading to the next in ms, 5,000 unless said; `guest` pages are for people who are not
    signed in.

    The listeners have the same ids in every process, so that what a browser says reaches a page that
    was built again for it. The browser then enters again what somebody had entered and not sent.
    """

    def enter_again(self) -> None:
        """Have the browser fill in again what somebody entered, because its elements are new ones."""
        self.props["built"] = uuid4().hex

    def on_address(self, go: Callable[[str], object]) -> None:
        """`go` gets the query and fragment of the address, at the start and whenever they change."""

        def told(event: GenericEventArguments) -> object:
            address = event.args
            fits = isinstance(address, str) and len(address) <= ADDRESS_CHARACTERS_MAX
            return go(address if fits else "")

        self._listen("address", told)

    def on_refresh(self, refresh: Callable[[], object]) -> None:
        """`refresh` is called every few seconds while somebody can see the page."""
        self._listen("refresh", lambda _: refresh())

    def focus(self, element: ui.element) -> None:
        """Put the focus on an element, and leave the page where it is scrolled to."""
        _ = self.run_method("focus", element.html_id)

    def focus_heading(self, heading: ui.element) -> None:
        """Put the focus on the heading of a section that was gone to, if none of its elements has it yet."""
        _ = self.run_method("focusHeading", heading.html_id)

    def turn(self, query: str) -> None:
        """Put this query, with its `?`, into the address. The browser does not tell it back."""
        _ = self.run_method("turn", query)

    def reveal(self, element: ui.element) -> None:
        """Scroll an element that stands in a row into sight, and leave the page where it is."""
        _ = self.run_method("reveal", element.html_id)

    async def zone(self) -> str | None:
        """The IANA name of the time zone that the browser is in, as the browser calls it."""
        try:
            name = await self.run_method("zone")
        except TimeoutError:
            return None
        return name if isinstance(name, str) else None

    async def typed(self, field: str) -> str | None:
        """The text that was typed into the field of this name (`data-keep`) and not sent."""
        try:
            text = await self.run_method("typed", field)
        except TimeoutError:
            return None
        return text if isinstance(text, str) else None

    def forget(self, field: str) -> None:
        """Let go of what was typed into the field of this name."""
        _ = self.run_method("forget", field)

    async def save(
        self, place: str, query: dict[str, str], name: str, seconds: float
    ) -> str | None:
        """Have the browser download an answer of the API. None, or the code of the refusal."""
        try:
            code = await self.run_method("save", place, query, name, timeout=seconds)
        except TimeoutError:
            return "unavailable"
        return code if isinstance(code, str) else None

    async def save_shared(self, view: str, form: str, language: str, seconds: float) -> str | None:
        """Have the browser download a figure of the dashboard whose token is in its address.

        None, or the code of the refusal.
        """
        try:
            code = await self.run_method("saveShared", view, form, language, timeout=seconds)
        except TimeoutError:
            return "unavailable"
        return code if isinstance(code, str) else None

    async def sign_out(self) -> str | None:
        """Have the browser end its session, which also ends this page. None, or the code of the refusal."""
        try:
            code = await self.run_method("signOut", timeout=SIGN_OUT_SECONDS)
        except TimeoutError:
            return None
        return code if isinstance(code, str) else None

    def _listen(self, name: str, handler: Callable[[GenericEventArguments], object]) -> None:
        before = dict(self._event_listeners)
        self.on(name, handler)
        (listener,) = (each for key, each in self._event_listeners.items() if key not in before)
        listener.id = name
        self._event_listeners = {**before, name: listener}
