"""Words for our own names: jobs and their results, reasons, kinds of data, actions."""

import re
from collections.abc import Mapping
from typing import Final

from ui.words import Words

_ERROR: Final = re.compile(r"[A-Z][A-Za-z]*(Error|Exception)")
_BROWSERS: Final = (
    (r"Edg(e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/", "Chrome"),
    (r"Version/|Safari/", "Safari"),
)
"""The first that fits: later names also stand in what earlier ones say they are."""
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux|X11", "Linux"),
)


class ServiceNames:
    """A name that nobody has translated yet is shown as it is."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def t(self, key: str, **values: object) -> str:
        """The text of this key with its places filled."""
        return self._words.t(key, **values)

    def word(self, group: str, name: str) -> str:
        """The word for a name: `group` is "job", "why", "kind", "action" or "download"."""
        text = self._words.word(f"service.{group}", name)
        if text is None and group == "why" and _ERROR.fullmatch(name):
            return self._words.t("service.why.error", name=name)
        return name if text is None else text

    def figure(self, name: str) -> str:
        """The title of a figure or list on its page."""
        words = self._words
        return words.word("analytics", name) or words.word("service.tab", name) or name

    def job(self, job: str) -> str:
        """The name of a job."""
        return self.word("job", job)

    def reason(self, text: str) -> str:
        """A reason, which has a kind and sometimes a place: `wrong_type interaction.category`."""
        kind, *place = re.split(r"[: ]+", text)
        return self.reason_at(kind, " ".join(place))

    def reason_at(self, kind: str, place: str | None) -> str:
        """The same for a kind and a place that are told apart already."""
        what = self.word("why", kind)
        return self._words.t("service.at", what=what, place=place) if place else what

    def did(self, detail: Mapping[str, object]) -> str:
        """The result of a job: "3 Tage gelöscht, 12 Sitzungen"; "" where there was nothing to do."""
        return ", ".join(filter(None, (self._did(*each) for each in detail.items())))

    def device(self, said: str) -> str:
        """A browser by what it says of itself: "Safari auf iPhone"; unknown ones as they said it."""
        browser, system = _known(_BROWSERS, said), _known(_SYSTEMS, said)
        if not browser or not system:
            return said
        return self._words.t("service.sessions.device", browser=browser, system=system)

    def _did(self, what: str, n: object) -> str:
        if what == "reason":
            return self.word("why", str(n))
        if what == "drift" and n == 0:
            return self._words.t("service.did.noDrift")
        if not isinstance(n, int | float) or n == 0:
            return ""
        number = self._words.number(n)
        text = self._words.word("service.did", what, n=number)
        return f"{number} {self.word('kind', what)}" if text is None else text


def _known(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for form, name in names if re.search(form, text)), "")
