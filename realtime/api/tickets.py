"""Tickets: each opens one connection, for a program that must not have the token."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from realtime.api.declared.marks import post
from realtime.edge.exchange import json
from realtime.limits.connections import Limits
from realtime.people.tickets import TTL_MS, Tickets


class TicketAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket to send as ``token`` of ``hello``, once, within the given time."""

    ticket: str
    expires_in_ms: int


class TicketEndpoints:
    """The endpoint of tickets."""

    def __init__(self, *, tickets: Tickets, limits: Limits) -> None:
        self._tickets = tickets
        self._limits = limits

    @post(
        "/api/tickets",
        TicketAnswer,
        status=201,
        codes=["not_authenticated"],
        tag="people",
        limit="ticket",
        away="unavailable",
    )
    async def issue(self, request: Request) -> Response:
        """Make a ticket for one connection of this person or admin.

        Send the ticket in place of the token in hello (Socket.IO: in auth). It works once, and not
        as a bearer token.
        """
        asker = await self._tickets.asker(request)
        if asker is None:
            raise Refused("not_authenticated")
        principal, owner_sha256 = asker
        if wait_ms := self._limits.op(principal.person.id, None):
            raise Refused("too_many_requests", retry_after_ms=wait_ms)
        ticket = await self._tickets.issue(owner_sha256)
        return json(TicketAnswer(ticket=ticket, expires_in_ms=TTL_MS), 201)
