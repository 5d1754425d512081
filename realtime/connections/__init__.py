"""The connection of one peer, whatever its transport: its messages, its limits, its end.

    connection        reads, answers and refuses messages, one at a time
    connected_person  the person at a connection: principal, joined rooms, subscription
    visits            the visitor, and the session that interactions belong to
    pace              limits the messages of a connection
    signs_of_life     hides a peer that gives none for a while
    drain             hands over open sockets before the process ends
    services          the services that every connection uses
    timing            the times that a process waits for a peer

Imported by: `app`, `realtime.api`, `realtime.transports`, `ui`.
"""
