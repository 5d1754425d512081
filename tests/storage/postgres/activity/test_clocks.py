"""The time of an event, whatever the client's clock says."""

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.activity.clocks import Happened, happened
from configurator.activity.entries import placed
from configurator.activity.event_ids import moment_of, session_uuid, unix_ms, uuid7, uuid7_ms
from configurator.activity.stored import processing_ms
from configurator.activity.untrusted import InteractionInvalid
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions
from storage.postgres.engine import Database
from tests.support.activity import counts, event, now

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOON_MS = unix_ms(NOON)
HOUR, DAY, YEAR = 3_600_000, 86_400_000, 31_536_000_000


@pytest.mark.parametrize(
    ("event_at", "sent_at", "at", "skew_ms"),
    [
        # The clock is right: the time in the id holds.
        (-500, 0, None, 0),
        (-HOUR, 1_900, None, 1_900),
        (-HOUR, -2_000, None, -2_000),
        (500, 900, -400, 900),
        (-400, -1_000, None, -1_000),
        # The clock is wrong: the event is as much older than its receipt as it waited.
        (5 * HOUR, 5 * HOUR + 300, -300, 5 * HOUR + 300),
        (-10 * YEAR - 60_000, -10 * YEAR, -60_000, -10 * YEAR),
        (10 * YEAR - 60_000, 10 * YEAR, -60_000, 10 * YEAR),
        (10 * YEAR + 60_000, 10 * YEAR, 0, 10 * YEAR),
        (-10 * YEAR, 0, -DAY, 0),
        (-3 * DAY, 0, -DAY, 0),
        # It is not known: only what is likely holds.
        (0, None, None, None),
        (-DAY, None, None, None),
        (1_500, None, 0, None),
        (2_001, None, 0, 2_001),
        (-DAY - 1, None, 0, -DAY - 1),
        (10 * YEAR, None, 0, 10 * YEAR),
        (-10 * YEAR, None, 0, -10 * YEAR),
    ],
)
def test_when_it_happened(
    event_at: int, sent_at: int | None, at: int | None, skew_ms: int | None
) -> None:
    """All in ms from noon, when it was received. (AC7)"""
    found = happened(
        NOON_MS + event_at,
        received_at=NOON,
        sent_at_ms=None if sent_at is None else NOON_MS + sent_at,
    )
    expected = None if at is None else NOON + timedelta(milliseconds=at)
    assert found == Happened(expected, skew_ms)


TIMES = st.integers(0, 253_402_300_799_999)


@given(event_ms=TIMES, sent_at_ms=st.none() | TIMES, micros=st.integers(0, 86_400_000_000))
def test_never_after_it_was_received_and_at_most_a_day_before(
    event_ms: int, sent_at_ms: int | None, micros: int
) -> None:
    received_at = NOON + timedelta(microseconds=micros)
    found = happened(event_ms, received_at=received_at, sent_at_ms=sent_at_ms)
    occurred_at = found.at or moment_of(event_ms)
    earliest = received_at - timedelta(days=1, milliseconds=1)
    assert earliest <= occurred_at <= received_at
    assert occurred_at.microsecond % 1000 == 0


@given(waited_ms=st.integers(0, DAY), skew_ms=st.integers(-10 * YEAR, 10 * YEAR))
def test_a_constant_error_of_the_clock_makes_no_difference(waited_ms: int, skew_ms: int) -> None:
    """(AC7)"""
    sent_at_ms = NOON_MS + skew_ms
    found = happened(sent_at_ms - waited_ms, received_at=NOON, sent_at_ms=sent_at_ms)
    truth = NOON - timedelta(milliseconds=waited_ms)
    occurred_at = found.at or moment_of(sent_at_ms - waited_ms)
    assert abs(occurred_at - truth) <= timedelta(seconds=2)
    assert found.skew_ms == skew_ms


