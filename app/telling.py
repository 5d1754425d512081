"""The lines that a command prints while it works and when it is done."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

FIRST_SECONDS: Final = 2.0
NEXT_SECONDS: Final = 10.0


def tell(line: str) -> None:
    """Prints a line. If the reader has closed the output (`| head -1`), the command continues."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@contextmanager
def goes_on(what: str) -> Iterator[None]:
    """Prints to standard error that the block still runs, after two seconds and then every ten."""
    over = Event()
    telling = Thread(target=_say_often, args=(what, over), daemon=True)
    telling.start()
    try:
        yield
    finally:
        over.set()
        telling.join()


def _say_often(what: str, over: Event) -> None:
    began, pause = time.monotonic(), FIRST_SECONDS
    while not over.wait(pause):
        print(f"nest: {what}, {time.monotonic() - began:.0f} s so far …", file=sys.stderr)
        pause = NEXT_SECONDS
