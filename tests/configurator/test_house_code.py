"""The code of a house as people write it who were told it by telephone. (JN1)"""

import unicodedata
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.house_code import CODE_ALPHABET, CODE_LENGTH, as_code, as_id

codes = st.text(CODE_ALPHABET, min_size=CODE_LENGTH, max_size=CODE_LENGTH)
separators = st.sampled_from(
    [c for c in map(chr, range(0x3100)) if unicodedata.category(c) in {"Pd", "Zs", "Cf"}]
    + ["", "", "-", " ", ".", "_", "/", "\u2212", "\n", "\u00ad", "\ufeff"]
)
blanks = st.text(st.sampled_from(" \t\n\xa0\u2009\u3000\ufeff\u200b"), max_size=14)
LOOKS_LIKE = {"0": "0oO", "1": "1iIlL", "V": "vVuU"}


@given(codes, st.data())
def test_every_spelling_is_the_code(code: str, data: st.DataObject) -> None:
    """(JN1)"""
    written = "".join(
        data.draw(separators)
        + data.draw(st.sampled_from(LOOKS_LIKE.get(each, each + each.lower())))
        for each in code
    )
    assert as_code(written) == code
    assert as_code(as_code(written) or "") == code


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("A3I6TF58", "A316TF58"),
        ("S45H-E9XS", "S45HE9XS"),
        ("s45h e9xs", "S45HE9XS"),
        ("S45H\u2013E9XS", "S45HE9XS"),
        ("\uff33\uff14\uff15\uff28\uff25\uff19\uff38\uff33", "S45HE9XS"),
        ("OIL0UUU8", "0110VVV8"),
        ("", None),
        ("A316TF5", None),
        ("A316TF588", None),
        ("A316TF5?", None),
        ("\u0410316TF58", None),
        ("\ud800A316TF58", None),
        (" " * 1000 + "A316TF58", None),
        ("01890000-0000-7000-8000-000000000000", None),
    ],
)
def test_codes_in_every_spelling_and_texts_that_are_not_codes(
    written: str, meant: str | None
) -> None:
    """(JN1)"""
    assert as_code(written) == meant


ID = "01890000-0000-7000-8000-00000000abcd"


@given(blanks, blanks, st.sampled_from([ID, ID.upper(), ID.replace("-", "")]))
def test_blanks_around_an_id_are_left_out(before: str, after: str, written: str) -> None:
    """(JN1) The same holds for blanks around a code."""
    assert as_id(before + written + after) == UUID(ID)
    assert as_code(before + "A316TF58" + after) == "A316TF58"


@pytest.mark.parametrize("written", ["", " ", "A316TF58", ID[:-1], f"{ID} x", " " * 29 + ID])
def test_texts_that_are_not_ids(written: str) -> None:
    """(JN1) A text of more than 64 characters, blanks included, is not an id."""
    assert as_id(written) is None
