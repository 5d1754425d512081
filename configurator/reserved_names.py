"""Names under which a visitor would pass for somebody of the company: nobody may take one.

A name is judged as a reader sees it. Capitals, marks, and whatever stands between letters make no
difference, nor do signs that look like a Latin letter: those that Unicode decomposes into one, those
whose name in Unicode says which one they are (small capitals, letters in a square or circle, with
hook or stroke, regional indicators), those of `configurator.look_alikes`, and digits.

Offices in which somebody of the company writes to visitors (advice, support, administration) are
reserved as a word of the name. Offices that a visitor's own firm has as well, such as
"Geschäftsführung", and names of machines' accounts such as "root" are reserved as the whole name:
alone they sound like the company, and "Geschäftsführerin Huber" is a customer. "Nest" is a surname
and a house, so it is reserved only where nothing but a word for a company stands beside it, as in
"Team Nest". Pure.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import chain
from typing import Final

from configurator.look_alikes import LOOK_ALIKES

_WORDS: Final = frozenset(
    [
        "admin",
        "admins",
        "administrator",
        "administratorin",
        "administration",
        "sysadmin",
        "superadmin",
        "webmaster",
        "moderator",
        "moderatorin",
        "mod",
        "kundenberatung",
        "kundenberater",
        "kundenberaterin",
        "hausberatung",
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

_ALONE: Final = frozenset(
    [
        "root",
        "superuser",
        "team",
        "geschäftsführung",
        "geschäftsführer",
        "geschäftsführerin",
        "geschäftsleitung",
        "leitung",
        "bauleitung",
        "projektleitung",
        "chef",
        "chefin",
        "inhaber",
        "inhaberin",
        "management",
        "ceo",
    ]
)
"""Each as all of a name."""

_COMPANY: Final = ("nesthaus", "nesthouse")
"""The company, wherever it stands in a name."""

_SHORT: Final = "nest"
_BESIDE_SHORT: Final = frozenset(
    ["team", "crew", "gmbh", "das", "dein", "your", "the", "at", "live"]
)
"""Words for a company: beside them "Nest" is no surname."""

_LOOKS_LIKE: Final = str.maketrans(
    "аеорсухкмнтвіїјѕԁьгѵԛԝһпидбαβεικμνορτυχηωσδɡɑıłøđհոսցօѡ013457$@!|",
    "aeopcyxkmhtbiijsdbrvqwhnndbabeikmvoptuxnwodgailodhnugowoieastsaii",
) | {ord(each): letter for letter, signs in LOOK_ALIKES.items() for each in signs}
_AND_ONE_THAT_IS_I: Final = str.maketrans("l", "i")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_NAMED: Final = re.compile(
    r"(?:[A-Z-]+ )*?(?:LATIN|REGIONAL INDICATOR SYMBOL) (?:[A-Z-]+ )*?"
    r"(?:LETTER|CAPITAL) (?:[A-Z-]+ )*?([A-Z])(?: (?:WITH|BAR|ROTUNDA|BELOW)\b.*)?"
)
"""Names of characters that are a Latin letter, as LATIN LETTER SMALL CAPITAL A."""

_FLAGS: Final = re.compile("[\U0001f1e6-\U0001f1ff]+")


def is_reserved(name: str) -> bool:
    """Whether a visitor may not have this name.

    Letters in squares, small letters above others and regional indicators are read as letters; as a
    word of their own, because two regional indicators are a flag; and not at all.
    """
    apart = _apart(name)
    readings = (
        apart,
        _FLAGS.sub(r" \g<0> ", apart),
        "".join(each for each in apart if not _is_sign(each)),
    )
    return any(_is_reserved(_plain(reading)) for reading in readings)


def _is_reserved(plain: str) -> bool:
    words = _LETTERS.findall(plain)
    whole = "".join(words)
    return (
        any(company in whole for company in _SEEN_COMPANY)
        or whole in _SEEN_WORDS
        or whole in _SEEN_ALONE
        or any(word in _SEEN_WORDS for word in words)
        or (_SHORT in words and all(word == _SHORT or word in _SEEN_BESIDE for word in words))
        or whole in _SEEN_SHORT
    )


def _apart(text: str) -> str:
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())


def _is_sign(each: str) -> bool:
    return unicodedata.category(each) in {"So", "Mn"}


def _plain(apart: str) -> str:
    """The Latin letters that a reader sees; an l and an i are the same."""
    shown = "".join(
        letter
        for each in apart
        if (letter := _named(each)).isalpha()
        or unicodedata.category(letter) not in {"Mn", "Me", "Cf"}
    )
    return shown.translate(_LOOKS_LIKE).translate(_AND_ONE_THAT_IS_I)


@lru_cache(maxsize=2_000)
def _named(each: str) -> str:
    """The Latin letter that a character's name says; the character itself where it says none."""
    if each.isascii() or ord(each) in _LOOKS_LIKE:
        return each
    found = _NAMED.fullmatch(unicodedata.name(each, ""))
    return found[1].lower() if found else each


def _seen(words: frozenset[str] | tuple[str, ...]) -> frozenset[str]:
    """As ``_plain`` shows them, also with ae, oe and ue for ä, ö and ü."""
    written = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
    both = chain(words, (each.translate(written) for each in words))
    return frozenset(_plain(_apart(each)) for each in both)


_SEEN_WORDS: Final = _seen(_WORDS)
_SEEN_ALONE: Final = _seen(_ALONE)
_SEEN_COMPANY: Final = _seen(_COMPANY)
_SEEN_BESIDE: Final = _seen(_BESIDE_SHORT)
_SEEN_SHORT: Final = frozenset(
    chain.from_iterable((_SHORT + each, each + _SHORT) for each in _SEEN_BESIDE)
) | {_SHORT}
