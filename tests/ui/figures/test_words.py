"""Numbers, money, spans and times in the words of figures, in both languages."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from configurator.catalogue.selection import Choice
from configurator.protocol.codes import Refused
from tests.ui.figures.saying import figure_words

DE, EN = figure_words("de"), figure_words("en")


@pytest.mark.parametrize(
    ("value", "german", "english"),
    [
        (0, "0", "0"),
        (1234, "1.234", "1,234"),
        (2.25, "2,3", "2.3"),
        (None, "–", "–"),
    ],
)
def test_numbers(value: float | None, german: str, english: str) -> None:
    assert (DE.number(value), EN.number(value)) == (german, english)


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.12345, "12,3\u00a0%"), (0.1225, "12,3\u00a0%"), (1, "100\u00a0%"), (None, "–")],
)
def test_shares_are_in_percent_and_halves_go_up(share: float | None, said: str) -> None:
    assert DE.percent(share) == said


@pytest.mark.parametrize(
    ("cents", "german", "english"),
    [
        (26_429_050, "€\u00a0264.291", "€264,291"),
        (26_429_049, "€\u00a0264.290", "€264,290"),
        (0, "€\u00a00", "€0"),
        (None, "–", "–"),
    ],
)
def test_money_is_in_whole_euros(cents: int | None, german: str, english: str) -> None:
    assert (DE.euro(cents), EN.euro(cents)) == (german, english)


def test_differences_have_a_sign() -> None:
    assert [DE.more(n) for n in (12, -0.54, 0, 0.01)] == [
        "+\u00a012",
        "−\u00a00,5",
        "±\u00a00",
        "±\u00a00",
    ]
    assert EN.more(1.25, " pp") == "+\u00a01.3 pp"
    assert [DE.more_euro(n) for n in (120_000, -120_049, 49)] == [
        "+\u00a0€\u00a01.200",
        "−\u00a0€\u00a01.200",
        "±\u00a0€\u00a00",
    ]


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (499, "0\u00a0s"),
        (12_500, "13\u00a0s"),
        (60_000, "1\u00a0min"),
        (90_000, "2\u00a0min"),
        (5_400_000, "1,5\u00a0h"),
        (None, "–"),
    ],
)
def test_spans_have_one_unit(ms: int | None, said: str) -> None:
    assert DE.span(ms) == said


def test_windows_have_the_largest_whole_unit() -> None:
    minutes = (15, 1, 60, 90, 1440, 10080)
    assert [DE.lasting(each) for each in minutes] == [
        *("15 Minuten", "1 Minute", "1 Stunde", "90 Minuten", "1 Tag", "7 Tage"),
    ]
    assert [EN.lasting(each) for each in (60, 1440, 2880)] == ["1 hour", "1 day", "2 days"]


def test_times_are_those_of_the_zone() -> None:
    at = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert DE.time(at) == "29.03.26, 01:30:00"
    assert EN.time(at) == "29/03/2026, 01:30:00"
    assert DE.in_zone("Asia/Kolkata").time(at) == "29.03.26, 06:00:00"
    assert DE.in_zone("America/New_York").minute(at) == "28.03.26, 20:30"
    assert (DE.long_date(at), EN.long_date(at)) == ("29.03.2026", "29 Mar 2026")
    assert DE.time(None) == DE.minute(None) == DE.long_date(None) == "–"


def test_days_and_weekdays() -> None:
    day = date(2026, 11, 5)
    assert (DE.day(day), EN.day(day)) == ("05.11.26", "05/11/2026")
    assert (DE.weekday(1), EN.weekday(7)) == ("Montag", "Sunday")


def test_intervals_are_named_by_their_beginning() -> None:
    at = [datetime(2026, 1, 5, 8, tzinfo=UTC)]
    units = ("hour", "day", "week", "month")
    assert [DE.labels(at, unit)[0] for unit in units] == ["Mo., 09:00", "5.1.", "5.1.", "Jän. 2026"]
    assert [EN.labels(at, unit)[0] for unit in units] == ["Mon 09:00", "05/01", "05/01", "Jan 2026"]


def test_an_hour_that_comes_twice_has_its_offset_any_other_has_none() -> None:
    summer, winter = (timezone(timedelta(hours=hours)) for hours in (2, 1))
    hours = [
        datetime(2026, 10, 25, 1, tzinfo=summer),
        datetime(2026, 10, 25, 2, tzinfo=summer),
        datetime(2026, 10, 25, 2, tzinfo=winter),
        datetime(2026, 10, 25, 3, tzinfo=winter),
    ]
    assert DE.labels(hours, "hour") == [
        "So., 01:00",
        "So., 02:00 (UTC+02:00)",
        "So., 02:00 (UTC+01:00)",
        "So., 03:00",
    ]
    west = [each - timedelta(hours=9) for each in hours[:1]] * 2
    newfoundland = [each.astimezone(timezone(timedelta(hours=-3, minutes=-30))) for each in west]
    assert DE.labels(newfoundland, "hour")[0].endswith("(UTC−03:30)")


def test_what_a_reader_can_cause_is_refused_in_words_of_its_own() -> None:
    detail = "from: too_long: The range …"
    long = Refused("query_unusable", detail=detail, field="from", reason="too_long")
    assert DE.why(long) == "Der Zeitraum ist länger als 400 Tage."
    unit = Refused("query_unusable", detail="unit: is one of hour", field="unit")
    assert DE.why(unit) == f"{unit.code.text.de} unit: is one of hour"
    assert EN.why(Refused("unavailable")) == Refused("unavailable").code.text.en


def test_ids_of_the_catalogue_are_shown_by_name() -> None:
    names = DE.names
    assert (names.category("nest"), EN.names.category("nest")) == ("Größe", "Size")
    assert names.option("nest", "nest120") == "Nest. 120"
    assert names.choice("pvanlage", Choice(option="pv_panels", quantity=8)).endswith("\u00a0× 8")
    assert names.choice("nest", Choice(option="nest80")) == "Nest. 80"
    assert names.choice("nest", None) == "–"
    assert names.order("nest") == 0
    assert names.order("nowhere") == -1
    assert names.is_category("nest")
    assert not names.is_category("page")


def test_steps_of_ways_and_funnels_are_categories_or_bounds() -> None:
    names = DE.names
    assert [names.funnel_step(each) for each in ("began", "chose_3", "opened", "nest")] == [
        "Sitzung begonnen",
        "In 3 Kategorien gewählt",
        "Anfrage geöffnet",
        "Größe",
    ]
    assert [names.step(each) for each in ("left", "completed", "nest")] == [
        "ohne Anfrage beendet",
        "Anfrage",
        "Größe",
    ]
    parts = (("", "device"), ("(other)", "referrer"), ("mobile", "device"), ("de", "language"))
    assert [names.part(*each) for each in parts] == ["unbekannt", "übrige", "Handy", "Deutsch"]
    assert names.part("example.org", "referrer") == "example.org"


@pytest.mark.parametrize(
    ("code", "german", "english"),
    [
        ("de", "Deutsch", "German"),
        ("de-AT", "Deutsch (AT)", "German (AT)"),
        ("hu", "Ungarisch", "Hungarian"),
        ("xx", "xx", "xx"),
        ("<b>", "<b>", "<b>"),
        ("zh-Hant-TW", "zh-Hant-TW", "zh-Hant-TW"),
    ],
)
def test_languages_have_names(code: str, german: str, english: str) -> None:
    assert (DE.names.language(code), EN.names.language(code)) == (german, english)


@pytest.mark.parametrize(
    ("category", "value", "said"),
    [
        ("pvanlage", "pv_panels:8", "× 8"),
        ("pvanlage", "quantity:99", "Anzahl 99"),
        ("pvanlage", "set_quantity", "Anzahl"),
        ("pvanlage", "none", "nichts"),
        ("share", "share-link", "Link zum Haus"),
        ("inquiry", "sent", "gesendet"),
        ("view", "interior", "Innen"),
        ("pvanlage", "constructor", "constructor"),
        ("x", "quantity:1e9", "quantity:1e9"),
        ("x", "{n}", "{n}"),
    ],
)
def test_values_of_events_are_shown_in_words(category: str, value: str, said: str) -> None:
    assert DE.names.value(category, value).endswith(said)


def test_events_and_their_places_have_names_and_unknown_ones_stand_for_themselves() -> None:
    assert DE.names.event("selection") == "Auswahl"
    assert DE.names.category("page") == "Seite"
    assert DE.names.event("<b>") == "<b>"
    assert DE.names.category("__proto__") == "__proto__"
