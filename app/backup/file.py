"""One file with all data of a database: a tar of three members, in this order.

    dump            the output of `pg_dump --format=custom`
    manifest.json   `Manifest`
    SHA256SUMS      of these two, for `sha256sum --check`

The sums come last: a truncated file lacks them, and an altered file does not match them. The file
gets its name once it is complete and on the disk, and never replaces another file.

Errors: `BackupFileError`, one sentence.
"""

import contextlib
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Final
from uuid import UUID

import msgspec

from app.backup.errors import BackupFileError

FORMAT: Final = 1
DUMP: Final = "dump"
MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
_BLOCK: Final = 512
_CHUNK_BYTES: Final = 1 << 20


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The origin of a backup. `made_at`: the moment of its snapshot. `rows`: by table.

    `audit_head` and `audit_key`: the newest line of the audit (`number:signature`) and the name of
    the key that signed it.
    """

    format: int
    product: str
    made_at: datetime
    postgres: int
    schema: str
    revision: str
    epoch: UUID
    rows: dict[str, int]
    audit_head: str | None = None
    audit_key: str | None = None


def product_version() -> str:
    """The running release; "" if it is not installed as a package."""
    try:
        return version("nest-haus-live")
    except PackageNotFoundError:
        return ""


def write_backup(
    target: Path,
    dump: Iterable[bytes],
    manifest: Manifest,
    check: Callable[[Iterator[bytes]], object],
) -> int:
    """Writes the file and reads it again; returns its size in bytes. Raises BackupFileError.

    `check` gets the dump as read back from the disk.
    """
    if target.exists():
        raise BackupFileError(
            f"{target} is there already, and stays as it is. Choose another name."
        )
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        try:
            descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BackupFileError(f"{target} cannot be written: {error.strerror}.") from error
        try:
            with os.fdopen(descriptor, "w+b") as file:
                _write(file, dump, manifest)
                file.flush()
                os.fsync(file.fileno())
            with opened_backup(partial) as backup:
                check(backup.dump())
            _put_in_place(partial, target)
        except OSError as error:
            raise BackupFileError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return target.stat().st_size


class Backup:
    """A complete and unaltered backup file."""

    def __init__(self, file: IO[bytes], manifest: Manifest, start: int, size: int) -> None:
        self._file = file
        self._start = start
        self._size = size
        self.manifest = manifest

    def dump(self) -> Iterator[bytes]:
        """The dump, from its beginning; one reader at a time."""
        self._file.seek(self._start)
        yield from _parts(self._file, self._size)


@contextlib.contextmanager
def opened_backup(path: Path) -> Iterator[Backup]:
    """The backup in this file, after its sums were verified. Raises BackupFileError."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupFileError(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        yield _read(path, file)


def _write(file: IO[bytes], dump: Iterable[bytes], manifest: Manifest) -> None:
    """Write the members; the dump's header is written last, because its size is unknown before."""
    file.write(b"\0" * _BLOCK)
    digest, size = hashlib.sha256(), 0
    for part in dump:
        digest.update(part)
        size += file.write(part)
    file.write(b"\0" * (-size % _BLOCK))
    after = file.tell()
    file.seek(0)
    file.write(_header(DUMP, size, manifest.made_at))
    file.seek(after)
    described = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    sums = (
        f"{digest.hexdigest()}  {DUMP}\n{hashlib.sha256(described).hexdigest()}  {MANIFEST}\n"
    ).encode()
    for name, content in ((MANIFEST, described), (SUMS, sums)):
        file.write(_header(name, len(content), manifest.made_at))
        file.write(content + b"\0" * (-len(content) % _BLOCK))
    file.write(b"\0" * 2 * _BLOCK)


def _header(name: str, size: int, at: datetime) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(at.timestamp())
    return member.tobuf(format=tarfile.GNU_FORMAT)


def _put_in_place(partial: Path, target: Path) -> None:
    """Give the file its name in one step, and only if no file has that name."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise BackupFileError(f"{target} is there already, and stays as it is.") from None
    except OSError:  # a file system without links
        partial.rename(target)
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read(path: Path, file: IO[bytes]) -> Backup:
    cut_off = f"{path} is no complete backup: it was cut off, or is another kind of file."
    altered = f"{path} was altered or damaged since it was made, and is not restored."
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            members = {member.name: member for member in tar.getmembers()}
            told = {
                name: (tar.extractfile(members[name]) or io.BytesIO()).read()
                for name in (MANIFEST, SUMS)
            }
            dump = members[DUMP]
    except (tarfile.TarError, KeyError, OSError) as error:
        raise BackupFileError(cut_off) from error
    digest = hashlib.sha256()
    file.seek(dump.offset_data)
    try:
        for part in _parts(file, dump.size):
            digest.update(part)
    except EOFError as error:
        raise BackupFileError(cut_off) from error
    found = {DUMP: digest.hexdigest(), MANIFEST: hashlib.sha256(told[MANIFEST]).hexdigest()}
    if told[SUMS].decode(errors="replace").split() != [
        word for name in (DUMP, MANIFEST) for word in (found[name], name)
    ]:
        raise BackupFileError(altered)
    try:
        manifest = msgspec.json.decode(told[MANIFEST], type=Manifest)
    except msgspec.DecodeError as error:
        raise BackupFileError(
            f"{path} has a manifest that this code does not understand: a newer release made it."
        ) from error
    if manifest.format != FORMAT:
        raise BackupFileError(f"A newer release made {path}. Restore it with that release.")
    return Backup(file, manifest, dump.offset_data, dump.size)


def _parts(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        part = file.read(min(size, _CHUNK_BYTES))
        if not part:
            raise EOFError
        size -= len(part)
        yield part
