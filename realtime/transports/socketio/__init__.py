"""Socket.IO: the messages of `/ws` as events.

    server   the namespace `/configurator`
    client   one client: writing to it, ending it, who it is
    packets  packets as strict JSON

Imported by: `app.parts`.
"""
