"""Repairs the append-only file of the embedded Valkey, so that it starts.

Valkey itself drops a truncated last command (`aof-load-truncated`). It refuses all other damage, such
as blocks of zeros after a power cut, or a bad sector. If the damaged file is the last one, everything
from there on is cut off; otherwise all files are set aside. An empty manifest is written again if there
are exactly one base and one increment, whose order is clear. In every case a copy of the files as found
is kept beside the data directory.
"""

import os
import re
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from app.programs.server_process import EmbeddedServerError, run_once

DAMAGED: Final = re.compile(
    r"bad file format reading the append only file|unrecoverable error reading the append only"
    r"|aof manifest|unable to obtain the aof file \S+ length. stat: no such file"
    r"|rdb preamble|wrong signature trying to load|wrong rdb checksum|unexpected eof reading rdb"
    r"|short read or oom loading db|internal error in rdb reading",
    re.IGNORECASE,
)
"""Valkey's messages before it exits because of a damaged file. A file of a newer Valkey ("can't handle
RDB format version") is not damaged and stays where it is."""

DAMAGED_NAMES: Final = "valkey.damaged-*"
"""The names of the copies beside the data directory of Valkey."""

NAMED: Final = re.compile(r"append only file (\S+?):? ", re.IGNORECASE)
MANIFEST: Final = "appendonly.aof.manifest"
PAIR: Final = re.compile(
    r"(appendonly\.aof\.(\d+)\.base\.(?:rdb|aof))\n(appendonly\.aof\.(\d+)\.incr\.aof)"
)
"""The names of one base and one increment, sorted."""

LOST: Final = (
    "Its interactions that were not yet stored in PostgreSQL, the presence of people and one-time "
    "tickets are lost; no edit is lost."
)


def mend_append_only(
    directory: Path, program: Path, reason: str, *, now: Callable[[], datetime] = datetime.now
) -> str:
    """If `reason` reports a damaged file, cut it or set it aside; blocks.

    Returns sentences about the repair; "" if no repair was needed or possible.
    """
    if not DAMAGED.search(reason):
        return ""
    aside = directory.with_name(f"{directory.name}.damaged-{now():%Y%m%d-%H%M%S}")
    named = NAMED.search(reason)
    file = directory / "appendonlydir" / named[1] if named else None
    if file is not None and _is_last(file):
        size = file.stat().st_size
        if cut := _cut(directory, program, file, aside):
            return (
                f"The append-only file of Valkey is damaged: the last {cut:,} of the {size:,} bytes "
                f"of {file.name} were cut off. A copy of the file as it was is in {aside}. {LOST}"
            )
    if _listed_again(directory, aside):
        return (
            f"The manifest of Valkey's append-only file was empty and was written again: nothing in "
            f"its files is lost. A copy of everything as it was is in {aside}."
        )
    try:
        directory.rename(aside)
    except OSError:
        return ""
    what = file.name if file is not None else "appendonlydir"
    return (
        f"The append-only file of Valkey is damaged ({what}): it was set aside as {aside}, and an "
        f"empty one is begun. {LOST}"
    )


def _is_last(file: Path) -> bool:
    """Whether nothing in the manifest comes after this file."""
    try:
        manifest = (file.parent / MANIFEST).read_text()
    except (OSError, UnicodeDecodeError):
        return False
    lines = [line.split() for line in manifest.splitlines() if line]
    return bool(lines) and lines[-1][:2] == ["file", file.name] and lines[-1][-1] == "i"


def _listed_again(directory: Path, aside: Path) -> bool:
    """Copy everything to `aside`, then rewrite an empty manifest; False, without a copy, if not possible.

    The manifest is written in place, so that its owner stays the user of Valkey.
    """
    manifest = directory / "appendonlydir" / MANIFEST
    try:
        if manifest.read_bytes().strip(b"\0 \n"):
            return False
        others = sorted(each.name for each in manifest.parent.iterdir() if each != manifest)
        found = PAIR.fullmatch("\n".join(others))
        if found is None:
            return False
        shutil.copytree(directory, aside)
        base, base_number, increment, number = found.groups()
        with manifest.open("w") as file:
            file.write(f"file {base} seq {base_number} type b\n")
            file.write(f"file {increment} seq {number} type i\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        return False
    return True


def _cut(directory: Path, program: Path, file: Path, aside: Path) -> int:
    """Copy everything to `aside`, then cut the file where its damage begins.

    Returns the number of bytes that were cut off; 0, without a copy, if that does not work. The
    tool is Valkey's own `valkey-check-aof`: the same program under another name.
    """
    size = file.stat().st_size
    tool = directory / "valkey-check-aof"
    try:
        shutil.copytree(directory, aside)
        tool.unlink(missing_ok=True)
        tool.symlink_to(program)
        run_once(str(tool), "--fix", str(file), directory=directory, said="y\n")
    except (OSError, EmbeddedServerError):
        pass
    tool.unlink(missing_ok=True)
    cut = size - file.stat().st_size
    if not cut:
        shutil.rmtree(aside, ignore_errors=True)
    return cut
