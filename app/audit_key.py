"""The key that signs the audit: NEST_AUDIT_KEY, or a file in NEST_HOME.

It must not be in the database: a person with a copy of the database must be able neither to sign
lines nor to guess their subjects. All processes of one installation need the same key.
"""

import asyncio
import contextlib
import getpass
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from app.chance import new_secret
from app.settings.settings import Settings, SettingsError
from storage.errors import StorageError
from storage.postgres.service.audit import Actor, newest_key_id
from storage.postgres.service.audit_chain import AuditKey

FILE: Final = "audit.key"


KEY_BYTES_MIN: Final = 32
"""The minimum, as for NEST_AUDIT_KEY: a shorter key could be found by trying."""

_TOO_SHORT: Final = (
    "{file}, the key of the audit, has {found} bytes and must have at least {least}: restore it"
    " from your backup, or set NEST_AUDIT_KEY"
)
_ELSEWHERE: Final = (
    "{file} is not there, but the audit in the database is signed with a key ({used}): set"
    " NEST_HOME to the folder, or NEST_AUDIT_KEY to the key, with which it was signed; the key may be in your backup, on"
    " the machine of `nest run`, or in the settings of the web processes. If it is lost, set a new"
    " NEST_AUDIT_KEY: older lines can then not be verified"
)


def audit_key(settings: Settings, database_url: str = "") -> AuditKey:
    """The key that is set, else the one in `NEST_HOME/audit.key`, which is made if it is missing.

    No key is made for a database whose audit was already signed with another one. Raises
    SettingsError.
    """
    if settings.audit_key:
        return AuditKey(settings.audit_key.encode())
    file = settings.home / FILE
    try:
        try:
            secret = file.read_bytes()
        except FileNotFoundError:
            _refuse_a_second(file, database_url or settings.for_web or settings.database_url)
            secret = _made(file)
    except OSError as error:
        raise SettingsError((f"{file}, the key of the audit, cannot be used: {error}",)) from None
    if len(secret.strip()) < KEY_BYTES_MIN:
        raise SettingsError((_TOO_SHORT.format(file=file, found=len(secret), least=KEY_BYTES_MIN),))
    return AuditKey(secret)


def operator(settings: Settings, command: str) -> tuple[AuditKey, Actor]:
    """The key, and the audit's name for the operator who uses this command."""
    try:
        who = f"{command}, {getpass.getuser()}"
    except (KeyError, OSError):  # a container without that user
        who = command
    return audit_key(settings), Actor(who)


def _refuse_a_second(file: Path, database_url: str) -> None:
    """Raises SettingsError if the newest line of the audit has a key, which must be elsewhere."""
    if not database_url:
        return
    with ThreadPoolExecutor(1) as thread:  # at its start, the caller may be in an event loop
        try:
            used = thread.submit(asyncio.run, newest_key_id(database_url)).result()
        except StorageError:
            return  # the process starts without its database; `nest doctor` compares keys later
    if used is not None:
        raise SettingsError((_ELSEWHERE.format(file=file, used=used),))


def _made(file: Path) -> bytes:
    """Make the key file, or read it if another process made it first."""
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
