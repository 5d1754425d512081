"""AsyncAPI 3.0 of the socket protocol: transports, messages, their answers, and every code.

The document is made from the message types and the table of codes, so it cannot contradict the
code. The examples in ``examples.jsonl`` are recorded frames; tests hold them against the schemas.
"""

from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from configurator.protocol.code import Code
from configurator.protocol.codes import CODES, OUTCOME_STATUS
from configurator.protocol.messages import MESSAGE_BYTES_MAX, PROTOCOL
from configurator.protocol.schema import (
    CLIENT_MESSAGES,
    REPLIES,
    SERVER_MESSAGES,
    UNASKED,
    JsonObject,
    MessageType,
    message_schemas,
    protocol_schema,
    tag_of,
)
from realtime.edge.exchange import json
from realtime.people.cookies import Cookies

CHANNEL = "configurator"
_SCHEMA = "#/components/schemas/{name}"

DESCRIPTION = f"""\
Edit the same house together. Every message is one JSON object with a `type`; raw WebSocket and
Socket.IO carry the same messages, and so does the page itself.

- **Begin** with `hello` within five seconds. It carries your token; never put a token into an address.
- **Enter** a configuration with `join`. Come back with `since` and you get exactly what you missed,
  or a snapshot that says so.
- **Change** it with `op`. Its `outcome` is sent after the change is stored. The same `op_id` again is
  always safe and gives the same outcome.
- Put an `id` into a message and its answer has it as `re`. Answers may come between other frames.
- Money is integer cents. No message from a client may be larger than {MESSAGE_BYTES_MAX} bytes.
- Ignore fields and types that you do not know.

`receive` operations are messages from clients, `send` operations are messages that the server sends by
itself. The rules are at /spec, ready-made clients at /sdk/, the codes in `x-codes`.
"""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded frame; ``message`` is the name of its type."""

    message: str
    summary: str
    payload: JsonObject


@cache
def examples() -> tuple[Example, ...]:
    """The recorded frames, in the order of a conversation."""
    lines = (resources.files("realtime.api.declared") / "examples.jsonl").read_bytes().splitlines()
    return tuple(msgspec.json.decode(line, type=Example) for line in lines)


def documents(*, public_url: str) -> list[Route]:
    """The routes of ``/asyncapi.json`` and ``/protocol.schema.json``."""
    described, schema = asyncapi(public_url=public_url), protocol_schema()

    async def describe(_request: Request) -> Response:
        return json(described)

    async def schemas(_request: Request) -> Response:
        return json(schema)

    return [Route("/asyncapi.json", describe), Route("/protocol.schema.json", schemas)]


def asyncapi(*, public_url: str) -> JsonObject:
    """The document of ``/asyncapi.json``."""
    messages = (*CLIENT_MESSAGES, *SERVER_MESSAGES)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "NEST-Haus Live",
            "version": str(PROTOCOL),
            "description": DESCRIPTION,
            "externalDocs": {"description": "The REST API", "url": f"{public_url}/docs"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(public_url),
        "channels": {
            CHANNEL: {
                "address": None,
                "title": "Configurator",
                "description": "One connection: up to 8 configurations, one person.",
                "messages": {
                    each.__name__: {"$ref": f"#/components/messages/{each.__name__}"}
                    for each in messages
                },
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {**_asked(), **_unasked()},
        "components": {
            "messages": {each.__name__: _message(each) for each in messages},
            "schemas": _as_asyncapi(message_schemas(_SCHEMA)),
            "securitySchemes": _security_schemes(public_url),
        },
        "x-codes": {code.name: code_to_json(code) for code in CODES.values()},
        "x-outcomes": OUTCOME_STATUS,
    }


def code_to_json(code: Code) -> JsonObject:
    """One row of the table of codes, for ``x-codes``."""
    return {
        "meaning": {"de": code.text.de, "en": code.text.en},
        "retryable": code.retryable,
        "close_code": code.close,
        "http_status": code.status,
    }


def _servers(public_url: str) -> JsonObject:
    address = urlsplit(public_url)
    secure = address.scheme == "https"
    security = [
        {"$ref": f"#/components/securitySchemes/{name}"} for name in _security_schemes(public_url)
    ]
    return {
        "websocket": {
            "host": address.netloc,
            "pathname": "/ws",
            "protocol": "wss" if secure else "ws",
            "title": "Raw WebSocket",
            "description": "One JSON message a text frame. Offer the subprotocol `nest.v1`.",
            "security": security,
            "x-subprotocol": "nest.v1",
        },
        "socketio": {
            "host": address.netloc,
            "pathname": "/socket.io/",
            "protocol": "wss" if secure else "ws",
            "title": "Socket.IO 4 (Engine.IO 4)",
            "description": "Namespace `/configurator`. The event is the `type`, its one argument the "
            "message. The acknowledgement carries the reply, which also arrives as an event. "
            "`auth: {token, protocol}` on connect stands for `hello`. No binary attachments.",
            "security": security,
            "x-namespace": "/configurator",
        },
    }


def _security_schemes(public_url: str) -> JsonObject:
    cookies = Cookies.of(public_url)
    return {
        "helloToken": {
            "type": "apiKey",
            "in": "password",
            "description": "The bearer token of a person, from `POST /api/people`, or of an admin "
            "session: in `token` of the first message (Socket.IO: in `auth`). Never in an address.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The same token in the Authorization header of the handshake.",
        },
        "personCookie": {
            "type": "httpApiKey",
            "in": "cookie",
            "name": cookies.person,
            "description": "The cookie of our own pages; pages of other origins cannot use it.",
        },
        "adminCookie": {
            "type": "httpApiKey",
            "in": "cookie",
            "name": cookies.admin,
            "description": "The session of an admin, who may watch everything and change nothing.",
        },
    }


def _asked() -> JsonObject:
    """The messages that clients ask with, and the message that answers each."""
    return {
        tag_of(each): {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{CHANNEL}"},
            "summary": _summary(each),
            "messages": [_in_channel(each)],
            "reply": {
                "channel": {"$ref": f"#/channels/{CHANNEL}"},
                "messages": [*map(_in_channel, replies), _in_channel(SERVER_MESSAGES[-1])],
            },
        }
        for each, replies in REPLIES.items()
    }


def _unasked() -> JsonObject:
    return {
        f"on_{tag_of(each)}": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{CHANNEL}"},
            "summary": _summary(each),
            "messages": [_in_channel(each)],
        }
        for each in UNASKED
    }


def _in_channel(message: MessageType) -> JsonObject:
    return {"$ref": f"#/channels/{CHANNEL}/messages/{message.__name__}"}


def _message(message: MessageType) -> JsonObject:
    from_client = message in CLIENT_MESSAGES
    return {
        "name": tag_of(message),
        "title": f"{tag_of(message)} ({'from a client' if from_client else 'from the server'})",
        "summary": _summary(message),
        "contentType": "application/json",
        "payload": {"$ref": _SCHEMA.format(name=message.__name__)},
        "correlationId": {
            "description": "An answer's `re` is the `id` of what it answers.",
            "location": f"$message.payload#/{'id' if from_client else 're'}",
        },
        "examples": [
            {"name": each.message, "summary": each.summary, "payload": each.payload}
            for each in examples()
            if each.message == message.__name__
        ],
    }


def _summary(message: MessageType) -> str:
    """The first paragraph of the message's docstring."""
    return (message.__doc__ or "").partition("\n\n")[0].replace("``", "`").replace("\n    ", " ")


def _as_asyncapi(part: Any) -> Any:  # noqa: ANN401 - any JSON
    """AsyncAPI's dialect: ``discriminator`` is the name of the property alone."""
    if isinstance(part, list):
        return [_as_asyncapi(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        key: value["propertyName"]
        if key == "discriminator" and isinstance(value, dict) and "propertyName" in value
        else _as_asyncapi(value)
        for key, value in part.items()
    }
