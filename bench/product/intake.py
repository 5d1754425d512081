"""Intake of interactions over HTTP: the rate of one web process, and the time of an answer."""

from random import Random

import msgspec

from bench.figures import Run
from bench.machine import claim, cores_used
from bench.product import http_load
from bench.product.activity_stand import drained, own_stand
from bench.product.visits import Visit, now_ms, visits
from bench.stage import Stage
from configurator.activity.interaction import ReportedInteraction, TrackBatchRequest, TrackRequest
from realtime.api.tracking import TRACK_MANY_PATH, TRACK_PATH
from tests.faults.load.counts import counts

CONNECTIONS = 50
BATCH = 100
BODIES = 2_000
HOUR_MS = 3_600_000


async def intake(stage: Stage) -> Run:
    """Send one at a time, then a hundred at a time, to one web process; in the end all are stored.

    The worker is stopped while the web process alone is measured, and runs in the last round.
    """
    seconds = 2 if stage.quick else 8
    made = list(visits(BODIES * 2, random=Random(5), ends_ms=now_ms(), within_ms=HOUR_MS))
    async with own_stand(stage) as own:
        stand, url = own.stand, own.stand.urls[0]
        stand.worker.kill()
        with cores_used(own.roots()) as cores:
            one = await http_load.post(
                f"{url}{TRACK_PATH}", single(made), connections=CONNECTIONS, seconds=seconds
            )
        claim(cores, one.tool, one.cores)
        with cores_used(own.roots()) as cores_many:
            many = await http_load.post(
                f"{url}{TRACK_MANY_PATH}", _batched(made), connections=8, seconds=seconds
            )
        stand.worker.start()
        beside = await http_load.post(
            f"{url}{TRACK_PATH}", single(made), connections=CONNECTIONS, seconds=seconds
        )
        await drained(stand)
        stored = await counts(stand.postgres.url)
    answered = one.answered + many.answered * BATCH + beside.answered
    return Run(
        figures={
            "requests per second": one.rate,
            "answered, p50": one.p50_ms,
            "answered, p99": one.p99_ms,
            "requests per CPU-second of the web process": one.rate / cores["web-0"],
            "requests not answered with success": one.failed + many.failed + beside.failed,
            "events per second, 100 a request": many.rate * BATCH,
            "events per CPU-second, 100 a request": many.rate * BATCH / cores_many["web-0"],
            "100 a request answered, p99": many.p99_ms,
            "requests per second while a worker stores": beside.rate,
            "successfully answered events without a row": max(0, answered - stored.rows),
            "roll-ups or sessions that differ from the rows (1: yes)": 0 if stored.agrees else 1,
        },
        cores=cores,
    )


def single(made: list[Visit]) -> list[bytes]:
    """Bodies in the form of the original API: without ids, so that each request is a new event."""
    requests = (
        TrackRequest(session_id=visit.session, interaction=each.interaction)
        for visit in made
        for each in visit.events
    )
    return [
        msgspec.json.encode(request) for request, _ in zip(requests, range(BODIES), strict=False)
    ]


def _batched(made: list[Visit]) -> list[bytes]:
    events = [
        ReportedInteraction(interaction=each.interaction, seq=each.seq)
        for visit in made
        for each in visit.events
    ]
    return [
        msgspec.json.encode(
            TrackBatchRequest(session_id=visit.session, interactions=events[place : place + BATCH])
        )
        for visit, place in zip(made, range(0, len(events) - BATCH, BATCH), strict=False)
    ]
