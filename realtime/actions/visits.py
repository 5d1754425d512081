"""Visitor sessions: each visit of a configuration belongs to one.

Callers ask only for visitors who may be measured.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from configurator.activity.event_ids import session_uuid
from realtime.people.principal import Principal
from storage.postgres.activity.sessions import CurrentSession, Sessions

SESSION_TIMEOUT = timedelta(minutes=30)


class VisitActions:
    """Begins sessions, and links sessions that clients began to people and configurations."""

    def __init__(
        self,
        sessions: Sessions,
        *,
        now: Callable[[], datetime],
        new_session_key: Callable[[], str],
    ) -> None:
        self._sessions = sessions
        self._now = now
        self._new_session_key = new_session_key

    async def session(
        self, principal: Principal, configuration_id: UUID, *, bot_reason: str | None = None
    ) -> CurrentSession:
        """The visitor session of this visit: the running one, or a new one after 30 minutes.

        Called only for visitors who may be measured. ``bot_reason`` says why the visitor is taken
        for a bot.
        """
        return await self._sessions.current(
            person_id=principal.person.id,
            configuration_id=configuration_id,
            new_key=self._new_session_key(),
            since=self._now() - SESSION_TIMEOUT,
            bot_reason=bot_reason,
        )

    async def link_session(
        self, principal: Principal, configuration_id: UUID, session_id: str
    ) -> UUID | None:
        """Assign a client's session to this person and house, and return its stored id.

        Returns None when the session is another person's, or was erased. Called only for visitors
        who may be measured.
        """
        stored_id = session_uuid(session_id)
        linked = await self._sessions.link(
            stored_id,
            external_id=None if str(stored_id) == session_id else session_id,
            person_id=principal.person.id,
            configuration_id=configuration_id,
        )
        return stored_id if linked else None

    async def woke(self, principal: Principal, session_id: str) -> None:
        """Record that the person now looks at a page that their browser had fetched ahead."""
        await self._sessions.woke(session_uuid(session_id), principal.person.id)

    async def running(self, principal: Principal, configuration_id: UUID) -> UUID | None:
        """The running session of this person on this configuration, if there is one."""
        return await self._sessions.running(
            person_id=principal.person.id,
            configuration_id=configuration_id,
            since=self._now() - SESSION_TIMEOUT,
        )
