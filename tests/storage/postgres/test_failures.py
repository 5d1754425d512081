"""The table of what each SQLSTATE means: what an operator can end is never called our bug."""

import asyncpg
import pytest
from sqlalchemy import exc

from storage.postgres.failures import Failure, describe, failure
from tests.support.faults.sqlstates import SQLSTATES, error_of

OURS = (
    "07",
    "09",
    "20",
    "21",
    "22",
    "23",
    "24",
    "27",
    "2D",
    "2F",
    "34",
    "38",
    "39",
    "3B",
    "42",
    "44",
    "54",
    "P0",
)
"""Classes that come from a value, a statement or a function of ours."""

AT_RUN_TIME = ("42501", "42P01", "42P05", "42P10", "42703", "42704", "42883")
"""Errors of these classes that are caused by rights, the schema or a pooler."""

MEANINGS = {
    "08006": Failure.LOST,
    "0A000": Failure.STALE,
    "22003": Failure.DEFECT,
    "23505": Failure.DEFECT,
    "25006": Failure.STALE,
    "25P03": Failure.LOST,
    "26000": Failure.STALE,
    "28000": Failure.AWAY,
    "28P01": Failure.AWAY,
    "3D000": Failure.AWAY,
    "40001": Failure.BUSY,
    "40P01": Failure.BUSY,
    "42501": Failure.AWAY,
    "42601": Failure.DEFECT,
    "42P01": Failure.STALE,
    "42P05": Failure.STALE,
    "53100": Failure.AWAY,
    "53300": Failure.AWAY,
    "55000": Failure.AWAY,
    "55P03": Failure.BUSY,
    "57014": Failure.AWAY,
    "57P01": Failure.LOST,
    "58030": Failure.AWAY,
    "F0000": Failure.AWAY,
    "XX001": Failure.AWAY,
    "ZZ999": Failure.AWAY,
}


@pytest.mark.parametrize(("sqlstate", "meaning"), MEANINGS.items())
def test_each_state_has_its_meaning(sqlstate: str, meaning: Failure) -> None:
    assert failure(error_of(sqlstate)) is meaning


def test_only_our_values_and_statements_are_defects() -> None:
    defects = {each for each in SQLSTATES if failure(error_of(each)) is Failure.DEFECT}
    assert all(each.startswith(OURS) or each == "40002" for each in defects)
    assert not defects & set(AT_RUN_TIME)
    assert len(SQLSTATES) > 200


OPERATORS = "25006 28000 28P01 3D000 3F000 42501 42P01 53100 53200 53300 55000 57014 57P01 57P02 57P03 58030"


@pytest.mark.parametrize("sqlstate", OPERATORS.split())
def test_states_that_an_operator_brings_about_are_told_in_words(sqlstate: str) -> None:
    said = describe(error_of(sqlstate))
    assert said.endswith(f"({sqlstate})")
    assert "Error" not in said


def test_errors_without_a_state() -> None:
    assert failure(OSError()) is Failure.LOST
    assert failure(TimeoutError()) is Failure.AWAY
    assert failure(asyncpg.InterfaceError("the connection is closed")) is Failure.LOST
    assert describe(asyncpg.InterfaceError("the connection is closed")) == "the connection was lost"
    assert failure(exc.InvalidRequestError("This connection is closed")) is Failure.LOST
    assert failure(exc.InvalidRequestError("no such attribute")) is Failure.DEFECT
    assert failure(LookupError()) is Failure.FOREIGN
