"""How messages travel: raw WebSocket, Socket.IO, in process. No transport decides anything."""
