"""Silence counts only while somebody listened."""

import pytest

from app.programs.lifeline import SilentTime


def silence() -> SilentTime:
    return SilentTime(limit_seconds=10.0, starting_seconds=120.0)


@pytest.mark.parametrize(("answered", "allowed"), [(False, 120), (True, 10)])
def test_a_process_that_never_answered_has_longer(answered: bool, allowed: int) -> None:
    kept = silence()
    if answered:
        kept.end()
    for _ in range(allowed - 1):
        kept.go_on(1.0)
    assert not kept.too_long
    kept.go_on(1.0)
    assert kept.too_long


def test_an_answer_ends_it() -> None:
    kept = silence()
    kept.end()
    for _ in range(9):
        kept.go_on(1.0)
    kept.end()
    for _ in range(9):
        kept.go_on(1.0)
    assert not kept.too_long


def test_a_supervisor_that_slept_for_an_hour_heard_nothing_for_one_second() -> None:
    kept = silence()
    kept.end()
    kept.go_on(3_600.0)
    assert kept.seconds == 1.0
