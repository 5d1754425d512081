"""A chore of every worker: record the counts of the stream, also for web processes that cannot."""

from realtime.activity.service.offered import Offered
from workers.schedule import NOTE_OFFERED, Chore


def offered_chore(offered: Offered) -> Chore:
    """A chore that calls `offered` at its own pace; `offered` must not be entered."""
    return Chore(name=NOTE_OFFERED, every_seconds=5.0, run=offered.note)
