"""The newest ops of a room, compact, for members who missed a few."""

from collections import deque
from collections.abc import Sequence

from configurator.protocol import codec
from configurator.protocol.messages import OpFrame

OPS_MAX = 500
BYTES_MAX = 256 * 1024


class RecentOps:
    """Consecutive versions up to the newest; beyond its bounds the oldest are dropped."""

    def __init__(self, *, ops_max: int = OPS_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._ops_max = ops_max
        self._bytes_max = bytes_max
        self._ops: deque[tuple[int, bytes]] = deque()
        self._size_bytes = 0

    def append(self, frame: OpFrame) -> None:
        """Keep the next version."""
        self._ops.append((frame.version, codec.encode(frame)))
        self._size_bytes += len(self._ops[-1][1])
        while len(self._ops) > self._ops_max or self._size_bytes > self._bytes_max:
            self._size_bytes -= len(self._ops.popleft()[1])

    def prepend(self, frames: Sequence[OpFrame]) -> None:
        """Keep ops right before the oldest version, as far as there is room."""
        for frame in reversed(frames):
            if self._ops and frame.version >= self._ops[0][0]:
                continue
            encoded = codec.encode(frame)
            if (
                len(self._ops) >= self._ops_max
                or self._size_bytes + len(encoded) > self._bytes_max
                or (self._ops and frame.version != self._ops[0][0] - 1)
            ):
                return
            self._ops.appendleft((frame.version, encoded))
            self._size_bytes += len(encoded)

    def after(self, version: int, newest: int) -> list[bytes] | None:
        """The ops after ``version`` up to ``newest``; None if not all of them are here."""
        missed = [encoded for each, encoded in self._ops if each > version]
        return missed if len(missed) == newest - version else None

    def clear(self) -> None:
        """Forget everything."""
        self._ops.clear()
        self._size_bytes = 0
