"""Limits of a web process: connections by its file descriptors, requests and messages by settings."""

import resource
from dataclasses import dataclass
from typing import Self, cast

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.chance import Chance
from app.parts.people import PeoplePart
from app.parts.stores import StoresPart
from app.settings.settings import Settings
from realtime.edge.limiting import Limiter
from realtime.limits.allowances import RequestLimits
from realtime.limits.connections import Limits, Rates
from realtime.transports.http.connections import HttpConnections, Proxies, connections_in_all

UNLIMITED_DESCRIPTORS = 1_048_576
"""The number that stands for no limit on Linux, by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsPart:
    """`requests` by network and person, `limiter` before the routes, `limits` of connections."""

    requests: RequestLimits
    limiter: Limiter
    limits: Limits

    @classmethod
    def of(cls, settings: Settings, stores: StoresPart, people: PeoplePart) -> Self:
        """Builds the limits, unused."""
        clock_ns = stores.chance.monotonic_ns
        requests = RequestLimits(scale=settings.limit_scale, clock_ns=clock_ns)
        return cls(
            requests=requests,
            limiter=Limiter(
                requests,
                is_admin=people.authenticator.is_admin_session,
                unless_away=stores.health.readiness.unless_away,
                cookies=people.cookies,
            ),
            limits=Limits(
                Rates().scaled(settings.limit_scale), clock_ns=clock_ns, requests=requests
            ),
        )


def http_connections(settings: Settings, chance: Chance) -> HttpConnections:
    """The (still empty) set of connections of one web process."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = UNLIMITED_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
    per_network = int(settings.connections_per_network * settings.limit_scale)
    return HttpConnections(
        in_all=connections_in_all(
            descriptors, pooled=settings.database_pool_size + settings.redis_pool_size
        ),
        per_network=max(1, per_network),
        proxies=_proxies(settings.trusted_proxies),
        clock=chance.monotonic,
    )


def _proxies(trusted: tuple[str, ...]) -> Proxies:
    """The trusted proxies, read as uvicorn reads them, because it sets the visitor's address."""

    async def nothing(*_arguments: object) -> None:
        """A placeholder for an application."""

    return cast("Proxies", ProxyHeadersMiddleware(nothing, list(trusted)).trusted_hosts)
