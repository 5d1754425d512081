"""The query of the analytics page is read from its address and written into it."""

from dataclasses import replace

import pytest

from ui.staff.analytics.asked import Asked, asked_of

PLAIN = Asked()


def test_an_address_without_anything_is_the_plain_page() -> None:
    assert asked_of("") == asked_of("?") == PLAIN
    assert PLAIN.search() == ""


@pytest.mark.parametrize(
    "wish",
    [
        Asked(tab="ways", time_range="90d", tz="Asia/Kolkata"),
        Asked(time_range="all", compare=""),
        Asked(from_="2026-03-01", to="2026-03-29", compare="year", bots="only", by="language"),
        Asked(from_="2026-03-01", compare=""),
        Asked(tab="sharing", compare=""),
        Asked(unit="week"),
        Asked(steps="nest,fussboden,completed", window="60"),
        Asked(steps="chose_3"),
        Asked(window="43200"),
        Asked(tab="sessions", replay="0199a0b0-0000-7000-8000-00000000abcd", lang="en"),
    ],
)
def test_what_is_asked_survives_its_address(wish: Asked) -> None:
    assert asked_of(wish.search()) == wish


@pytest.mark.parametrize(
    "search",
    [
        "?tab=secrets&timeRange=1y&compare=never&bots=some&by=network&tz=Mars/Olympus&lang=fr",
        "?from=2026-02-30",
        "?from=20260301",
        "?to=2026-03-01",
        "?from=yesterday&to=2026-03-01",
        "?from=<script>alert(1)</script>",
        "?steps=nest,nest&window=0",
        "?steps=nest,,fussboden&window=43201",
        "?steps=<b>&window=1e3",
        f"?steps={','.join(f's{n}' for n in range(17))}&window=01",
        f"?steps={'x' * 65}&window=-5",
        "?steps=%FF&window=%D9%A1",
        "?tz=",
        "?tz=../../etc",
        "?tz=localtime",
        "?replay=0199A0B0-0000-7000-8000-00000000ABCD",
    ],
)
def test_what_is_unknown_or_does_not_go_together_is_not_given(search: str) -> None:
    assert asked_of(search) == PLAIN


def test_days_in_the_wrong_order_and_a_comparison_of_everything_are_dropped() -> None:
    assert asked_of("?from=2026-03-02&to=2026-03-01") == Asked(from_="2026-03-02")
    assert asked_of("?timeRange=all&compare=year").compare == ""


def test_of_a_parameter_that_is_given_twice_the_first_counts() -> None:
    assert asked_of("?tab=ways&tab=visitors").tab == "ways"


def test_the_address_has_only_what_differs_in_a_fixed_order() -> None:
    wish = Asked(lang="en", tab="ways", time_range="24h", tz="Asia/Tokyo", steps="began,nest")
    said = "?lang=en&tab=ways&timeRange=24h&steps=began%2Cnest&tz=Asia%2FTokyo"
    assert wish.search() == said


def test_another_range_begins_with_the_unit_that_fits_it() -> None:
    wish = Asked(unit="hour", time_range="24h")
    assert wish.but(time_range="90d").unit == ""
    assert wish.but(by="device") == replace(wish, by="device")
    assert wish.but(time_range="all").compare == ""


def test_the_api_is_asked_for_days_or_for_a_rolling_range_in_the_zone() -> None:
    assert PLAIN.range_query() == {"timeRange": "7d", "tz": PLAIN.tz}
    days = Asked(from_="2026-03-01", to="2026-03-02", bots="all")
    assert days.range_query() == {
        "from": "2026-03-01",
        "to": "2026-03-02",
        "bots": "all",
        "tz": PLAIN.tz,
    }
