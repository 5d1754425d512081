"""Words on pages for staff: numbers, times, spans, and our own names, in both languages."""

from datetime import UTC, date, datetime

import pytest

from configurator.text import Language
from ui.staff.service.names import ServiceNames
from ui.texts import Texts
from ui.words import Words

NOW = datetime(2026, 11, 25, 10, 0, 5, tzinfo=UTC)


def words(language: Language = "de") -> Words:
    return Words(Texts(), language, lambda: NOW)


@pytest.mark.parametrize(
    ("value", "german", "english"),
    [
        (0, "0", "0"),
        (1234, "1.234", "1,234"),
        (1234567.25, "1.234.567,2", "1,234,567.2"),
        (-12.0, "-12", "-12"),
        (None, "–", "–"),
    ],
)
def test_numbers(value: float | None, german: str, english: str) -> None:
    assert (words().number(value), words("en").number(value)) == (german, english)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0\u00a0ms"),
        (0.34, "340\u00a0ms"),
        (12.53, "12,5\u00a0s"),
        (90, "2\u00a0min"),
        (5400, "2\u00a0h"),
        (129_600, "2\u00a0d"),
    ],
)
def test_spans_have_one_unit(seconds: float, said: str) -> None:
    assert words().span(seconds) == said


def test_times_of_today_leave_the_day_out() -> None:
    assert words().time(NOW) == "11:00:05"
    assert words().minute(NOW) == "11:00"
    before = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
    assert words().time(before) == "24.11.26, 23:30:00"
    assert words("en").minute(before) == "24/11/2026, 23:30"
    assert words().time(datetime(2026, 11, 24, 23, 30, tzinfo=UTC)) == "00:30:00"


def test_days_have_their_weekday() -> None:
    day = date(2026, 11, 5)
    assert (words().day(day), words("en").day(day)) == ("Do., 5.11.2026", "Thu, 05/11/2026")


def test_a_known_name_is_shown_in_words_and_any_other_unchanged() -> None:
    names = ServiceNames(words())
    assert names.job("make partitions") == "Tage anlegen"
    assert names.job("<b>new</b> job") == "<b>new</b> job"
    assert names.word("why", "interrupted") == "mittendrin unterbrochen"
    assert names.word("why", "UndreamtOfError") == "Nicht vorgesehen (UndreamtOfError)"
    assert names.word("action", "UndreamtOfError") == "UndreamtOfError"
    assert names.reason("wrong_type interaction.category").endswith(": interaction.category")
    titles = [names.figure(each) for each in ("catalogues", "ledger", "<b>new</b> figure")]
    assert titles == ["Wirkung des Katalogs", "Bilanz", "<b>new</b> figure"]


def test_the_result_of_a_job_omits_zeros() -> None:
    names = ServiceNames(words())
    assert names.did({"made": 3, "days": {}, "folded": 0}) == "3 Tage angelegt"
    assert names.did({"sessions": 2, "made": 1}) == "2 Sitzungen, 1 Tage angelegt"
    assert names.did({"drift": 0, "days": {}}) == "keine Abweichung"
    assert names.did({"reason": "interrupted"}) == "mittendrin unterbrochen"
    assert names.did({"letters": ["1-1"]}) == ""


WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {WEBKIT}"


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/142.0 Safari/537.36 Edg/142.",
            "Edge auf Windows",
        ),
        (
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/142.0 Safari/537.36",
            "Chrome auf macOS",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0 Mobile",
            "Samsung Internet auf Android",
        ),
        (f"{IPHONE} Version/26.0 Mobile/15E1", "Safari auf iPhone"),
        (f"{IPHONE} CriOS/142.0 Mobile/15E1", "Chrome auf iPhone"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "Firefox auf Linux",
        ),
        ("<b>curl</b>/8.5", "<b>curl</b>/8.5"),
    ],
)
def test_a_browser_is_named_where_it_is_known(agent: str, said: str) -> None:
    assert ServiceNames(words()).device(agent) == said
