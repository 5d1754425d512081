"""What `nest doctor` says about clocks."""

from datetime import timedelta

from app.finding import Finding
from realtime.clock import Reading


def clocks(subject: str, reading: Reading) -> list[Finding]:
    """Says when a server's clock is not this machine's: times of one are held against the other."""
    if not reading.is_off:
        return []
    side = "ahead of" if reading.off_seconds < 0 else "behind"
    seconds = timedelta(seconds=round(abs(reading.off_seconds)))
    return [
        Finding(
            state="wrong",
            subject=subject,
            text=f"its clock is {seconds} {side} this machine's",
            mend="Let both follow the same time (NTP). Processes store by the clock of PostgreSQL.",
        )
    ]
