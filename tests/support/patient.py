"""Deadlines of PostgreSQL for tests that are about something else, also on a slow machine."""

from typing import Final

from storage.postgres.engine import Deadlines
from tests.support.waiting import PATIENT_SECONDS

PATIENT: Final = Deadlines(
    connect=PATIENT_SECONDS,
    pool=PATIENT_SECONDS,
    statement=PATIENT_SECONDS,
    call=PATIENT_SECONDS,
)
