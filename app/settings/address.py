"""Checks host and port of a URL in the settings, before the URL is used.

`urlsplit` and the drivers raise other ValueErrors, some of them only when they connect.
"""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

PORT_MAX: Final = 65_535
BRACKETS: Final = "has [ or ] in its user or password: write %5B and %5D for them"


def url_parts(url: str, wanted: str) -> SplitResult:
    """The parts of a URL with one host, whose `port` can be read.

    Raises ValueError with `wanted`, the end of a sentence.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(wanted) from None
    if port == 0:
        raise ValueError(wanted)
    return parts


def require_places(netloc: str, wanted: str) -> list[str]:
    """The hosts of a URL, each with its port if it has one; a single one may be empty.

    Raises ValueError with the end of a sentence, which is `wanted` if a host or a port is invalid.
    """
    login, _, found = netloc.rpartition("@")
    if set("[]") & set(login):
        raise ValueError(BRACKETS)
    places = found.split(",")
    for place in places:
        known = re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]/]*)(?::(.*))?", place)
        if known is None or (known[2] is not None and not is_port(known[2])):
            raise ValueError(wanted)
        if not known[1] and len(places) > 1:
            raise ValueError(wanted)
    return places


def is_port(text: str) -> bool:
    """Whether it is a valid number of a port."""
    return re.fullmatch(r"\d{1,5}", text, re.ASCII) is not None and 0 < int(text) <= PORT_MAX
