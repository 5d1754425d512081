"""The schemas that a code works with, and its sentence about the others."""

import asyncio

import pytest

from storage.postgres.schema.migrate import upgrade
from storage.postgres.schema.range import OLDEST_SCHEMA, Schema
from storage.postgres.schema.revisions import head_revision


def schema(current: str | None, oldest_code: str | None = None) -> Schema:
    return Schema(current=current, oldest_code=oldest_code, head="0024", oldest="0022")


@pytest.mark.parametrize(
    ("found", "compatible", "note"),
    [
        (schema("0024", "0024"), True, ""),
        (schema("0022"), True, "the database is older than this code (schema 0022, this code knows 0024): both work together, run `nest migrate`"),
        (schema("0021"), False, "the database is older than this code (schema 0021, this code knows 0024): it needs schema 0022 or newer, run `nest migrate`"),
        (schema(None), False, "the database is not migrated: run `nest migrate`"),
        (schema("0030", "0024"), True, "the database is newer than this code (schema 0030, this code knows 0024): this code works beside it"),
        (schema("0030", "0025"), False, "the database is newer than this code (schema 0030, this code knows 0024): it needs code that knows 0025, start the newer release"),
        (schema("0100", "0099"), False, "the database is newer than this code (schema 0100, this code knows 0024): it needs code that knows 0099, start the newer release"),
        (schema("0030_names", "0024_b"), True, "the database is newer than this code (schema 0030_names, this code knows 0024): this code works beside it"),
        (schema("ae1027a6acf"), False, "the database is newer than this code (schema ae1027a6acf, this code knows 0024): it needs code that knows ae1027a6acf, start the newer release"),
    ],
)  # fmt: skip
def test_a_schema_says_whether_this_code_works_with_it(
    found: Schema, compatible: bool, note: str
) -> None:
    assert found.compatible is compatible
    assert found.note == note


def test_this_code_works_with_a_schema_that_there_is() -> None:
    assert head_revision() >= OLDEST_SCHEMA


async def test_a_fresh_database_says_which_code_works_beside_it(database_url: str) -> None:
    found = await asyncio.to_thread(upgrade, database_url)
    assert found.at_head
    assert found.oldest_code is not None
