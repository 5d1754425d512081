"""The findings of `nest doctor` about clocks."""

from datetime import timedelta

from app.doctor.finding import Finding
from realtime.process.clock import Reading


def clocks(subject: str, reading: Reading) -> list[Finding]:
    """A finding if a server's clock differs from this machine's, because their times are compared."""
    if not reading.is_off:
        return []
    side = "ahead of" if reading.off_seconds < 0 else "behind"
    seconds = timedelta(seconds=round(abs(reading.off_seconds)))
    return [
        Finding(
            state="wrong",
            subject=subject,
            text=f"its clock is {seconds} {side} this machine's",
            mend="Synchronise both clocks (NTP). Processes store by the clock of PostgreSQL.",
        )
    ]
