"""The key with which the audit is signed: NEST_AUDIT_KEY, or a file in NEST_HOME.

It must not be in the database: whoever has a copy of that must neither sign lines nor guess whom
they are about. All processes of one installation need the same one.
"""

import contextlib
import getpass
import os
from pathlib import Path
from typing import Final

from app.chance import new_secret
from app.settings import Settings
from storage.postgres.audit import Actor
from storage.postgres.audit_chain import AuditKey

FILE: Final = "audit.key"


def audit_key(settings: Settings) -> AuditKey:
    """The key that is set, else the one in `NEST_HOME/audit.key`, made if there is none yet."""
    if settings.audit_key:
        return AuditKey(settings.audit_key.encode())
    file = settings.home / FILE
    try:
        return AuditKey(file.read_bytes())
    except FileNotFoundError:
        return AuditKey(_made(file))


def operator(settings: Settings, command: str) -> tuple[AuditKey, Actor]:
    """The key, and what the audit calls whoever uses this command."""
    try:
        who = f"{command}, {getpass.getuser()}"
    except (KeyError, OSError):  # a container without that user
        who = command
    return audit_key(settings), Actor(who)


def _made(file: Path) -> bytes:
    """Several processes may make it at once: the file of the first one stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{FILE}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, new_secret().encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with contextlib.suppress(FileExistsError):
        os.link(fresh, file)
    fresh.unlink()
    return file.read_bytes()
