"""The end of a process that is broken: said in its log, by its exit code, and at once."""

import os
import signal
from types import TracebackType

import structlog

log = structlog.get_logger()


class LoudEnd:
    """A context manager around the life of a process: an error in it ends the process.

    Only our own bugs get here: loops take every answer of a store for an outage. The supervisor of
    the process sees an exit code that is not 0, and starts it anew.
    """

    def __init__(self, *, node: str) -> None:
        self._node = node
        self.exit_code = 0

    def __enter__(self) -> None:
        """Begin to watch; nothing is done for it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.exit_code = 1
            log.critical("web_process_broken", node=self._node, error=type(error).__name__)
            for _ in range(2):  # the second time says: at once, there is nothing to hand over
                os.kill(os.getpid(), signal.SIGTERM)
