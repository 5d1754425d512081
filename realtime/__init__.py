"""Live configurations: rooms, connections, actions, transports, the HTTP API."""
