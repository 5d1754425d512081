"""The installed command `nest`: Ctrl-C ends it without a traceback, also while it loads."""

import signal


def main() -> int:
    """Run one command; returns the exit code."""
    try:
        from app.cli import main as run  # noqa: PLC0415 - here, so that Ctrl-C is caught

        return run()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
