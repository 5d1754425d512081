"""One line of what `nest doctor` says."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`mend` says what to do, where there is something to do."""

    state: State
    subject: str
    text: str
    mend: str = ""
