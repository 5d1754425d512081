"""A Redis that does not answer is known to be silent; a process that stood still knows nothing."""

from storage.deadline import StoodStill
from storage.errors import StorageUnavailable
from storage.redis.silence import Silence

PATIENT, SILENT = 2.0, 0.1


def unavailable(cause: Exception) -> StorageUnavailable:
    error = StorageUnavailable("Redis: away")
    error.__cause__ = cause
    return error


async def look() -> None:
    """Redis answers."""


async def test_only_a_deadline_that_redis_let_pass_makes_it_silent() -> None:
    silence = Silence(patient_seconds=PATIENT, look=look)
    silence.heard(unavailable(StoodStill()))
    assert silence.patience(SILENT) == PATIENT, "interactions are not refused for our own pause"
    silence.heard(unavailable(TimeoutError()))
    assert silence.patience(SILENT) == SILENT
    silence.heard(unavailable(StoodStill()))
    assert silence.patience(SILENT) == SILENT, "nor is it an answer"
    silence.heard(unavailable(ConnectionResetError()))
    assert silence.patience(SILENT) == PATIENT
