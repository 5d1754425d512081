"""The log of an embedded server: one bounded file, in which the reason of an end is found.

The server has the file open for appending, so the file is emptied in place and later lines begin at
its start; the earlier contents are kept once, as `NAME.log.1`.
"""

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

LOG_LIMIT_BYTES: Final = 10_000_000
READ_BYTES: Final = 65_536
"""Bytes that are read at the end of the log, where the reason of an end is."""


@dataclass(slots=True)
class ServerLog:
    """The log of one server.

    `severe` are the patterns of lines that can be a reason, the most severe first; a line that matches
    `beside` never is.
    """

    path: Path
    severe: tuple[re.Pattern[str], ...]
    beside: re.Pattern[str]
    limit_bytes: int = LOG_LIMIT_BYTES
    _start: int = field(default=0, init=False)

    def begin(self) -> BinaryIO:
        """Open it for the next start; earlier lines no longer count as reasons."""
        opened = self.path.open("ab")
        self._start = opened.tell()
        return opened

    def mark(self) -> None:
        """Record that the server works: lines until now are not the reason of a later end."""
        with suppress(OSError):
            self._start = self.path.stat().st_size

    def reason(self) -> str:
        """The last line since `begin` or `mark` that gives a reason, or ""."""
        lines = [each for each in self._lines() if not self.beside.search(each)]
        for pattern in self.severe:
            for line in reversed(lines):
                if pattern.search(line):
                    return line.strip()
        return ""

    def last_words(self) -> str:
        """The reason, else the last line since `begin`, else "nothing"."""
        lines = self._lines()
        return self.reason() or (lines[-1].strip() if lines else "nothing")

    def rotate(self) -> None:
        """Keep it below `limit_bytes`; blocks while a file of this size is copied.

        A line written at that moment may be lost. If the disk is full, no copy is kept.
        """
        with suppress(OSError):
            if self.path.stat().st_size <= self.limit_bytes:
                return
            old = self.path.with_name(f"{self.path.name}.1")
            try:
                shutil.copyfile(self.path, old)
            except OSError:
                old.unlink(missing_ok=True)
            os.truncate(self.path, 0)
            self._start = 0

    def _lines(self) -> list[str]:
        try:
            with self.path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(self._start if self._start <= end else 0, end - READ_BYTES))
                return file.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return []
