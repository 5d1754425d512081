"""Is this process alive, and may it be sent traffic? Redis away is degraded, not unready."""

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
    """The state of this process; ``problems`` says what is wrong. Strangers ask: no name of a machine."""

    ready: bool
    database: bool
    migrated: bool
    bus: bool
    problems: list[str]


class HealthEndpoints:
    """The handlers. A process that is stopping takes no new requests, so it need not say so."""

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
                summary="This process may be sent traffic: 200, else 503 with what is wrong.",
                answer=Health,
                also={503: Health},
                tags=["health"],
                limit="unlimited",
            ),
        ]

    async def alive(self, _request: Request) -> Response:
        """``GET /healthz``."""
        return json(Alive())

    async def ready(self, _request: Request) -> Response:
        """``GET /readyz``."""
        stores, problems = await self.readiness.stores(), []
        if not stores.answers:
            problems.append("PostgreSQL does not answer")
        elif not stores.migrated:
            problems.append("the database is not migrated: run nest migrate")
        if not self._bus.healthy:
            problems.append("Redis does not answer: editing goes on, live updates are slower")
        health = Health(
            ready=stores.migrated,
            database=stores.answers,
            migrated=stores.migrated,
            bus=self._bus.healthy,
            problems=problems,
        )
        return json(health, 200 if stores.migrated else 503)
