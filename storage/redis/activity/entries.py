"""Entries of the stream and their ids, as Redis returns them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from configurator.activity.entries import id_pair

FIRST_ID: Final = "0-0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the stream; `payload` is for `decode_entry`, and may be broken.

    `session`: the field `s`, if the entry was read with its fields. `redriven`: it was a dead
    letter before, and an admin wants to see whether it can be stored now.
    """

    id: str
    payload: bytes
    session: str = field(default="", compare=False)
    redriven: bool = False


def entries_of(found: Sequence[tuple[bytes | None, dict[bytes, bytes] | None]]) -> list[Entry]:
    """The entries in redis-py's answer; a deleted one has no fields, so its payload is empty."""
    return [
        Entry(
            id=text(each),
            payload=(fields or {}).get(b"e", b""),
            session=(fields or {}).get(b"s", b"").decode(errors="replace"),
            redriven=b"redriven" in (fields or {}),
        )
        for each, fields in found
        if each is not None
    ]


def next_id(stream_id: str) -> str:
    """The smallest id after this one."""
    milliseconds, sequence = stream_id.split("-")
    return f"{milliseconds}-{int(sequence) + 1}"


def text(value: bytes | str) -> str:
    """A value from Redis as text."""
    return value.decode() if isinstance(value, bytes) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The ends of the stream. `first` None: it is empty; `whole`: no entry was ever removed."""

    first: str | None = None
    last: str = FIRST_ID
    whole: bool = True

    def lost_after(self, stream_id: str) -> bool:
        """Whether an entry after this id may have been removed.

        An id before the first entry of a `whole` stream belongs to another stream.
        """
        if stream_id == FIRST_ID:
            return not self.whole
        if id_pair(stream_id) >= id_pair(self.last):
            return False
        return self.first is None or id_pair(self.first) > id_pair(stream_id)
