"""Cleaning and initials of typed names: one table for the server and for the pages."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.people.visible import clusters, initials, one_line

TABLE = Path(__file__).parent / "names.json"
"""Read by `tests/ui/js/shared/names.test.mjs`, too."""
CASES = json.loads(TABLE.read_text("utf-8"))


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case['why']}: {case['typed']!a}".replace("\x00", "")
)
def test_names_and_initials(case: dict[str, str]) -> None:
    """(PR6)"""
    assert one_line(case["typed"]) == case["shown"]
    assert initials(case["typed"]) == case["initials"]
    assert initials(case["shown"]) == case["initials"]


@given(st.text(max_size=60))
def test_cleaning_a_clean_name_changes_nothing(text: str) -> None:
    shown = one_line(text)
    assert one_line(shown) == shown
    assert "".join(clusters(shown)) == shown
    assert len(shown) <= len(text)
    initials(text).encode()
