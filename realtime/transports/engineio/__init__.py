"""Engine.IO, the layer below Socket.IO, for our Socket.IO server and for NiceGUI's.

    server      python-engineio's server, made safe for the internet
    session     one session: packets in, packets out, its end
    connection  brings packets to a client, by WebSocket or polling
    bounds      limits the number of sessions, and what each sends
    requests    requests and refusals, in our words

Imported by: `app.parts`, `realtime.transports.socketio`, `ui`.
"""
