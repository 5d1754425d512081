"""`nest worker`: one worker process."""

import argparse
from collections.abc import Mapping

from app.commands.processes.web import end_with_stdin
from app.commands.stores import for_process
from app.doctor.usable import of_worker, require_usable
from app.processes import run_worker
from app.settings.settings import Settings
from app.worker import run as work

HELP = "Run one worker: it writes the recorded interactions to PostgreSQL, and runs jobs."
EXAMPLE = "DATABASE_URL=postgresql://nest@db/nest REDIS_URL=redis://cache/0 nest worker"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that a supervisor passes; they are not needed by hand."""
    end_with_stdin(parser)


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Works until a signal."""
    settings = for_process(settings, "worker", environ)
    require_usable(of_worker(settings), settings.redis_url, waits=True)
    return run_worker(settings, work, end_with_stdin=options.end_with_stdin)
