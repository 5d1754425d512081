"""Messages that a page was sent and has not confirmed, kept for the moment in which its browser comes back."""

import sys
from collections import deque
from typing import Any, Final

from typing_extensions import override

HISTORY_BYTES_MAX: Final = 256 * 1024
"""Of one page. The 400 messages that NiceGUI may keep are 320 kB of ops, but 8 MB of snapshots."""

MESSAGE_BYTES: Final = 512
"""Memory of a message beside its texts."""

Entry = tuple[int, float, tuple[str, str, Any]]
"""Number, time, and the message: for whom, of which kind, with what."""


class PageHistory(deque[Entry]):
    """NiceGUI's history of one page, bounded in bytes: the oldest messages give way.

    A browser that has missed more than is kept loads its page again, as NiceGUI has it.
    """

    size_bytes = 0

    @override
    def append(self, entry: Entry, /) -> None:
        """Keep one more."""
        super().append(entry)
        self.size_bytes += _size(entry)
        while self.size_bytes > HISTORY_BYTES_MAX:
            self.popleft()

    @override
    def popleft(self) -> Entry:
        """Forget the oldest."""
        return self._forgotten(super().popleft())

    @override
    def pop(self) -> Entry:  # type: ignore[override]  # a deque takes no index
        """Take back the newest."""
        return self._forgotten(super().pop())

    @override
    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self.size_bytes = 0

    def _forgotten(self, entry: Entry) -> Entry:
        self.size_bytes -= _size(entry)
        return entry


def _size(entry: Entry) -> int:
    data = entry[2][2]
    values = data.values() if isinstance(data, dict) else ()
    return MESSAGE_BYTES + sum(sys.getsizeof(value) for value in values if isinstance(value, str))
