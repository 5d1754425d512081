"""Delays between tries: they double up to a limit, and chance spreads them in between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.backoff import Backoff

BACKOFF = Backoff(first_seconds=0.2, longest_seconds=2.0, least_seconds=0.1)


def test_the_bound_doubles_up_to_the_longest() -> None:
    bounds = [BACKOFF.delay_seconds(failures) for failures in range(1, 8)]
    assert bounds == pytest.approx([0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0])


def test_the_first_try_again_may_follow_at_once() -> None:
    at_once = Backoff(first_seconds=0.04, longest_seconds=1.0, at_once=True)
    assert [at_once.delay_seconds(failures) for failures in (1, 2, 3)] == [0.0, 0.08, 0.16]


@given(st.integers(1, 10**9), st.floats(0.0, 1.0))
def test_every_delay_is_between_the_least_and_the_longest(failures: int, chance: float) -> None:
    assert 0.1 <= BACKOFF.delay_seconds(failures, chance) <= 2.0
