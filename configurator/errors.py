"""The errors of data that callers pass to the domain.

    ConfiguratorError
    ├── CatalogueInvalid    a catalogue file that cannot be used; lists all problems with their lines
    ├── SelectionInvalid    JSON that is not a selection of the given catalogue
    ├── OperationInvalid    JSON that is not an operation
    └── DocumentInvalid     a stored document or log that does not fit together

An operation that the rules refuse is not an error: it is an outcome (configurator.operations.outcomes).
"""

from typing import NamedTuple


class ConfiguratorError(ValueError):
    """The caller passed data that the domain cannot use."""


class Problem(NamedTuple):
    """One problem in a catalogue file; `line` counts from 1, `path` is like `categories[2].id`."""

    line: int
    path: str
    message: str


class CatalogueInvalid(ConfiguratorError):
    """The catalogue cannot be used; `problems` are all of them, in the order of the lines."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        self.source = source
        self.problems = problems
        listed = "\n".join(f"{source}:{line}: {path}: {text}" for line, path, text in problems)
        super().__init__(f"{len(problems)} problem(s) in the catalogue\n{listed}")


class SelectionInvalid(ConfiguratorError):
    """The JSON is not a selection of this catalogue; `problems` are (path, message) pairs."""

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{path}: {message}" for path, message in problems))


class OperationInvalid(ConfiguratorError):
    """The JSON is not an operation; the message names the place (`$.quantity`)."""


class DocumentInvalid(ConfiguratorError):
    """A stored document or its log is damaged: a gap, or a change that does not fit the state."""
