"""A catalogue with one edit that breaks it, and the problem that is reported."""

from dataclasses import dataclass

import pytest

from configurator.catalogue.reading import parse_catalogue
from configurator.errors import CatalogueInvalid, Problem
from tests.configurator.nest_haus import CATALOGUE_TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One edit of the good file, and the problem to report at the line of `at`.

    `consequences` are the paths of what is wrong elsewhere because of it.
    """

    name: str
    old: str
    new: str
    at: str
    path: str
    message: str
    consequences: tuple[str, ...] = ()


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(CatalogueInvalid) as caught:
        parse_catalogue(text, source="broken.yaml")
    return caught.value.problems


def reported_with_its_line(broken: Broken) -> None:
    assert CATALOGUE_TEXT.count(broken.old) == 1, "the edit must be unique"
    text = CATALOGUE_TEXT.replace(broken.old, broken.new)
    line = text[: text.index(broken.at)].count("\n") + 1

    problems = problems_of(text)

    assert {problem.path for problem in problems} == {broken.path, *broken.consequences}
    (problem,) = [problem for problem in problems if problem.path == broken.path]
    assert problem.line == line
    assert broken.message in problem.message
