"""Entries of the stream and their ids, as Redis gives them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

FIRST_ID: Final = "0-0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the stream; `payload` is what `decode_entry` reads, or something broken.

    `session`: the field `s`, where the entry was read with its fields. `redriven`: it was a dead
    letter before, and somebody wants to see whether it can be stored now.
    """

    id: str
    payload: bytes
    session: str = field(default="", compare=False)
    redriven: bool = False


def entries_of(found: Sequence[tuple[bytes | None, dict[bytes, bytes] | None]]) -> list[Entry]:
    """What redis-py returns for entries; a deleted one has no fields and an empty payload."""
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


def id_pair(stream_id: str) -> tuple[int, int]:
    """An id as numbers that can be compared: (ms since 1970, sequence)."""
    milliseconds, _, sequence = stream_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def text(value: bytes | str) -> str:
    """What Redis says, as text."""
    return value.decode() if isinstance(value, bytes) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the stream holds. `first` None: nothing; `whole`: nothing was ever removed from it."""

    first: str | None = None
    last: str = FIRST_ID
    whole: bool = True

    def lost_after(self, stream_id: str) -> bool:
        """Whether an entry after this id may be gone.

        An id before the first entry of a stream from which nothing was removed is of another stream.
        """
        if stream_id == FIRST_ID:
            return not self.whole
        if id_pair(stream_id) >= id_pair(self.last):
            return False
        return self.first is None or id_pair(self.first) > id_pair(stream_id)
