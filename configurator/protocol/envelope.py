"""The common fields of all messages, and the reference to a configuration."""

from typing import Annotated

import msgspec

from configurator.activity.untrusted import NAME_PATTERN

Short = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
IdOrCode = str
"""The id or code of a configuration. Any length is allowed: an unknown one is not found, as over
REST."""


SessionId = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=128, extra_json_schema={"pattern": NAME_PATTERN}),
]


class ClientMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The base of all messages from a client; ``id`` comes back as ``re``."""

    id: Short | None = None


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of all answers; ``re`` is the ``id`` of the message that is answered."""

    re: str | None = None
