"""The visit of a connection: the visitor, and the session that their interactions belong to."""

from dataclasses import dataclass
from uuid import UUID

from configurator.activity.interaction import parse_session_id
from configurator.activity.untrusted import InteractionInvalid
from configurator.activity.visitor import VisitorTraits
from configurator.protocol.codes import Refused
from realtime.actions.configurations import Actions
from realtime.people.principal import Principal, Visitor

PAGE = "page"
"""The source of what comes from our own page."""


@dataclass(slots=True, kw_only=True)
class ConnectionVisit:
    """`source` is the kind of transport; `session_id` is the client's own id of the session."""

    visitor: VisitorTraits
    source: str
    session_id: str | None = None

    def name(self, session_id: str | None) -> bool:
        """Take the session that the peer names; returns whether it is kept. Raises Refused.

        No session is kept for a visitor who objects to measurement. A page that was opened before
        its visitor decided is believed when it names a session: it does so only after they agreed.
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
        """Assign the named session to this person and configuration."""
        if self.session_id is not None and isinstance(principal, Visitor):
            await actions.visits.link_session(principal, configuration_id, self.session_id)
