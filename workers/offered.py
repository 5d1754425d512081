"""A chore of every worker: note what the stream took, also for web processes that do not."""

from realtime.offered import Offered
from workers.schedule import NOTE_OFFERED, Chore


def offered_chore(offered: Offered) -> Chore:
    """`offered` is not entered: the chore is its pace."""
    return Chore(name=NOTE_OFFERED, every_seconds=5.0, run=offered.note)
