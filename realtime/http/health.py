"""Is this process alive, and may it be sent traffic? A store that is away is degraded, not unready."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from realtime.http.edge import json
from realtime.http.endpoints import Endpoint
from realtime.readiness import Readiness
from storage.postgres.engine import Database
from storage.redis.bus import Bus


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """This process answers."""

    alive: bool = True


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The state of this process; ``problems`` says what is wrong. Strangers ask: no name of a machine.

    ``ready``: it has started, works with the schema, and does not drain. ``degraded``: it is ready,
    and something that it needs is away. ``database`` and ``bus``: PostgreSQL and Redis answer.
    ``migrated``: the schema last seen is one that this code works with.
    """

    ready: bool
    degraded: bool
    draining: bool
    database: bool
    migrated: bool
    bus: bool
    problems: list[str]


class HealthEndpoints:
    """The handlers. They wait for nothing: whoever watches this process has an answer at once."""

    def __init__(self, *, database: Database, bus: Bus) -> None:
        """``readiness`` is entered by whoever serves these."""
        self.readiness = Readiness(database)
        self._bus = bus

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            Endpoint(
                method="GET",
                path="/healthz",
                handler=self.alive,
                summary="This process answers.",
                answer=Alive,
                tags=["health"],
                limit="unlimited",
            ),
            Endpoint(
                method="GET",
                path="/readyz",
                handler=self.ready,
                summary="This process may be sent traffic: 200, else 503 with what is wrong. With "
                "PostgreSQL or Redis away it may, and is `degraded`.",
                answer=Health,
                also={404: Health, 503: Health},
                query=("draining",),
                tags=["health"],
                limit="unlimited",
            ),
        ]

    async def alive(self, _request: Request) -> Response:
        """``GET /healthz``."""
        return json(Alive())

    async def ready(self, request: Request) -> Response:
        """``GET /readyz``; with ``draining=404`` it is 404 while draining, as HAProxy wants it."""
        state, troubles = self.readiness.state, self.readiness.troubles()
        bus = self._bus.healthy
        problems = state.problems()
        if not bus:
            problems.append("Redis cannot be used: editing goes on, live updates are slower")
        well = state.answers and bus and not troubles
        health = Health(
            ready=state.ready,
            degraded=state.ready and not well,
            draining=state.draining,
            database=state.answers,
            migrated=state.compatible,
            bus=bus,
            problems=[*problems, *troubles],
        )
        drains = state.draining and request.query_params.get("draining") == "404"
        return json(health, 200 if state.ready else 404 if drains else 503)
