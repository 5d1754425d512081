"""uvicorn's HTTP protocol, bounded in memory and time.

    uvicorn_protocol  answers requests and sets deadlines
    bounded_reading   reads piece by piece, one request at a time
    framing, heads    ends and bounds of requests; checks of their heads. Pure
    connections       number of connections, in all and by network
    deadline, flow    a deadline that moves; reading that can be held
    refusals          refusals before any endpoint is called

Imported by: `app`, `realtime.transports.websocket`.
"""
