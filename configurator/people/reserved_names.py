"""Reserved names: under one, a visitor would pass for staff of the company.

Names of customers must be allowed; that matters more than a look-alike that is missed. The rules:

- A name is judged as a reader sees it. Capitals and marks make no difference, nor do signs that look
  like a Latin letter: those that Unicode decomposes into one, those whose name in Unicode says which
  one they are (small capitals, letters in a square or circle, with hook or stroke, regional
  indicators), those of `configurator.people.look_alikes`, and digits. A digit at the end of a word is read
  as a letter and as nothing. Signs without such a source ("N€st", "aդmin", "ᗩᗪᗰIᑎ") are not read.
- Words stay separate, as in "Ernest Haus" and "Mo D.". Single letters ("A d m i n") and the parts
  of a word with punctuation in it ("Ad-min") are joined.
- Functions in which staff write to visitors (advice, support, administration) are reserved as a
  word of the name.
- Functions that exist in a visitor's own firm, account names of machines, and functions that are
  also surnames are reserved as the whole name: "Geschäftsführerin Huber" and "Anna Staff" are
  customers. For these, punctuation does not join, because "Lei-Tung" and "Mo.D" are given names.
- The company's name is reserved as a word, or as a word together with functions ("nesthausteam").
  "Nest" is also a surname and a house, so it is reserved only if nothing but a function or a word
  for a company stands beside it, as in "Team Nest".

Pure.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from configurator.people.look_alikes import LOOK_ALIKES

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
        "kunden service",
        "customer service",
        "kunden dienst",
        "kundenbetreuung",
        "helpdesk",
        "help desk",
        "mitarbeiter",
        "mitarbeiterin",
        "system",
        "official",
        "offiziell",
        "verkauf",
        "vertrieb",
    ]
)
"""Functions in the company, in German and English; reserved as a word of the name."""

_ALONE: Final = frozenset(
    [
        "root",
        "superuser",
        "mod",
        "staff",
        "service",
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
"""Reserved only as the whole name."""

_BESIDE_SHORT: Final = frozenset(
    ["team", "crew", "gmbh", "office", "büro", "info", "das", "dein", "your", "the", "at", "live"]
)
"""Words for a company: beside them, or beside a function, "Nest" is no surname."""

_CAPITALS: Final = str.maketrans("ΗΝΥΣ", "HNYS")
"""Greek capitals that look like a Latin letter other than the one their small letter looks like."""

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
"""Names of characters that are a Latin letter, such as LATIN LETTER SMALL CAPITAL A."""

_FLAGS: Final = re.compile("[\U0001f1e6-\U0001f1ff]+")

_AT_AN_END: Final = re.compile(r"(?<![^\W\d_])[\d$@!|]+|[\d$@!|]+(?![^\W\d_])")
"""Digits, and signs that are read as letters, that do not stand between two letters."""

_BETWEEN_SINGLE_LETTERS: Final = re.compile(r"(?<=\b\w) (?=\w\b)")


def is_reserved(name: str) -> bool:
    """Whether a visitor must not have this name.

    Letters in squares, small letters above others and regional indicators are read in three ways:
    as letters; as a word of their own, because two regional indicators are a flag; and not at all.
    """
    apart = _apart(name)
    readings = (
        apart,
        _FLAGS.sub(r" \g<0> ", apart),
        "".join(each for each in apart if not _is_sign(each)),
    )
    return any(
        _is_reserved(_plain(reading))
        for each in readings
        for reading in (each, _AT_AN_END.sub("", each))
    )


def _is_reserved(plain: str) -> bool:
    words = _spaced(_LETTERS.findall(plain))
    joined = _spaced("".join(_LETTERS.findall(each)) for each in plain.split())
    return _SEEN_ALONE.fullmatch(words) is not None or any(
        _SEEN_WORD.search(each) or _SEEN_COMPANY.search(each) or _SEEN_SHORT.fullmatch(each)
        for each in (words, joined)
    )


def _spaced(words: Iterable[str]) -> str:
    """The words with one space between two; single letters are one word."""
    return _BETWEEN_SINGLE_LETTERS.sub("", " ".join(filter(None, words)))


def _apart(text: str) -> str:
    capitals = unicodedata.normalize("NFKD", text).translate(_CAPITALS)
    return unicodedata.normalize("NFKD", capitals.casefold())


def _is_sign(each: str) -> bool:
    return unicodedata.category(each) in {"So", "Mn"}


def _plain(apart: str) -> str:
    """The Latin letters that a reader sees; l and i count as the same."""
    shown = "".join(
        letter
        for each in apart
        if (letter := _named(each)).isalpha()
        or unicodedata.category(letter) not in {"Mn", "Me", "Cf"}
    )
    return shown.translate(_LOOKS_LIKE).translate(_AND_ONE_THAT_IS_I)


@lru_cache(maxsize=2_000)
def _named(each: str) -> str:
    """The Latin letter in the name of a character; the character itself if there is none."""
    if each.isascii() or ord(each) in _LOOKS_LIKE:
        return each
    found = _NAMED.fullmatch(unicodedata.name(each, ""))
    return found[1].lower() if found else each


def _seen(words: frozenset[str]) -> str:
    """A pattern of the words as ``_plain`` shows them, also with ae, oe and ue for ä, ö and ü."""
    written = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
    both = {_plain(_apart(each)) for word in words for each in (word, word.translate(written))}
    return f"(?:{'|'.join(sorted(both))})"


_BESIDE: Final = _seen(_WORDS | _ALONE | _BESIDE_SHORT)
_SEEN_WORD: Final = re.compile(rf"\b{_seen(_WORDS)}\b")
_SEEN_ALONE: Final = re.compile(_seen(_ALONE))
_SEEN_COMPANY: Final = re.compile(rf"\b{_BESIDE}*nest ?(?:haus|house){_BESIDE}*\b")
_SEEN_SHORT: Final = re.compile(rf"(?:{_BESIDE} ?)*nest(?: ?(?:{_BESIDE}|nest))*")
