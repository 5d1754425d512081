"""What a configuration is called: its code, as people say it to each other, and its id; every way to write them."""

import unicodedata
from uuid import UUID

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""

CODE_LENGTH = 8

_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
"""What somebody writes who was told or misread a character; no code has any of these."""

_SEPARATING_CATEGORIES = frozenset({"Cc", "Cf", "Mn", "Pc", "Pd", "Zl", "Zp", "Zs"})
_SEPARATING = frozenset(".,:;/·•⁃−")
_BLANK_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_WRITTEN_MAX = 64


def as_code(reference: str) -> str | None:
    """The code that somebody wrote, as it is stored; None when it is none.

    Upper and lower case are the same; spaces, dashes of all kinds, dots and what is invisible may
    stand anywhere; O is 0, I and L are 1, U is V; full-width letters and digits count as plain ones.
    """
    if len(reference) > _WRITTEN_MAX:
        return None
    plain = unicodedata.normalize("NFKC", reference).upper()
    code = "".join(character for character in plain if not _separates(character))
    code = code.translate(_MEANT)
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET) else None


def as_id(reference: str) -> UUID | None:
    """The id that somebody wrote, in any spelling of a UUID; None when it is none.

    Spaces of all kinds and what is invisible may stand around it, as around a code.
    """
    if len(reference) > _WRITTEN_MAX:
        return None
    try:
        return UUID(without_blanks_around(reference))
    except ValueError:
        return None


def without_blanks_around(text: str) -> str:
    """The text without spaces, controls and what is invisible at its beginning and its end."""
    kept = [at for at, character in enumerate(text) if not _is_blank(character)]
    return text[kept[0] : kept[-1] + 1] if kept else ""


def _is_blank(character: str) -> bool:
    return unicodedata.category(character) in _BLANK_CATEGORIES


def _separates(character: str) -> bool:
    return character in _SEPARATING or unicodedata.category(character) in _SEPARATING_CATEGORIES
