"""Mending the append-only file of the embedded Valkey, so that it starts.

Valkey itself drops a last command that is cut short (`aof-load-truncated`). What it refuses is
anything else that is no command: blocks of zeros after a power cut, a bad sector. Then everything
from there on is cut off where the file is the last one, and else all of it is set aside. A manifest
without a line is written again where there are one base and one increment, which have but one order.
In any case the files are kept as they were found, beside the data directory.
"""

import os
import re
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from app.server_process import EmbeddedServerError, run_once

DAMAGED: Final = re.compile(
    r"bad file format reading the append only file|unrecoverable error reading the append only"
    r"|aof manifest|unable to obtain the aof file \S+ length. stat: no such file"
    r"|rdb preamble|wrong signature trying to load|wrong rdb checksum|unexpected eof reading rdb"
    r"|short read or oom loading db|internal error in rdb reading",
    re.IGNORECASE,
)
"""What Valkey writes before it ends because of its file. A file of a newer Valkey ("can't handle RDB
format version") is not damaged and stays where it is."""

DAMAGED_NAMES: Final = "valkey.damaged-*"
"""The name of what is set aside, beside the data directory of Valkey."""

NAMED: Final = re.compile(r"append only file (\S+?):? ", re.IGNORECASE)
MANIFEST: Final = "appendonly.aof.manifest"
PAIR: Final = re.compile(
    r"(appendonly\.aof\.(\d+)\.base\.(?:rdb|aof))\n(appendonly\.aof\.(\d+)\.incr\.aof)"
)
"""The names of one base and one increment, sorted."""

LOST: Final = (
    "Lost are, of what it held, the interactions not yet stored in PostgreSQL, who is present, and "
    "one-time tickets; no edit is."
)


def mend_append_only(
    directory: Path, program: Path, reason: str, *, now: Callable[[], datetime] = datetime.now
) -> str:
    """If `reason` tells of a damaged file, cut it or set it aside; blocks.

    Returns what was done, as sentences; "" where nothing had to be, or could be.
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
                f"of {file.name} were cut off. All of it as it was is in {aside}. {LOST}"
            )
    if _listed_again(directory, aside):
        return (
            f"The manifest of Valkey's append-only file was empty and was written again: nothing of "
            f"the files it names is lost. All of it as it was is in {aside}."
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
    """Copy everything to `aside`, then write an empty manifest anew; False, and no copy, where not.

    In place, so that it stays the file of whoever Valkey runs as.
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
    """Copy everything to `aside`, then cut the file where it stops making sense.

    Returns the number of bytes that were cut off; 0, and no copy, where that does not work. The
    tool is Valkey's own, `valkey-check-aof`: the same program under another name.
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
