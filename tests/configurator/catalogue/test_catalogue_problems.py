"""Every way in which a broken catalogue file is told what to repair, and on which line."""

import pytest

from configurator.catalogue.reading import parse_catalogue
from configurator.errors import CatalogueInvalid
from tests.configurator.catalogue.broken import Broken, problems_of, reported_with_its_line
from tests.configurator.catalogue.broken_form import BROKEN_FORM
from tests.configurator.catalogue.broken_meaning import BROKEN_MEANING
from tests.configurator.nest_haus import CATALOGUE_TEXT


@pytest.mark.parametrize("broken", [*BROKEN_FORM, *BROKEN_MEANING], ids=lambda broken: broken.name)
def test_a_problem_is_reported_with_its_line(broken: Broken) -> None:
    reported_with_its_line(broken)


def test_every_problem_is_reported_in_the_order_of_the_lines() -> None:
    text = (
        CATALOGUE_TEXT.replace("vat_percent: 20", "vat_percent: 20.0")
        .replace("view: pv\n", "view: roof\n")
        .replace("price: {amount_euros: 490}", "price: {amount_euros: 490.5}")
    )

    problems = problems_of(text)

    assert [problem.path for problem in problems] == [
        "vat_percent",
        "categories[4].view",
        "categories[7].options[0].price.amount_euros",
    ]
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "the document is empty"),
        ("a: 1\nb: [2\nc: 3\n", 3, "is not YAML"),
        ("a: *nowhere\n", 1, "is not YAML"),
        ("a: 1\n--- \nb: 2\n", 2, "is not YAML"),
        ("a: \x00", 1, "is not YAML"),
        ("just a text", 1, "must be a mapping"),
        ("- a\n- list\n", 1, "must be a mapping"),
    ],
)
def test_texts_that_are_not_a_catalogue_at_all(text: str, line: int, message: str) -> None:
    problems = problems_of(text)

    assert problems[0].line == line
    assert message in problems[0].message


def test_the_error_names_the_file_and_every_line() -> None:
    with pytest.raises(CatalogueInvalid, match=r"broken\.yaml:4: id: must be a text") as caught:
        parse_catalogue(
            CATALOGUE_TEXT.replace("id: nest-haus-2025-2", "id: [1]"), source="broken.yaml"
        )
    assert caught.value.source == "broken.yaml"
