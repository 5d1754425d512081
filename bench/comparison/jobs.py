"""The jobs that all contestants do, the figures that are shown, and the aims of the product."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Better = Literal["less", "more"]

ALL = (
    "nest",
    "nest-socketio",
    "socketio",
    "socketio-streams",
    "hocuspocus",
    "sharedb",
    "python-socketio",
    "starlette",
    "websockets",
)
FANOUT = ("fanout", "fanout-socketio", "fanout-merged", "fanout-whole")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A figure that is shown; ``better`` is set if its ratio to the best peer has a meaning."""

    key: str
    title: str
    better: Better | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """``of``'s median of ``key`` is to be at most, or at least, ``bound`` (times ``than``'s)."""

    of: str
    key: str
    sign: Literal["≤", "≥", "="]
    bound: float
    words: str
    than: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job. ``load`` is its name in the generator; ``quick`` replaces parts of ``full``."""

    name: str
    load: str
    title: str
    how: str
    rooms: int
    full: Mapping[str, object]
    quick: Mapping[str, object]
    contestants: tuple[str, ...]
    columns: tuple[Column, ...]
    aims: tuple[Aim, ...] = ()
    quick_rooms: int | None = None
    parts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """The parts that differ for one contestant."""

    calm: Mapping[str, object] = field(default_factory=dict)
    """The differences of a calm run on a fresh server, to compare with; its figures begin with
    `calm_`."""


LATENCIES = (
    Column(key="peer_p50_ms", title="edit → peer p50 (ms)", better="less"),
    Column(key="peer_p95_ms", title="p95", better="less"),
    Column(key="peer_p99_ms", title="p99", better="less"),
    Column(key="ack_p50_ms", title="ack p50 (ms)", better="less"),
    Column(key="ack_p99_ms", title="ack p99", better="less"),
)
COSTS = (
    Column(key="cpu_ms_per_edit", title="CPU per edit (ms)", better="less"),
    Column(key="deliveries_per_cpu_s", title="deliveries per CPU-s", better="more"),
    Column(key="bytes_per_delivery", title="bytes per delivery"),
)
MEMORY = Column(key="kb_per_connection", title="kB per connection", better="less")

JOBS = (
    Job(
        name="rooms",
        load="rooms",
        title="100 rooms × 5 people, 2 edits/s each",
        how="200 edits/s for 12 s, sent on schedule. Two of the five people in each room take "
        "turns.",
        rooms=100,
        full={"size": 5, "rate": 2, "seconds": 12},
        quick={"seconds": 4},
        contestants=ALL,
        columns=(*LATENCIES, *COSTS, MEMORY),
        aims=(
            Aim(of="nest", key="peer_p50_ms", sign="≤", bound=4, words="edit → peer p50"),
            Aim(of="nest", key="peer_p99_ms", sign="≤", bound=20, words="edit → peer p99"),
            Aim(of="nest", key="ack_p99_ms", sign="≤", bound=15, words="ack p99"),
            Aim(
                of="nest", key="cpu_ms_per_edit", sign="≤", bound=1, words="CPU per edit, all of us"
            ),
        ),
    ),
    Job(
        name="room-100",
        load="fanout",
        title="One room × 100",
        how="Latency: one author, 20 edits/s. Cost: 16 authors, each with one edit under way "
        "until all 100 have it. For servers that merge waiting edits, a later value counts as"
        " the delivery of those before.",
        rooms=1,
        full={"size": 100, "rate": 20, "seconds": 6, "writers": 16},
        quick={"seconds": 3},
        contestants=(*ALL, *FANOUT),
        columns=(*LATENCIES, *COSTS, MEMORY),
        aims=(
            Aim(
                of="fanout",
                key="deliveries_per_cpu_s",
                sign="≥",
                bound=100_000,
                words="fan-out on raw sockets, per CPU-second",
            ),
            Aim(
                of="fanout-socketio",
                key="deliveries_per_cpu_s",
                sign="≥",
                bound=1,
                than="socketio",
                words="fan-out on Socket.IO, against Node Socket.IO",
            ),
            Aim(
                of="fanout-merged",
                key="deliveries_per_cpu_s",
                sign="≥",
                bound=300_000,
                words="fan-out when coalescing, effective per CPU-second",
            ),
        ),
    ),
    Job(
        name="room-1000",
        load="fanout",
        title="One room × 1,000",
        how="As with 100. Here the load generator is as busy as the server: compare the CPU "
        "columns.",
        rooms=1,
        full={"size": 1000, "rate": 20, "seconds": 6, "writers": 16},
        quick={"seconds": 3},
        contestants=(*ALL, *FANOUT),
        columns=(*LATENCIES, *COSTS, MEMORY),
        aims=(Aim(of="nest", key="peer_p99_ms", sign="≤", bound=100, words="edit → peer p99"),),
    ),
    Job(
        name="idle",
        load="idle",
        title="2,000 connections that do nothing",
        how="In rooms of 50. Resident memory of the server process before and after. The kernel's"
        " own buffers, about 4 kB a socket, are in no figure.",
        rooms=41,
        quick_rooms=11,
        full={"size": 50, "seconds": 5},
        quick={"seconds": 3},
        contestants=ALL,
        columns=(
            MEMORY,
            Column(key="idle_cores", title="cores while idle", better="less"),
            Column(key="connections", title="connections"),
        ),
        aims=(Aim(of="nest", key="kb_per_connection", sign="≤", bound=25, words="per connection"),),
    ),
    Job(
        name="storm",
        load="storm",
        title="2,000 clients dropped (TCP reset) and back within 5 s",
        how="40 rooms × 50. Authors who stay make 20 edits/s meanwhile. 1 s after the reset the "
        "clients come back, evenly over 5 s. A client has recovered if it got exactly what it"
        " missed, and was told so.",
        rooms=40,
        quick_rooms=8,
        full={"size": 50, "rate": 20, "away": 1, "within": 5},
        quick={"within": 2},
        contestants=("nest", "nest-socketio", "socketio-streams"),
        columns=(
            Column(key="recovered", title="recovered"),
            Column(key="clients", title="of"),
            Column(key="resume_p50_ms", title="resume p50 (ms)", better="less"),
            Column(key="resume_p99_ms", title="resume p99", better="less"),
            Column(key="cpu_ms_per_client", title="CPU per client (ms)", better="less"),
            Column(key="reads_per_client", title="database transactions per client"),
        ),
        aims=(
            Aim(of="nest", key="recovered_part", sign="=", bound=1, words="recovered, part of all"),
            Aim(of="nest", key="resume_p99_ms", sign="≤", bound=1000, words="resume p99"),
            Aim(
                of="nest",
                key="reads_per_client",
                sign="≤",
                bound=0.05,
                words="database transactions per client, edits not counted",
            ),
        ),
    ),
    Job(
        name="stall",
        load="stall",
        title="A reader who stops reading",
        how="An author, a reader, and a third person who stops reading; 4,000 edits of 16 kB in "
        "10 s. Ours as a whole sends real ops (of their own size), one at a time, at most "
        "400/s. Memory: the peak of the server process over its memory when the edits began; "
        "then the same on a fresh server without a stalled reader, and the difference.",
        rooms=1,
        full={"rate": 400, "edits": 4000, "bytes": 16384, "together": False, "stalled": True},
        calm={"stalled": False},
        quick={"edits": 1000},
        contestants=(*ALL, "fanout-whole"),
        parts={"nest": {"together": True}, "nest-socketio": {"together": True}},
        columns=(
            Column(key="got", title="healthy reader got"),
            Column(key="sent", title="of"),
            Column(key="bytes_per_edit", title="bytes each"),
            Column(key="calm_reader_p99_ms", title="p99 with nobody stalled (ms)"),
            Column(key="reader_p99_ms", title="p99 (ms)", better="less"),
            Column(key="calm_grown_mb", title="memory growth with nobody stalled (MB)"),
            Column(key="growth_mb", title="what the stalled one adds (MB)", better="less"),
            Column(key="stalled_closed", title="stalled one closed"),
            Column(key="stalled_whole", title="has everything once it reads"),
        ),
        aims=(
            Aim(of="nest", key="growth_mb", sign="≤", bound=2, words="growth"),
            Aim(of="fanout-whole", key="growth_mb", sign="≤", bound=2, words="growth, 16 kB each"),
            Aim(of="nest", key="p99_against_calm", sign="≤", bound=2, words="others' p99, times"),
            Aim(
                of="fanout-whole",
                key="p99_against_calm",
                sign="≤",
                bound=2,
                words="others' p99, times, 16 kB each",
            ),
        ),
    ),
    Job(
        name="intake",
        load="",
        title="Interactions of visitors over HTTP, and through the queue",
        how="POST as in the original API, 50 connections, 8 s. Web process, worker, PostgreSQL "
        "and Valkey are on one core, the load (wrk, or bench.product.http_load) on the other."
        " Processor time counts until everything that was answered is a row. Queue: waiting "
        "entries go from Redis to PostgreSQL as the design says (100 every 5 minutes) and "
        "without a pause, then by two jobs or workers at once. Sent twice: 100 requests, each"
        " once more, as from a client whose answer was lost.",
        rooms=0,
        full={"seconds": 8, "queued": 20_000},
        quick={"seconds": 2, "queued": 10_000},
        contestants=("nest", "original"),
        columns=(
            Column(key="requests_per_s", title="requests/s", better="more"),
            Column(key="answer_p50_ms", title="answer p50 (ms)", better="less"),
            Column(key="answer_p99_ms", title="p99", better="less"),
            Column(key="failed", title="failed"),
            Column(key="stored_per_s", title="stored/s", better="more"),
            Column(key="cpu_ms_per_event", title="CPU per event (ms)", better="less"),
            Column(key="queue_as_designed", title="queue as designed, events/s", better="more"),
            Column(key="queue_without_pause", title="without pause", better="more"),
            Column(key="overlap_lost", title="two at once: lost"),
            Column(key="overlap_doubled", title="doubled"),
            Column(key="rows_of_sent_twice", title="rows of 100 sent twice"),
            Column(key="load_cores", title="cores of the load"),
        ),
        aims=(
            Aim(
                of="nest",
                key="requests_per_s",
                sign="≥",
                bound=5,
                than="original",
                words="requests/s, five times the original's",
            ),
            Aim(of="nest", key="overlap_lost", sign="=", bound=0, words="lost by two at once"),
            Aim(of="nest", key="overlap_doubled", sign="=", bound=0, words="doubled by two"),
            Aim(of="nest", key="rows_of_sent_twice", sign="=", bound=100, words="rows of 100"),
        ),
    ),
    Job(
        name="kills",
        load="",
        title="kill -9 right after an ack",
        how="Ours: 8 authors in 4 houses edit at once. Right after an ack the web process is "
        "killed, one time in twenty PostgreSQL and one time in twenty Valkey. An author "
        "without an answer asks again with the same op_id. At the end every acknowledged op "
        "is looked up in PostgreSQL. Hocuspocus, with a file store: after 50 edits the server"
        " is killed once its client says that all is synced, and the client ends, too.",
        rooms=0,
        full={"kills": 1000, "peer_kills": 3},
        quick={"kills": 20, "peer_kills": 1},
        contestants=("nest", "hocuspocus"),
        columns=(
            Column(key="kills", title="kills"),
            Column(key="acknowledged", title="edits acknowledged"),
            Column(key="lost", title="of them lost"),
            Column(key="doubled", title="doubled"),
            Column(key="gaps", title="gaps in versions"),
            Column(key="start_ms_mean", title="next life serves after (ms)"),
            Column(key="seconds", title="took (s)"),
        ),
        aims=(
            Aim(of="nest", key="lost", sign="=", bound=0, words="acknowledged edits lost"),
            Aim(of="nest", key="doubled", sign="=", bound=0, words="edits doubled"),
        ),
    ),
)
