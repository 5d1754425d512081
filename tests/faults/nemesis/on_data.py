"""A backup takes the place of everything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.faults.load.backups import make, restore
from tests.faults.nemesis.field import Field
from tests.faults.nemesis.schedule import Step
from tests.faults.nemesis.tabs import newcomer, tell_of_what_is_newer


@asynccontextmanager
async def restored(field: Field, _step: Step) -> AsyncIterator[None]:
    """People go on after a backup; then it is restored under their hands."""
    file = field.home / f"{len(field.ledger.restores)}.backup"
    file.unlink(missing_ok=True)
    made = await make(file, field.operator)
    async with newcomer(field.tabs) as newer:
        yield
        await restore(made, field.operator, field.ledger)
        if newer is not None:
            await tell_of_what_is_newer(newer, field.ledger)
    file.unlink()
