"""Tickets: what opens one connection, for whoever must not have the token."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from realtime.http.edge import json
from realtime.http.endpoints import Endpoint
from realtime.limits import Limits
from realtime.tickets import TTL_MS, TicketOffice


class TicketAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What to send as ``token`` of ``hello``, once, within this time."""

    ticket: str
    expires_in_ms: int


class TicketEndpoints:
    """The handler."""

    def __init__(self, *, office: TicketOffice, limits: Limits) -> None:
        self._office = office
        self._limits = limits

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            Endpoint(
                method="POST",
                path="/api/tickets",
                handler=self.issue,
                summary="A ticket for one connection of the bearer token or cookie, a person's or "
                "an admin's: it goes where the token goes in hello (Socket.IO: in auth), works "
                "once, and is no bearer token.",
                answer=TicketAnswer,
                status=201,
                codes=["not_authenticated", "foreign_origin", "too_many_requests", "unavailable"],
                tags=["people"],
                limit="ticket",
            )
        ]

    async def issue(self, request: Request) -> Response:
        """``POST /api/tickets``."""
        asker = await self._office.asker(request)
        if asker is None:
            raise Refused("not_authenticated")
        principal, owner_sha256 = asker
        if wait_ms := self._limits.op(principal.person.id, None):
            raise Refused("too_many_requests", retry_after_ms=wait_ms)
        ticket = await self._office.issue(owner_sha256)
        return json(TicketAnswer(ticket=ticket, expires_in_ms=TTL_MS), 201)
