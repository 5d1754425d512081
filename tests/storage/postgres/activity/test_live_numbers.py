"""The figures and the history of the live view, from stored events."""

from datetime import UTC, datetime, timedelta

from configurator.activity.event_ids import session_uuid
from configurator.activity.interaction import Event
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions
from storage.postgres.activity.past_interactions import PastInteractions, Wish
from storage.postgres.activity.statistics import Statistics
from storage.postgres.engine import Database
from tests.support.activity import event

NOON = datetime.now(UTC).replace(hour=11, minute=30, second=30, microsecond=0)
"""A time that is today in Vienna, too."""


async def stored(database: Database, *events: object) -> None:
    incoming = [Incoming(stream_id=f"{n + 1}-0", event=each) for n, each in enumerate(events)]  # type: ignore[arg-type]
    await Interactions(database).store(incoming, consumer="w")


async def test_minutes_of_half_an_hour_and_the_most_of_the_day(database_url: str) -> None:
    async with Database(database_url) as database:
        busy = NOON - timedelta(hours=2)
        quiet = NOON - timedelta(minutes=3)
        await stored(
            database,
            *(event("a", received_at=busy, category=str(n)) for n in range(3)),
            *(event("b", received_at=quiet) for _ in range(2)),
            event("c", received_at=NOON - timedelta(days=1)),
        )
        found = await Statistics(database).minutes(NOON)
        assert found.counts == ((int(quiet.timestamp()) // 60, 2),)
        assert (found.peak_at, found.peak) == (int(busy.timestamp()) // 60, 3)


async def test_a_day_without_anything(database_url: str) -> None:
    async with Database(database_url) as database:
        found = await Statistics(database).minutes(NOON)
        assert (found.counts, found.peak_at, found.peak) == ((), None, 0)
        funnel = await Statistics(database).day_funnel(NOON)
        assert (funnel.sessions, funnel.chose, funnel.inquired) == (0, {}, 0)


async def test_the_funnel_counts_sessions_that_chose_not_clicks(database_url: str) -> None:
    async with Database(database_url) as database:

        def chosen(session: str, *, at: datetime = NOON, category: str = "nest") -> Event:
            return event(
                session,
                received_at=at,
                category=category,
                event_type="selection",
                selection_value="x",
            )

        await stored(
            database,
            *(chosen("a") for _ in range(3)),
            chosen("a", category="fenster"),
            chosen("b"),
            event("c", received_at=NOON, event_type="click"),
            chosen("d", at=NOON - timedelta(days=1)),
        )
        funnel = await Statistics(database).day_funnel(NOON)
        assert funnel.sessions == 3
        assert funnel.chose == {"nest": 2, "fenster": 1}
        assert funnel.inquired == 0


async def test_history_is_read_page_by_page_and_by_wish(database_url: str) -> None:
    async with Database(database_url) as database:
        past = PastInteractions(database)
        spread = [timedelta(minutes=1), timedelta(hours=5), timedelta(days=3)]
        await stored(
            database,
            *(event(f"s{n}", received_at=NOON - each) for n, each in enumerate(spread)),
            event("s0", received_at=NOON - spread[0], category="fenster", element_id="100%_Holz"),
        )
        first = await past.page(Wish(), before=NOON, limit=3)
        assert [each.session for each in first] == ["s0", "s0", "s1"]
        rest = await past.page(Wish(), before=first[1].occurred_at, before_id=first[1].event_id)
        assert [each.session for each in rest] == ["s1", "s2"]

        async def sessions(wish: Wish) -> list[str]:
            return [each.session for each in await past.page(wish, before=NOON)]

        assert await sessions(Wish(category="fenster")) == ["s0"]
        assert await sessions(Wish(needles=("nothing", "0%_HOLZ"))) == ["s0"]
        assert await sessions(Wish(needles=("%",))) == ["s0"]
        assert await sessions(Wish(session_id=session_uuid("s2"))) == ["s2"]
        assert await sessions(Wish(needles=("s2",))) == ["s2"]
        assert await sessions(Wish(event_type="hover")) == []
