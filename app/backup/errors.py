"""Errors of the commands for backups. Each is one sentence that says what to do.

BackupError          nothing was changed
  BackupFileError      the file cannot be written, or cannot be restored
  NoDataError          there is no database, or no data of this product in it
  RestoreRefused       the backup does not fit here, or would replace data without --replace
  UpgradeImpossible    the data cannot be upgraded in this way
"""

from typing import Final

from app.embedded.postgres_tools import ToolError
from app.programs.server_process import EmbeddedServerError
from app.supervisor.exclusive import AlreadyInUseError


class BackupError(Exception):
    """The root of this tree."""


class BackupFileError(BackupError):
    """The file cannot be written, or cannot be restored."""


class NoDataError(BackupError):
    """There is no database in this NEST_HOME, or no data of this product in it."""


class RestoreRefused(BackupError):
    """The backup does not fit here, or would replace data without --replace."""


class UpgradeImpossible(BackupError):
    """The data cannot be upgraded in this way."""


EXPECTED: Final = (AlreadyInUseError, BackupError, EmbeddedServerError, ToolError)
"""Errors that these commands print as a sentence, ending with exit code 1."""
