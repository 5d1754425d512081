"""People in the houses of a web process, their roles, and what asking for them costs."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import event, text

from configurator.people.sharing import Invitation, SharedRole
from storage.postgres.engine import Database
from tests.realtime.clients import Json
from tests.realtime.conftest import RunningWeb

BY_THE_CLOCK = frozenset(
    {"head beacon", "catch up", "grants", "live view", "clock", "offered"}
    | {"look at PostgreSQL", "unless away"}
)
"""Tasks that read at intervals even without visitors: the number of reads depends on the length of a test."""


@contextmanager
def statements(web: RunningWeb) -> Iterator[list[str]]:
    """The statements that this process sends to PostgreSQL in the block, except periodic ones."""
    asked: list[str] = []

    def note(*arguments: Any) -> None:
        task = asyncio.current_task()
        if task is None or task.get_name() not in BY_THE_CLOCK:
            asked.append(str(arguments[2]))

    engine = web.parts.stores.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def owner_of(web: RunningWeb, token: str | None) -> UUID:
    principal = await web.parts.people.authenticator.by_token(token or "")
    assert principal is not None
    return principal.person.id


async def guest(web: RunningWeb, house: Json, owner: str, role: SharedRole = "editor") -> Json:
    """Somebody who accepted an invitation: their id and token."""
    principal = await web.parts.people.authenticator.by_token(owner)
    assert principal is not None
    sharing = web.parts.editing.sharing
    invited = await sharing.invite(principal, house["id"], Invitation(role=role))
    person, token = await web.parts.editing.actions.people.register()
    await sharing.redeem(person, invited.url.partition("#")[2])
    return {"id": person.person.id, "token": token}


async def guest_becomes_editor(web: RunningWeb, house: Json, owner: str, person: Json) -> None:
    principal = await web.parts.people.authenticator.by_token(owner)
    redeeming = await web.parts.people.authenticator.by_token(person["token"])
    assert principal is not None
    assert redeeming is not None
    invited = await web.parts.editing.sharing.invite(
        principal, house["id"], Invitation(role="editor")
    )
    await web.parts.editing.sharing.redeem(redeeming, invited.url.partition("#")[2])


async def set_role(database: Database, person_id: UUID, role: str) -> None:
    statement = text("UPDATE grants SET role = :role WHERE person_id = :person")
    await database.write(
        lambda connection: connection.execute(statement, {"role": role, "person": person_id})
    )