async def test_retries_on_other_days_are_the_same_rows_however_wrong_the_clocks(
    database_url: str,
) -> None:
    """Up to ten years off, both ways; a retry is corrected differently and changes nothing. (AC7)"""
    chance = random.Random(4)
    first = now()
    skews = [0, -10 * YEAR, 10 * YEAR]
    skews += [chance.choice((-1, 1)) * chance.randint(32 * DAY, 10 * YEAR) for _ in range(97)]
    made = [
        (f"s{n % 20}", skew, uuid7(unix_ms(first) + skew - chance.randint(0, DAY), n))
        for n, skew in enumerate(skews)
    ]
    deliveries = [first, *(first + timedelta(hours=hours) for hours in (1, 25, 400))]

    def delivered(received_at: datetime, number: int) -> list[Incoming]:
        batch = []
        for n, (session, skew, event_id) in enumerate(made):
            when = happened(
                uuid7_ms(event_id),
                received_at=received_at,
                sent_at_ms=chance.choice((None, unix_ms(received_at) + skew)),
            )
            sent = msgspec.structs.replace(
                event(session, event_id=event_id, received_at=received_at),
                happened_at=when.at,
                skew_ms=when.skew_ms,
            )
            batch.append(Incoming(stream_id=f"{number * 1000 + n + 1}-0", event=sent))
        return batch

    async with Database(database_url) as database:
        interactions = Interactions(database)
        stored = []
        strays = -1
        for number, received_at in enumerate(deliveries):
            outcome = await interactions.store(delivered(received_at, number), consumer="w")
            assert outcome.inserted == (len(made) if number == 0 else 0)
            async with database.driver() as connection:
                stored.append(await connection.fetch("SELECT * FROM interactions ORDER BY 1, 2"))
                strays = await connection.fetchval("SELECT count(*) FROM interactions_default")
        assert all(rows == stored[0] for rows in stored)
        assert strays == 0
        assert all(
            timedelta(0) <= first - row["occurred_at"] <= timedelta(days=1, milliseconds=1)
            for row in stored[0]
        )
        for session, _, event_id in made:
            known = await interactions.of_session(session_uuid(session), among=[event_id])
            assert known.known == {event_id}
    found = await counts(database_url)
    assert (found.rows, found.minutes, found.sessions, found.ledger) == (100, 100, 100, 100)


@pytest.mark.parametrize("written", [0, 10 * YEAR, -10 * YEAR])
@pytest.mark.parametrize("received", [0, -HOUR, -399 * DAY, DAY])
def test_the_id_of_an_entry_says_nothing_about_when_its_event_came(
    written: int, received: int
) -> None:
    """Redis gives ids that only grow: after its clock was ahead they stay ahead."""
    sent = event(received_at=NOON + timedelta(milliseconds=received))
    assert placed(sent, NOON_MS + written, NOON_MS) is sent


@pytest.mark.parametrize("ahead", [DAY + 1, 3 * DAY, 10 * YEAR])
@pytest.mark.parametrize("waited", [0, 300, DAY])
@pytest.mark.parametrize("written", [0, 10 * YEAR])
def test_an_event_of_a_machine_whose_clock_was_ahead_was_received_now(
    ahead: int, waited: int, written: int
) -> None:
    there = NOON + timedelta(milliseconds=ahead)
    sent = msgspec.structs.replace(
        event(received_at=there), happened_at=there - timedelta(milliseconds=waited)
    )
    found = placed(sent, NOON_MS + written, NOON_MS)
    assert found.received_at == NOON
    assert found.occurred_at == NOON - timedelta(milliseconds=waited)


@pytest.mark.parametrize(
    ("received", "occurred", "place"),
    [
        (3 * DAY, 0, "received_at"),  # no clock says both: somebody made them up
        (3 * DAY, 4 * DAY, "received_at"),
        (-401 * DAY, -401 * DAY, "received_at"),
        (0, -33 * DAY, "happened_at"),
        (0, 33 * DAY, "happened_at"),
    ],
)
def test_times_that_no_clock_explains_are_refused(received: int, occurred: int, place: str) -> None:
    sent = msgspec.structs.replace(
        event(received_at=NOON + timedelta(milliseconds=received)),
        happened_at=NOON + timedelta(milliseconds=occurred),
    )
    with pytest.raises(InteractionInvalid) as invalid:
        placed(sent, NOON_MS, NOON_MS)
    assert (invalid.value.code, invalid.value.field) == ("time_out_of_range", place)


def test_a_time_that_no_append_takes_is_a_difference_of_clocks() -> None:
    sent = event(received_at=NOON)
    assert [processing_ms(sent, NOON_MS + each) for each in (-5, 7, 60_000, 60_001, YEAR)] == [
        0, 7, 60_000, 0, 0,
    ]  # fmt: skip
