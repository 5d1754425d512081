"""Names under which a visitor would pass for somebody of the company: nobody may take one.

A name is judged as a reader sees it: capitals, marks, letters of other scripts and digits that look
like Latin letters, and whatever stands between letters make no difference. Pure.
"""

import re
import unicodedata
from typing import Final

_WORDS: Final = frozenset(
    [
        "admin",
        "admins",
        "administrator",
        "administratorin",
        "administration",
        "moderator",
        "moderatorin",
        "mod",
        "berater",
        "beraterin",
        "beratung",
        "hausberater",
        "hausberaterin",
        "advisor",
        "adviser",
        "consultant",
        "support",
        "kundendienst",
        "kundenservice",
        "kundenbetreuung",
        "helpdesk",
        "service",
        "mitarbeiter",
        "mitarbeiterin",
        "staff",
        "system",
        "official",
        "offiziell",
        "verkauf",
        "vertrieb",
    ]
)
"""Offices of the company in German and English; each as a word of the name, or as all of it."""

_COMPANY: Final = ("nesthaus", "nesthouse")
"""The company, wherever it stands in a name."""

_LOOKS_LIKE: Final = str.maketrans(
    "аеорсухкмнтвіїјѕԁьгѵԛԝһпидбαβεικμνορτυχηωσδɡɑıłøđհոսցօѡ013457$@!|",
    "aeopcyxkmhtbiijsdbrvqwhnndbabeikmvoptuxnwodgailodhnugowoieastsaii",
)
_AND_ONE_THAT_IS_I: Final = str.maketrans("l", "i")
_LETTERS: Final = re.compile(r"[^\W\d_]+")


def is_reserved(name: str) -> bool:
    """Whether a visitor may not have this name."""
    plain = _plain(name)
    words = _LETTERS.findall(plain)
    whole = "".join(words)
    return (
        any(company in whole for company in _SEEN_COMPANY)
        or whole in _SEEN_WORDS
        or any(word in _SEEN_WORDS for word in words)
    )


def _plain(text: str) -> str:
    """The Latin letters that a reader sees; an l and an i are the same."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    shown = "".join(each for each in apart if unicodedata.category(each) not in {"Mn", "Me", "Cf"})
    return shown.translate(_LOOKS_LIKE).translate(_AND_ONE_THAT_IS_I)


_SEEN_WORDS: Final = frozenset(map(_plain, _WORDS))
_SEEN_COMPANY: Final = tuple(map(_plain, _COMPANY))
