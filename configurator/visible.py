"""Text that people typed, before it is stored or shown: nothing in it that a reader cannot see.

Control characters end lines in mails and logs, PostgreSQL does not keep U+0000, and characters
that turn the direction of writing make one text look like another.
"""

import re

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def one_line(text: str) -> str:
    """The visible characters of a name or an address, with single spaces between words."""
    return " ".join("".join(c for c in " ".join(text.split()) if c.isprintable()).split())


def several_lines(text: str) -> str:
    """The text with line feeds and tabs, without other controls and turns of direction."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
