"""The list of measurements: what is measured, in which words, against which aim."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from bench import draining, history, intake, ledger, memory, pictures, screens, sockets, start
from bench.figures import Figure, Run, Sign
from bench.stage import Stage
from bench.visits import MIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measurement; `run` gives a value for each figure. `browser`: it drives one.

    `place`: what is prepared once for all runs; by itself, nothing.
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
        how="Two Chromium contexts on two web processes; 100 clicks on a house size, one every 0.3"
        " to 0.6 s; from the click to the MutationObserver on the total, both by the wall clock of"
        " their pages. The browser draws in software, on the same cores.",
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
        how="Raw WebSockets, two web processes, 15 s; in each room one person edits and another, on"
        " the other process, watches. Sent on schedule, whether or not the last one was answered.",
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
        title="Edit → ack, one room, as fast as it goes",
        how="One author on a raw WebSocket sends the next edit when the last one is acknowledged,"
        " 2,000 times; a watcher on the other process.",
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
        how="POST to one web process, admin page on the other, 10 s; from before the request is"
        " sent to the MutationObserver on the feed, clocks compared before.",
        figures=(
            _ms("POST to the admin's DOM, p50"),
            _ms("POST to the admin's DOM, p95", 250),
            _ms("POST to the admin's DOM, max"),
            _ms("POST to its answer, p95"),
            _count("never a line of the feed", 0, "="),
        ),
        run=screens.interactions,
        browser=True,
    ),
    Measure(
        name="interaction-to-admin-1000",
        title="Interaction → the admin's DOM, at 1,000 interactions/s",
        how="As above, with ten interactions a request: the browser of the admin, the sender and"
        " all servers have two cores together.",
        figures=(
            _ms("POST to the admin's DOM, p50"),
            _ms("POST to the admin's DOM, p95", 250),
            _ms("POST to the admin's DOM, max"),
            _ms("POST to its answer, p95"),
            _count("never a line of the feed"),
        ),
        run=screens.many_interactions,
        browser=True,
    ),
    Measure(
        name="ledger",
        title="Exactly once, while everything is killed",
        how="200,000 events of some 10,000 sessions over the batch endpoint of two web processes; a"
        " client sends again what was not answered, and now and then what was; somebody writes known"
        " events twice, broken JSON and text that PostgreSQL refuses straight into the stream; one in"
        " a hundred visitors objects. Both workers, PostgreSQL, Valkey and both web processes are"
        " ended with SIGKILL in turns. Then everything is counted, and one row removed to see that"
        " the count would notice.",
        figures=(
            _count("unique events acknowledged"),
            _count("kills"),
            _count("acknowledged per second, kills included"),
            _count("entries offered"),
            _count("stored"),
            _count("duplicate"),
            _count("filtered"),
            _count("dead"),
            _count("offered less stored, duplicate, filtered, dead", 0, "="),
            _count("acknowledged and not a row", 0, "="),
            _count("rows twice or never sent", 0, "="),
            _count("counted otherwise than rows", 0, "="),
            _count("filtered or dead and not booked as such", 0, "="),
            _count("left pending", 0, "="),
            _count("tracebacks in the logs", 0, "="),
        ),
        run=ledger.ledger,
    ),
    Measure(
        name="intake",
        title="Interactions come in over HTTP, one web process",
        how="POST as in the original API, one event each, 50 connections, 8 s; then 100 a request, 8"
        " connections; then single ones while a worker stores what waits. Load by wrk, or by"
        " bench.http_load where there is none: its name is among the cores. Afterwards everything that"
        " was answered is looked for in PostgreSQL.",
        figures=(
            _count("requests per second", 8_000),
            _ms("answered, p50"),
            _ms("answered, p99", 40),
            _count("requests per CPU-second of the web process"),
            _count("not answered with success", 0, "="),
            _count("events per second, 100 a request", 40_000),
            _count("events per CPU-second, 100 a request"),
            _ms("100 a request answered, p99"),
            _count("requests per second while a worker stores"),
            _count("answered with success and not a row", 0, "="),
            _count("counted otherwise than rows", 0, "="),
        ),
        run=intake.intake,
    ),
    Measure(
        name="worker",
        title="What waits in the stream goes to PostgreSQL",
        how="240,000 events of some 12,000 sessions wait; one worker stores them, with all roll-ups,"
        f" sessions and ledger; then as many for two workers. {MIX}.",
        figures=(
            _count("events per second, one worker", 40_000),
            _count("events per CPU-second of the worker"),
            _count("events per CPU-second, PostgreSQL and Valkey included"),
            _count("events per second, two workers"),
            _count("rows missing or too many", 0, "="),
            _count("counted otherwise than rows", 0, "="),
        ),
        run=draining.draining,
    ),
    Measure(
        name="history",
        title="Questions about 10 million events of 90 days",
        how="400,000 sessions, 130,000 houses; rows, sessions, choices and roll-ups are made inside"
        " PostgreSQL, by day. Asked over HTTP as the admin's page asks, each range anew; exactness: kpis,"
        " series, funnel, options and steps as DuckDB counts them from exported rows.",
        figures=(
            _count("events"),
            Figure(name="made in", unit="s"),
            _count("counted otherwise than rows", 0, "="),
            _count("figures that DuckDB counts otherwise", 0, "="),
            Figure(name="bytes per event on disk, indexes included", unit="B", aim=200),
            _ms("overview of 24 h, p50", 15),
            _ms("overview of 24 h, p99"),
            _ms("kpis of 30 days"),
            _ms("series of 30 days"),
            _count("events in the funnel's range"),
            _ms("funnel, 4 steps, made anew, p50", 200),
            _ms("funnel, 4 steps, asked again, p50", 20),
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
        how="After installation. Cold: an empty NEST_HOME, so PostgreSQL makes its cluster and the"
        " database is migrated. Warm: the next start on it.",
        figures=(Figure(name="cold", unit="s", aim=5), Figure(name="warm", unit="s", aim=5)),
        run=start.start,
    ),
    Measure(
        name="memory-views",
        title="Memory: views that no socket follows",
        how="GET of one house by its owner, 10,000 times, 4 at once, with a script that opens no socket;"
        " resident memory of the web process 10 s later.",
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
        how="1,000 tabs of 100 houses - HTML, socket with handshake, join - open at once, then closed;"
        " then all of it once more. The page of a closed tab is kept for 30 s. Resident memory of the"
        " web process.",
        figures=(
            Figure(name="kB of an open tab", unit="kB"),
            Figure(name="MB more than before, once they are closed", unit="MB", aim=20),
            Figure(name="MB more again, after as many once more", unit="MB", aim=20),
            _count("tabs"),
        ),
        run=memory.tabs,
    ),
    Measure(
        name="memory-soak",
        title="Memory: ten minutes of views and tabs",
        how="1.6 views and 0.17 tabs a second, each tab open for 20 s; slope of the web process's"
        " resident memory after the first minute, by least squares.",
        figures=(
            Figure(name="MB a minute", unit="MB", aim=1),
            Figure(name="MB at the end", unit="MB"),
            Figure(name="minutes", unit=""),
        ),
        run=memory.soak,
    ),
    Measure(
        name="page",
        title="The page /c/{code} in a browser that was never here",
        how="Loopback, no compression by a proxy; all requests until the network is idle. The house"
        " is on the screen when its picture is complete and shown.",
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
        how="Drawing all four views in this process; then GET of the same picture ten times each.",
        figures=(
            _ms("drawing one view, p50"),
            _ms("drawing one view, max"),
            Figure(name="size of a view, largest", unit="kB"),
            _ms("GET of a drawn view, p50"),
        ),
        run=pictures.pictures,
    ),
)
