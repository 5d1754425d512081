"""The command `nest` as it is installed: Ctrl-C ends it without a traceback, also while it loads."""

import signal
from importlib import import_module


def main() -> int:
    """Run one command; returns the exit code."""
    try:
        code: int = import_module("app.cli").main()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return code
