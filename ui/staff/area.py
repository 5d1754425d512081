"""The place of a section in its page, and the things that it uses: API, words, messages, files, buttons that act."""

from typing import ClassVar, Final, Protocol

from nicegui import ui

from ui.staff.acting import Act, Acting
from ui.staff.api import Api
from ui.staff.frame import StaffFrame
from ui.theme import Message, box, heading, link, paragraph
from ui.words import Words

FILES: Final = ("xlsx", "csv")


class Section(Protocol):
    """One section of a page. A new one is made whenever somebody goes there.

    It builds its elements once, in its area, and changes what they say in ``read``.
    """

    name: ClassVar[str]
    """Its address behind the `#`, and the key of its texts."""

    def __init__(self, area: "Area") -> None: ...

    async def read(self) -> None:
        """Ask the API and show its answer. Raises Refused."""
        ...


class Area:
    """The place of one section: a heading, a sentence about it, and messages.

    The keys of its texts begin with `texts`. ``read_again`` has the page read at once what it reads
    every few seconds. ``act`` makes an action what a button does. A section may put into
    `acting.refusal` how it says refusals.
    """

    def __init__(
        self,
        name: str,
        *,
        texts: str,
        api: Api,
        words: Words,
        frame: StaffFrame,
        read_again: Act,
    ) -> None:
        self._texts = texts
        self._name = name
        self.api = api
        self.words = words
        self.frame = frame
        self.read_again = read_again
        self.place = box("section")
        with self.place:
            with box("header") as self.head:
                self.title = heading(self.t("tab." + name))
            self.place.props["aria-labelledby"] = self.title.html_id
            paragraph(self.t(name + ".about"), "quiet")
            self.told = Message()
            self.problem = Message(problem=True)
            self.loading = paragraph(self.t("loading"), "quiet")
        self.acting = Acting(
            api=api,
            frame=frame,
            read_again=read_again,
            refusal=words.refusal,
            told=self.told,
            problem=self.problem,
        )
        self.act = self.acting.act

    def t(self, key: str, **values: object) -> str:
        """A text of the page, by the rest of its key."""
        return self.words.t(f"{self._texts}.{key}", **values)

    def files(self, place: str, **query: object) -> ui.element:
        """Links to what the section shows, whole, as files for people."""
        asked = "".join(f"&{name}={value}" for name, value in query.items() if value != "")
        title = self.t("tab." + self._name)
        with box("p", "files") as made:
            for form in FILES:
                address = f"/api/admin/{place}?format={form}&lang={self.words.language}{asked}"
                to = link(self.t(form), address).props("download")
                to.props["aria-label"] = self.t(f"{form}Of", title=title)
        return made
