"""The paths of sessions through the choices, and their moves from category to category."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from typing_extensions import override

from realtime.activity.figures.answers import Rows
from storage.postgres.analytics.behaviour import Transition
from storage.postgres.analytics.paths import Path
from ui.figures.columns import number_column, share_column
from ui.figures.figure import Figure, TabName
from ui.figures.ranked import Ranked, RankedPath
from ui.figures.sorted_table import SortedColumn, SortedTable, SortOrder
from ui.figures.words import FigureWords


class PathsFigure(Figure[Rows[Path]]):
    """The paths as a ranked list.

    A list says more here than a diagram of flows: paths cross each other all the time.
    """

    name: ClassVar[str] = "paths"
    tab: ClassVar[TabName] = "ways"
    noted: ClassVar[bool] = True
    fixed: ClassVar[Mapping[str, str]] = {"limit": "100"}
    answer: ClassVar[Any] = Rows[Path]

    def __init__(self, words: FigureWords) -> None:
        self._words = words
        self._list = Ranked(words, called="paths")

    @override
    def show(self, answer: Rows[Path]) -> None:
        """Show the paths, the most frequent first as they come."""
        most = max((path.share for path in answer.rows), default=0) or 1
        self._list.show([self._in_words(path, most) for path in answer.rows])

    def _in_words(self, path: Path, most: float) -> RankedPath:
        words = self._words
        return RankedPath(
            steps=[words.names.category(step) for step in path.steps],
            bar=path.share / most,
            said=words.t(
                "analytics.pathSaid",
                n=words.number(path.sessions),
                share=words.percent(path.share),
                completed=words.number(path.completed),
            ),
            empty="" if path.steps else words.t("analytics.pathEmpty"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """Sessions that went on from one place to another, and their share of all that went on there."""

    came_from: str
    went_to: str
    sessions: int
    share: float


class JourneysFigure(Figure[Rows[Transition]]):
    """The moves as a table."""

    name: ClassVar[str] = "journeys"
    tab: ClassVar[TabName] = "ways"
    noted: ClassVar[bool] = True
    answer: ClassVar[Any] = Rows[Transition]

    def __init__(self, words: FigureWords) -> None:
        self._label = words.t("analytics.journeys")
        self._table = SortedTable[_Move](
            words, limit=14, order=SortOrder("sessions", up=False), called="journeys"
        )
        self._columns = [
            SortedColumn[_Move](
                name="came_from",
                label=words.t("analytics.cameFrom"),
                text=lambda move: words.names.step(move.came_from),
                head=True,
            ),
            SortedColumn[_Move](
                name="went_to",
                label=words.t("analytics.wentTo"),
                text=lambda move: words.names.step(move.went_to),
            ),
            number_column(words, "sessions", lambda move: move.sessions),
            share_column(words, "share", lambda move: move.share, label="shareFrom"),
        ]

    @override
    def show(self, answer: Rows[Transition]) -> None:
        """Show all moves."""
        going = Counter[str]()
        for row in answer.rows:
            going[row.came_from] += row.sessions
        moves = [
            _Move(
                came_from=row.came_from,
                went_to=row.went_to,
                sessions=row.sessions,
                share=row.sessions / (going[row.came_from] or 1),
            )
            for row in answer.rows
        ]
        self._table.show(self._columns, moves, label=self._label)
