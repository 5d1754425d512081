"""The one protocol that the page, Socket.IO, raw WebSocket and REST clients speak."""
