"""What every message of the protocol has, and how a configuration is named in one."""

from typing import Annotated

import msgspec

Short = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Reference = str
"""The id or code of a configuration, of any length: what is none belongs to nobody, as over REST."""


class ClientMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What all messages from a client have in common: ``id`` comes back as ``re``."""

    id: Short | None = None


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What all answers have in common: ``re`` is the ``id`` of the message that is answered."""

    re: str | None = None
