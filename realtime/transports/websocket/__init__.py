"""The raw WebSocket at `/ws`.

    endpoint          one JSON message in each frame
    socket            direct access to the transport of a WebSocket
    uvicorn_protocol  uvicorn's WebSocket protocol, bounded

Imported by: `app`, `realtime.transports.engineio`, `realtime.transports.http`,
`realtime.transports.socketio`, `ui.live`.
"""
