"""Parameters in an address are read within their bounds, and refused by their names."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
import pytest

from configurator.protocol.parameters import (
    ParameterInvalid,
    names_in,
    read_parameter,
    read_query,
)

ID = UUID("01a20743-a0c9-76ac-96e6-ba7e6a3dffc2")


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A parameter of each type that there is."""

    id: UUID
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    before: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    sort: Literal["name", "age"] = "name"
    direction: Annotated[Literal["rising", "falling"], msgspec.Meta(title="Direction")] | None = (
        None
    )
    from_: Annotated[str, msgspec.Meta(max_length=8)] | None = None
    letter: (
        Annotated[str, msgspec.Meta(pattern="^[0-9]+$", description="the id of a letter")] | None
    ) = None


def test_a_query_is_read_into_its_types() -> None:
    asked = {"id": str(ID), "limit": "007", "from": "null", "direction": "rising", "other": "?"}

    assert read_query(asked, Asked) == Asked(id=ID, limit=7, from_="null", direction="rising")
    assert names_in(Asked) == ("id", "limit", "before", "sort", "direction", "from", "letter")


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("id", "seven", "a UUID"),
        ("limit", "0", "a whole number from 1 to 200"),
        ("limit", "201", "a whole number from 1 to 200"),
        ("limit", "", "a whole number from 1 to 200"),
        ("limit", "7.0", "a whole number from 1 to 200"),
        ("limit", "+7", "a whole number from 1 to 200"),
        ("limit", " 7", "a whole number from 1 to 200"),
        ("limit", "٧", "a whole number from 1 to 200"),
        ("limit", "9" * 5_000, "a whole number from 1 to 200"),
        ("before", "null", "a whole number from 1 to 9223372036854775807"),
        ("before", str(2**63), "a whole number from 1 to 9223372036854775807"),
        ("sort", "colour", "one of name, age"),
        ("direction", "null", "one of rising, falling"),
        ("from", "123456789", "a text of 0 to 8 characters"),
        ("letter", "x", "the id of a letter"),
    ],
)
def test_an_unfit_parameter_is_refused_by_name(name: str, text: str, wanted: str) -> None:
    with pytest.raises(ParameterInvalid) as refused:
        read_query({"id": str(ID), name: text}, Asked)

    assert (refused.value.name, refused.value.wanted) == (name, wanted)


def test_a_parameter_that_is_missing_is_refused_by_name() -> None:
    with pytest.raises(ParameterInvalid, match=r"^id must be given$"):
        read_query({}, Asked)


def test_zeros_before_a_number_do_not_count() -> None:
    assert read_parameter("limit", "0" * 5_000 + "9", Annotated[int, msgspec.Meta(ge=1)]) == 9
