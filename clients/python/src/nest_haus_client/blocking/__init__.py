"""The same client without ``async``, for notebooks and scripts.

::

    with Client.register("http://127.0.0.1:8080") as client:
        house = client.join(client.create().code)
        print(house.select("nest", "nest120").outcome)

A separate thread runs the connection, so this works even where an event loop runs already, and
methods may be called from any thread. Arguments, results and errors are those of the async client;
``timeout`` is in seconds, and the requested action continues after a TimeoutError.

    client, house  the client and its houses
    background     the async client in a separate thread

Imported by: no package of ours.
"""

from nest_haus_client.blocking.client import Client
from nest_haus_client.blocking.house import House

__all__ = ["Client", "House"]
