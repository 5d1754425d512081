"""How many connections a web process takes, by its settings and the descriptors it has."""

import resource
from time import monotonic
from typing import cast

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.settings import Settings
from realtime.transports.http_connections import HttpConnections, Proxies, connections_in_all

UNLIMITED_DESCRIPTORS = 1_048_576
"""What Linux takes for no limit at all, by default."""


def http_connections(settings: Settings) -> HttpConnections:
    """The connections of one web process, none yet."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = UNLIMITED_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
    per_network = int(settings.connections_per_network * settings.limit_scale)
    return HttpConnections(
        in_all=connections_in_all(
            descriptors, pooled=settings.database_pool_size + settings.redis_pool_size
        ),
        per_network=max(1, per_network),
        proxies=_proxies(settings.trusted_proxies),
        clock=monotonic,
    )


def _proxies(trusted: tuple[str, ...]) -> Proxies:
    """Read as uvicorn reads them, which puts the visitor's address where every endpoint finds it."""

    async def nothing(*_arguments: object) -> None:
        """No application is asked."""

    return cast("Proxies", ProxyHeadersMiddleware(nothing, list(trusted)).trusted_hosts)
