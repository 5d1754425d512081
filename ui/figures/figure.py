"""The interface that all figures have."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from ui.figures.words import FigureWords

Answer_contra = TypeVar("Answer_contra", contravariant=True)
TabName = Literal["overview", "choices", "ways", "visitors"]


class Figure(Protocol[Answer_contra]):
    """A figure of a page, made in the slot where it stands."""

    name: ClassVar[str]
    """Its name in the API, and the key of its title."""
    tab: ClassVar[TabName]
    wide: ClassVar[bool] = False
    """Whether it takes the whole width of the page."""
    noted: ClassVar[bool] = False
    """Whether a text says what it means."""
    own: ClassVar[tuple[str, ...]] = ()
    """The query parameters that it takes beside those of the range."""
    fixed: ClassVar[Mapping[str, str]] = {}
    """Query parameters that always have these values."""
    answer: ClassVar[Any]
    """The type of what the API answers, which `show` takes."""

    def __init__(self, words: FigureWords) -> None: ...

    def show(self, answer: Answer_contra) -> None:
        """Show an answer. Its times are those of the zone of its range."""
        ...
