"""One finding of `nest doctor`."""

from dataclasses import dataclass
from typing import Literal

FindingState = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line; `mend` says what to do, if anything."""

    state: FindingState
    subject: str
    text: str
    mend: str = ""
