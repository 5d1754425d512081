"""The code and the id of a configuration, in every way in which people write them."""

import unicodedata
from uuid import UUID

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""

CODE_LENGTH = 8

_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
"""The characters that people write by mistake, and those they mean; no code has the former."""

_SEPARATING_CATEGORIES = frozenset({"Cc", "Cf", "Mn", "Pc", "Pd", "Zl", "Zp", "Zs"})
_SEPARATING = frozenset(".,:;/·•⁃−")
_BLANK_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_WRITTEN_MAX = 64


def as_code(reference: str) -> str | None:
    """The configuration code in a written text, in its stored form; None if it is no code.

    Case does not matter. Spaces, dashes of all kinds, dots and invisible characters may stand
    anywhere. O is read as 0, I and L as 1, U as V, and full-width letters and digits as plain ones.
    """
    if len(reference) > _WRITTEN_MAX:
        return None
    plain = unicodedata.normalize("NFKC", reference).upper()
    code = "".join(character for character in plain if not _separates(character))
    code = code.translate(_MEANT)
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET) else None


def as_id(reference: str) -> UUID | None:
    """The id in a written text, in any spelling of a UUID; None if it is not an id.

    Spaces of all kinds and invisible characters may stand around it, as around a code.
    """
    if len(reference) > _WRITTEN_MAX:
        return None
    try:
        return UUID(without_blanks_around(reference))
    except ValueError:
        return None


def without_blanks_around(text: str) -> str:
    """The text without spaces, controls and invisible characters at its beginning and its end."""
    kept = [at for at, character in enumerate(text) if not _is_blank(character)]
    return text[kept[0] : kept[-1] + 1] if kept else ""


def _is_blank(character: str) -> bool:
    return unicodedata.category(character) in _BLANK_CATEGORIES


def _separates(character: str) -> bool:
    return character in _SEPARATING or unicodedata.category(character) in _SEPARATING_CATEGORIES
