"""Ends a broken process at once, with a log line and an exit code."""

import os
import signal
from types import TracebackType

import structlog

log = structlog.get_logger()


class LoudEnd:
    """A context manager around the life of a process: an error in it ends the process.

    Only our own bugs get here, because loops treat every error of a store as an outage. The supervisor
    of the process sees an exit code other than 0, and starts it again.
    """

    def __init__(self, *, node: str) -> None:
        self._node = node
        self.exit_code = 0

    def __enter__(self) -> None:
        """Does nothing: the errors are handled at the exit."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.exit_code = 1
            log.critical("web_process_broken", node=self._node, error=type(error).__name__)
            for _ in range(2):  # the second call makes it end at once, without handing over
                os.kill(os.getpid(), signal.SIGTERM)
