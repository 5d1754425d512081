"""The unconfirmed messages of a page, kept for the moment in which its browser comes back."""

import sys
from collections import deque
from typing import Any, Final

from typing_extensions import override

HISTORY_BYTES_MAX: Final = 256 * 1024
"""The bytes kept for one page. The 400 messages that NiceGUI may keep are 320 kB of ops, but 8 MB
of snapshots."""

MESSAGE_BYTES: Final = 512
"""The memory of a message beside its texts."""

HistoryEntry = tuple[int, float, tuple[str, str, Any]]
"""A message: its number, its time, and (receiver, kind, content)."""


class PageHistory(deque[HistoryEntry]):
    """NiceGUI's history of one page, bounded in bytes: the oldest messages are dropped.

    A browser that has missed more than is kept loads its page again, as in NiceGUI itself.
    """

    size_bytes = 0

    @override
    def append(self, entry: HistoryEntry, /) -> None:
        """Keep one more message."""
        super().append(entry)
        self.size_bytes += _size(entry)
        while self.size_bytes > HISTORY_BYTES_MAX:
            self.popleft()

    @override
    def popleft(self) -> HistoryEntry:
        """Remove and return the oldest message."""
        return self._forgotten(super().popleft())

    @override
    def pop(self) -> HistoryEntry:  # type: ignore[override]  # a deque takes no index
        """Remove and return the newest message."""
        return self._forgotten(super().pop())

    @override
    def clear(self) -> None:
        """Remove all messages."""
        super().clear()
        self.size_bytes = 0

    def _forgotten(self, entry: HistoryEntry) -> HistoryEntry:
        self.size_bytes -= _size(entry)
        return entry


def _size(entry: HistoryEntry) -> int:
    data = entry[2][2]
    values = data.values() if isinstance(data, dict) else ()
    return MESSAGE_BYTES + sum(sys.getsizeof(value) for value in values if isinstance(value, str))
