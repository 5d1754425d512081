"""The list of measurements: their figures, their descriptions and their aims."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from bench.figures import Figure, Run, Sign
from bench.product import (
    draining,
    history,
    intake,
    ledger,
    memory,
    pictures,
    screens,
    sockets,
    start,
)
from bench.product.visits import MIX
from bench.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measurement; `run` returns a value for each figure. `browser` says that it drives one.

    `place` prepares the stage once for all runs; by default it prepares nothing.
    """

    name: str
    title: str
    how: str
    figures: tuple[Figure, ...]
    run: Callable[[Stage], Awaitable[Run]]
    browser: bool = False
    place: Callable[[Stage], AbstractAsyncContextManager[Stage]] = nullcontext


def _ms(name: str, aim: float | None = None) -> Figure:
    return Figure(name=name, unit="ms", aim=aim)


def _count(name: str, aim: float | None = None, sign: Sign = "≥") -> Figure:
    return Figure(name=name, unit="", aim=aim, sign=sign)


MEASURES = (
    Measure(
        name="edit-to-dom",
        title="Edit → the other browser's DOM",
        how="Two Chromium contexts are on two web processes. One makes 100 clicks on a house "
        "size, one every 0.3 to 0.6 s. Measured from the click to the MutationObserver on the"
        " total, by the wall clocks of the two pages. The browser draws in software, on the "
        "same cores.",
        figures=(
            _ms("click to the other's DOM, p50", 60),
            _ms("click to the other's DOM, p95", 150),
            _ms("click to the other's DOM, max"),
            _ms("click to the own DOM, p50"),
            _ms("click to the own DOM, p95"),
        ),
        run=screens.edits,
        browser=True,
    ),
    Measure(
        name="edit-to-ack",
        title="Edit → ack, 50 edits/s over 10 rooms",
        how="Raw WebSockets to two web processes, for 15 s. In each room one person edits, and "
        "another watches on the other process. Edits are sent on schedule, whether or not the"
        " last one was answered.",
        figures=(
            _ms("edit to ack, p50"),
            _ms("edit to ack, p99", 50),
            _ms("edit to the other's socket, p50"),
            _ms("edit to the other's socket, p95"),
            _ms("edit to the other's socket, p99"),
        ),
        run=sockets.steady,
    ),
    Measure(
        name="edit-unthrottled",
        title="Edit → ack, one room, one author without a pause",
        how="One author on a raw WebSocket sends the next edit when the last one is acknowledged,"
        " 2,000 times. Another person watches on the other process.",
        figures=(
            _ms("edit to ack, p50"),
            _ms("edit to ack, p99", 50),
            _ms("edit to the other's socket, p95"),
            _ms("time per edit"),
        ),
        run=sockets.unthrottled,
    ),
    Measure(
        name="interaction-to-admin",
        title="Interaction → the admin's DOM, at 100 interactions/s",
        how="POST to one web process, with the admin's page on the other, for 10 s. Measured from"
        " before the request is sent to the MutationObserver on the feed; the clocks are "
        "compared before.",
        figures=(
            _ms("POST to the admin's DOM, p50"),
            _ms("POST to the admin's DOM, p95", 250),
            _ms("POST to the admin's DOM, max"),
            _ms("POST to its answer, p95"),
            _count("interactions missing from the feed", 0, "="),
        ),
        run=screens.interactions,
        browser=True,
    ),
    Measure(
        name="interaction-to-admin-1000",
        title="Interaction → the admin's DOM, at 1,000 interactions/s",
        how="As above, with ten interactions in each request. The browser of the admin, the "
        "sender and all servers share two cores.",
        figures=(
            _ms("POST to the admin's DOM, p50"),
            _ms("POST to the admin's DOM, p95", 250),
            _ms("POST to the admin's DOM, max"),
            _ms("POST to its answer, p95"),
            _count("interactions missing from the feed"),
        ),
        run=screens.many_interactions,
        browser=True,
    ),
    Measure(
        name="ledger",
        title="Exactly once, while everything is killed",
        how="200,000 events of some 10,000 sessions go to the batch endpoint of two web "
        "processes. A client sends unanswered events again, and now and then answered ones, "
        "too. Known events, broken JSON and text that PostgreSQL refuses are also written "
        "straight into the stream. One in a hundred visitors objects. Both workers, "
        "PostgreSQL, Valkey and both web processes are killed with SIGKILL in turns. Then "
        "everything is counted, and one row is removed to see that the count would notice.",
        figures=(
            _count("unique events acknowledged"),
            _count("kills"),
            _count("acknowledged per second, kills included"),
            _count("entries offered"),
            _count("stored"),
            _count("duplicate"),
            _count("filtered"),
            _count("dead"),
            _count("offered minus stored, duplicate, filtered and dead", 0, "="),
            _count("acknowledged events without a row", 0, "="),
            _count("duplicate rows, and rows of events never sent", 0, "="),
            _count("roll-ups or sessions that differ from the rows (1: yes)", 0, "="),
            _count("filtered or dead events miscounted in the ledger", 0, "="),
            _count("stream entries still pending at the end", 0, "="),
            _count("tracebacks in the logs", 0, "="),
        ),
        run=ledger.ledger,
    ),
    Measure(
        name="intake",
        title="Interactions over HTTP, one web process",
        how="POST as in the original API, one event each, 50 connections, 8 s; then 100 events in"
        " a request, 8 connections; then single events while a worker stores them. The load "
        "comes from wrk or, if it is not installed, from bench.product.http_load; the list of"
        " cores names it. Afterwards every answered event is looked up in PostgreSQL.",
        figures=(
            _count("requests per second", 8_000),
            _ms("answered, p50"),
            _ms("answered, p99", 40),
            _count("requests per CPU-second of the web process"),
            _count("requests not answered with success", 0, "="),
            _count("events per second, 100 a request", 40_000),
            _count("events per CPU-second, 100 a request"),
            _ms("100 a request answered, p99"),
            _count("requests per second while a worker stores"),
            _count("successfully answered events without a row", 0, "="),
            _count("roll-ups or sessions that differ from the rows (1: yes)", 0, "="),
        ),
        run=intake.intake,
    ),
    Measure(
        name="worker",
        title="From the stream to PostgreSQL",
        how="240,000 events of some 12,000 sessions wait in the stream. One worker stores them, with"
        " all roll-ups, sessions and ledger; then two workers store as many."
        f" Visits have {MIX}.",
        figures=(
            _count("events per second, one worker", 40_000),
            _count("events per CPU-second of the worker"),
            _count("events per CPU-second, PostgreSQL and Valkey included"),
            _count("events per second, two workers"),
            _count("missing and surplus rows", 0, "="),
            _count("roll-ups or sessions that differ from the rows (1: yes)", 0, "="),
        ),
        run=draining.draining,
    ),
    Measure(
        name="history",
        title="Figures of 10 million events of 90 days",
        how="400,000 sessions and 130,000 houses. Rows, sessions, choices and roll-ups are made "
        "inside PostgreSQL, by day. The figures are requested over HTTP as the admin's page "
        "does, each range for the first time. DuckDB counts kpis, series, funnel, options and"
        " steps again from exported rows.",
        figures=(
            _count("events"),
            Figure(name="time to make the history", unit="s"),
            _count("roll-ups or sessions that differ from the rows (1: yes)", 0, "="),
            _count("figures on which DuckDB disagrees", 0, "="),
            Figure(name="bytes per event on disk, indexes included", unit="B", aim=200),
            _ms("overview of 24 h, p50", 15),
            _ms("overview of 24 h, p99"),
            _ms("kpis of 30 days"),
            _ms("series of 30 days"),
            _count("events in the funnel's range"),
            _ms("funnel of 4 steps, first request, p50", 200),
            _ms("funnel of 4 steps, requested again, p50", 20),
            _ms("a session's timeline, p50"),
            _ms("a session's timeline, p99", 5),
            _ms("a session as in the original API, p99", 5),
            _ms("steps of 90 days"),
            _ms("options of 90 days"),
            _ms("journeys of 90 days"),
        ),
        run=history.history,
        place=history.grown,
    ),
    Measure(
        name="start",
        title="Start of `nest run`, to the first 200 of /readyz",
        how="After installation. A cold start has an empty NEST_HOME, so PostgreSQL makes its "
        "cluster and the database is migrated. A warm start is the next one on the same "
        "NEST_HOME.",
        figures=(Figure(name="cold", unit="s", aim=5), Figure(name="warm", unit="s", aim=5)),
        run=start.start,
    ),
    Measure(
        name="memory-views",
        title="Memory: views without a socket",
        how="The owner of a house GETs it 10,000 times, 4 at once, with a script that opens no "
        "socket. The figures are resident memory of the web process 10 s later.",
        figures=(
            Figure(name="kB of a view after 10 s", unit="kB", aim=50),
            Figure(name="MB of the process after all views", unit="MB", aim=300),
            _count("views"),
            _count("views per second"),
            _ms("processor time of a view"),
        ),
        run=memory.views,
    ),
    Measure(
        name="memory-tabs",
        title="Memory: tabs that are opened and closed",
        how="1,000 tabs of 100 houses (HTML, socket with handshake, join) are open at once, then "
        "closed; then the same once more. The page of a closed tab is kept for 30 s. The "
        "figures are resident memory of the web process.",
        figures=(
            Figure(name="kB of an open tab", unit="kB"),
            Figure(name="MB more than before, after the tabs are closed", unit="MB", aim=20),
            Figure(name="MB more after a second round of tabs", unit="MB", aim=20),
            _count("tabs"),
        ),
        run=memory.tabs,
    ),
    Measure(
        name="memory-soak",
        title="Memory: ten minutes of views and tabs",
        how="1.6 views and 0.17 tabs a second, each tab open for 20 s. The figure is the slope of"
        " the web process's resident memory after the first minute, by least squares.",
        figures=(
            Figure(name="MB a minute", unit="MB", aim=1),
            Figure(name="MB at the end", unit="MB"),
            Figure(name="minutes", unit=""),
        ),
        run=memory.soak,
    ),
    Measure(
        name="page",
        title="First visit of /c/{code}",
        how="Over loopback, without compression by a proxy. All requests count until the network "
        "is idle. The house is on the screen when its picture is complete and shown.",
        figures=(
            Figure(name="requests", unit=""),
            Figure(name="transferred", unit="kB"),
            _ms("HTML received"),
            _ms("first contentful paint"),
            _ms("house on the screen"),
        ),
        run=screens.weight,
        browser=True,
    ),
    Measure(
        name="pictures",
        title="Pictures of the house",
        how="All four views are drawn in this process; then the same picture is requested with "
        "GET ten times each.",
        figures=(
            _ms("drawing one view, p50"),
            _ms("drawing one view, max"),
            Figure(name="size of a view, largest", unit="kB"),
            _ms("GET of a drawn view, p50"),
        ),
        run=pictures.pictures,
    ),
)
