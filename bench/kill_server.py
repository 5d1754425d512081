"""Web processes that start at once: this process builds the product once, then forks one per life.

For each line on standard input the last child is reaped, a new one is forked and its process id is
printed. The children serve on PORT, without screens, until somebody kills them.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys

import uvicorn
import uvloop

from app.logging import configure_logging
from app.processes import web_config
from app.settings import Settings, parse_settings
from app.web import Web


def main() -> None:
    """Serve commands until standard input ends."""
    settings = parse_settings(os.environ, node="bench")
    configure_logging(level="critical", form="text", node="bench")
    web = Web(settings)  # connects to nothing before it is served
    gc.freeze()
    child = 0
    for _ in sys.stdin:
        _end(child)
        child = os.fork()
        if child == 0:
            _live(settings, web)
        print(child, flush=True)
    _end(child)


def _end(child: int) -> None:
    if child:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)


def _live(settings: Settings, web: Web) -> None:
    server = uvicorn.Server(web_config(settings, web.app, web.connections))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve())
    os._exit(0)


if __name__ == "__main__":
    main()
