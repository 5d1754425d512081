"""`nest web`: one web process."""

import argparse
from collections.abc import Mapping

from app.commands.stores import for_process
from app.doctor.usable import of_web, require_usable
from app.processes import serve_web
from app.settings.settings import Settings
from app.supervisor.listening import require_free_port

HELP = "Run one web process: pages, sockets and the HTTP API. Start as many as you need."
EXAMPLE = "DATABASE_URL=postgresql://nest@db/nest REDIS_URL=redis://cache/0 PORT=8081 nest web"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that a supervisor passes; they are not needed by hand."""
    parser.add_argument(
        "--listen-fd",
        type=int,
        action="append",
        metavar="NUMBER",
        help="serve on this inherited socket, which listens already, instead of HOST and PORT",
    )
    end_with_stdin(parser)


def end_with_stdin(parser: argparse.ArgumentParser) -> None:
    """Adds the argument that makes a process end together with its supervisor."""
    parser.add_argument(
        "--end-with-stdin",
        action="store_true",
        help="stop when standard input closes (how `nest run` makes sure nothing is left)",
    )


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Serves until a signal. Checks the settings before it loads the product, which takes 2 s."""
    settings = for_process(settings, "web", environ)
    if not options.listen_fd:
        require_free_port(settings.host, settings.port)
    require_usable(of_web(settings), settings.redis_url, waits=True)
    from app.web import served_web  # noqa: PLC0415 - see above

    return serve_web(
        settings,
        served_web,
        end_with_stdin=options.end_with_stdin,
        listen_fds=options.listen_fd or (),
    )
