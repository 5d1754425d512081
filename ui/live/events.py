"""The events that NiceGUI's script sends for a page, checked before NiceGUI sees them.

Each function raises UnreadableError, or a ValueError, KeyError, IndexError or TypeError, if the
arguments do not have the shape that the script gives them. It does nothing if the socket is not the
page's.
"""

from typing import Any, Final, TypeGuard

from nicegui import Client

from realtime.transports.engineio.connection import UnreadableError

EVENT_ARGUMENTS_MAX: Final = 4
NAME_CHARACTERS_MAX: Final = 100
"""The longest id that a browser may make for itself: they are UUIDs."""


def on_event(sid: str, message: dict[str, Any]) -> None:
    """Handle an event of an element: call its listener in Python."""
    arguments = message["args"]
    well_formed = (
        is_whole(message["id"])
        and isinstance(message["listener_id"], str)
        and isinstance(arguments, list)
        and len(arguments) <= EVENT_ARGUMENTS_MAX
        and all(argument is None or isinstance(argument, str) for argument in arguments)
    )
    if not well_formed:
        raise UnreadableError
    client = owner(sid, message)
    if client is not None:
        client.handle_event(message)


def on_javascript_response(sid: str, message: dict[str, Any]) -> None:
    """Handle the answer of the page to a question of Python."""
    if not isinstance(message["request_id"], str):
        raise UnreadableError
    client = owner(sid, message)
    if client is not None:
        client.handle_javascript_response(message)


def on_ack(sid: str, message: dict[str, Any]) -> None:
    """Handle the page's confirmation of the messages that it has."""
    if not is_whole(message["next_message_id"]):
        raise UnreadableError
    client = owner(sid, message)
    if client is not None:
        client.outbox.prune_history(message["next_message_id"])


def owner(sid: str, message: dict[str, Any]) -> Client | None:
    """Return the page a message is for, if the socket that sent it is that page's own."""
    client_id = message["client_id"]
    if not isinstance(client_id, str):
        raise UnreadableError
    client = Client.instances.get(client_id)
    return client if client is not None and sid in client._socket_to_document_id else None  # noqa: SLF001


def name_of(value: object) -> str | None:
    """Return an id that a browser made for itself, or None for anything else."""
    return value if isinstance(value, str) and 0 < len(value) <= NAME_CHARACTERS_MAX else None


def is_whole(value: object) -> TypeGuard[int]:
    """Whether this is an integer; a boolean does not count."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether this is a whole number, or a text of digits, as in an address."""
    return (is_whole(value) and value >= 0) or (
        isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16
    )
