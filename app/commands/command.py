"""The parts that every module of a command has."""

import argparse
from collections.abc import Mapping
from typing import Protocol

from app.settings.settings import Settings


class Command(Protocol):
    """A module of a command has all of these; `tests/app/commands/test_commands.py` lists the modules."""

    @property
    def HELP(self) -> str:  # noqa: N802 - a constant of a module
        """The text of `nest COMMAND --help`, with the command's own exit codes."""

    @property
    def EXAMPLE(self) -> str:  # noqa: N802 - a constant of a module
        """One or more lines that work when they are pasted."""

    def arguments(self, parser: argparse.ArgumentParser, /) -> None:
        """Adds the arguments."""

    def run(
        self, settings: Settings, options: argparse.Namespace, environ: Mapping[str, str], /
    ) -> int:
        """Runs the command; returns the exit code, or raises an error that `app.cli` prints."""
