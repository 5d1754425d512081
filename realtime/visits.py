"""The visit that a connection belongs to: who comes, and the session their interactions go to."""

from dataclasses import dataclass
from uuid import UUID

from configurator.activity import parse_session_id
from configurator.protocol.codes import Refused
from configurator.untrusted import InteractionInvalid
from configurator.visitor import Visitor
from realtime.actions import Actions
from realtime.principal import Principal

PAGE = "page"
"""The source of what comes from our own page."""


@dataclass(slots=True, kw_only=True)
class Visit:
    """`source` is the kind of transport; `session_id` the session as its client calls it."""

    visitor: Visitor
    source: str
    session_id: str | None = None

    def name(self, session_id: str | None) -> bool:
        """The peer says which session this is; whether one is kept. Raises Refused.

        None is kept of who objects. Of a page that was opened before its visitor had decided, the
        word is that it names a session: it does so only once they have agreed.
        """
        if session_id is None:
            return False
        try:
            parsed = parse_session_id(session_id)
        except InteractionInvalid as invalid:
            raise Refused("malformed_message", detail=f"session_id: {invalid.code}") from None
        agreed = self.source == PAGE and self.visitor.objection == "no_consent"
        if self.visitor.objection is not None and not agreed:
            return False
        self.session_id = parsed
        return True

    async def link(self, actions: Actions, principal: Principal, configuration_id: UUID) -> None:
        """The session that was named is this person's, on this configuration."""
        if self.session_id is not None and not principal.admin:
            await actions.link_session(principal, configuration_id, self.session_id)
