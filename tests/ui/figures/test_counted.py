"""The time at which several figures were counted, and how far the stream was stored then."""

from dataclasses import dataclass
from datetime import UTC, datetime

from tests.ui.figures.saying import NOW, figure_words
from ui.figures.counted import counted, stored_through


@dataclass(frozen=True)
class Answer:
    stored_through: str | None = None
    as_of: datetime | None = None


def test_several_answers_are_as_old_as_the_oldest_of_them() -> None:
    answers = [
        Answer("1795672800000-3", datetime(2026, 11, 25, 9, 5, 10, tzinfo=UTC)),
        Answer("1795586400000-0", datetime(2026, 11, 25, 9, 5, 2, tzinfo=UTC)),
        Answer(),
    ]
    assert counted(figure_words(zone="Asia/Tokyo"), answers) == (
        "Stand 25.11.26, 18:05:02 · Interaktionen gespeichert bis 25.11.26, 15:00:00, Zeiten in Asia/Tokyo"
    )
    assert counted(figure_words("en"), answers[:1]).startswith("As of 25/11/2026, 10:05:10 · ")


def test_answers_that_do_not_say_it_say_nothing() -> None:
    assert counted(figure_words(), [Answer()]) == ""
    assert stored_through([], NOW) is None
    assert stored_through([None, "", "x-1", "0-0"], NOW) is None


def test_an_entry_of_a_clock_that_was_ahead_is_of_now() -> None:
    ahead = f"{round(NOW.timestamp() * 1000) + 86_400_000}-0"
    assert stored_through([ahead], NOW) == NOW
