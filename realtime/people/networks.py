"""The network of a request or socket, by which limits count."""

from starlette.types import Scope

from configurator.activity.visitor import UNKNOWN_NETWORK, network_of


def network_in(scope: Scope) -> str:
    """Return the network of the client's address: IPv4 /24, IPv6 /48.

    The address is that of the connection's peer, or the one that a trusted proxy names. Connections
    over sockets of the file system have no address and share the network ``""``. Clients whose
    address cannot be read, as some proxies hand it on, share ``UNKNOWN_NETWORK``.
    """
    client = scope.get("client")
    host: str = client[0] if client else ""
    return network_of(host) or (UNKNOWN_NETWORK if host else "")
