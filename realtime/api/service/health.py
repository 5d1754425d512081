"""Health of this process: is it alive, and may it get traffic? Without a store it is degraded."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from realtime.api.declared.marks import get
from realtime.edge.exchange import json
from realtime.edge.parameters import query
from realtime.process.readiness import Readiness
from storage.postgres.engine import Database
from storage.redis.bus.bus import Bus


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """This process answers."""

    alive: bool = True


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The state of this process; ``problems`` says what is wrong.

    Anybody may ask, so no name of a machine is told. ``ready``: the process has started, works with
    the schema, and does not drain. ``degraded``: it is ready, but something that it needs is away.
    ``database`` and ``bus``: PostgreSQL and Redis answer. ``migrated``: this code works with the
    schema last seen.
    """

    ready: bool
    degraded: bool
    draining: bool
    database: bool
    migrated: bool
    bus: bool
    problems: list[str]


class ReadyQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The status while the process drains: 404 if asked for, else 503."""

    draining: str | None = None


class HealthEndpoints:
    """The endpoints. They wait for nothing, so a health check always gets its answer at once."""

    def __init__(self, *, database: Database, bus: Bus) -> None:
        """The caller enters ``readiness`` before it serves these endpoints."""
        self.readiness = Readiness(database)
        self._bus = bus

    @get("/healthz", Alive, tag="health", limit="unlimited")
    async def alive(self, _request: Request) -> Response:
        """This process answers."""
        return json(Alive())

    @get(
        "/readyz",
        Health,
        also={404: Health, 503: Health},
        query=[ReadyQuery],
        tag="health",
        limit="unlimited",
    )
    async def ready(self, request: Request) -> Response:
        """This process may be sent traffic: 200, else 503 with what is wrong.

        While PostgreSQL or Redis is away the status stays 200, with `degraded`. With `draining=404`
        the status is 404 while the process drains, as HAProxy expects.
        """
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
        drains = state.draining and query(request, ReadyQuery).draining == "404"
        return json(health, 200 if state.ready else 404 if drains else 503)
