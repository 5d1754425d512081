"""Web processes that start at once: this process builds the product once, and forks for each start.

For each line on standard input it reaps the last child, forks a new one and prints its process id.
The children serve on PORT, without screens, until they are killed.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys

import uvicorn
import uvloop

from app.logs.setup import configure_logging
from app.processes import web_config
from app.settings.settings import Settings, parse_settings
from app.web import Web


def main() -> None:
    """Handle commands until standard input ends."""
    settings = parse_settings(os.environ, node="bench")
    configure_logging(level="critical", form="text", node="bench")
    web = Web(settings)  # makes no connection before it is served
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
