"""libfaketime, which makes a process believe another time; empty where it is not installed."""

from pathlib import Path
from typing import Final

LIBFAKETIME: Final = (
    *Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"),
    *Path("/usr/lib/faketime").glob("libfaketimeMT.so.1"),
    *Path("/opt/homebrew/lib/faketime").glob("libfaketimeMT.so.1"),
)
