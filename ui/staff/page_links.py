"""The links from a page for staff to the others, in the language that its address names."""

from collections.abc import Sequence
from urllib.parse import parse_qs

from configurator.text import LANGUAGES
from ui.theme import link


class PageLinks:
    """The links, in the element that is open. `pages` are their addresses and texts."""

    def __init__(self, pages: Sequence[tuple[str, str]]) -> None:
        self._links = [(address, link(text, address)) for address, text in pages]

    def speak_as(self, address: str) -> None:
        """Name in each link the language that the page's own address names, if it names one."""
        query = language_query(address)
        for plain, each in self._links:
            each.props["href"] = plain + query


def language_query(address: str) -> str:
    """`?lang=…` if the query of this address, which may have a fragment, names one of ours; else ""."""
    named = parse_qs(address.partition("#")[0].removeprefix("?")).get("lang", [""])[0]
    return f"?lang={named}" if named in LANGUAGES else ""
