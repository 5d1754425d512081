"""Delivery of messages to one peer: encoded once, and bounded while they wait.

    peer    sends at once while the transport takes bytes, else when it does again
    outbox  frames that wait for one connection
    inbox   messages that arrived, until their one reader takes them
    frame   a message as bytes, encoded once
    page    the calls by which frames reach a page of this process

Imported by: `realtime.activity`, `realtime.connections`, `realtime.rooms`, `realtime.transports`,
`ui.pages`, `ui.ports`.
"""
