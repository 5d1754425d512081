"""The transports of messages: raw WebSocket, Socket.IO, in process. They make no decisions.

    direct      in process: a page is a member without a socket of its own
    websocket/  the raw WebSocket at `/ws`
    socketio/   Socket.IO: the same messages as events
    engineio/   Engine.IO, below Socket.IO
    http/       uvicorn's HTTP protocol, bounded

Imported by: `app`, `ui`.
"""
