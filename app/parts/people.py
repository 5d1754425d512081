"""Identities in a web process: cookies, tokens, sessions of admins, roles."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from typing_extensions import override

from app.parts.part import ProcessPart
from app.parts.stores import StoresPart
from app.settings.settings import Settings
from configurator.protocol.messages import Person
from realtime.activity.service.privacy import Forgotten
from realtime.connections.timing import Timing
from realtime.people.admin_sessions import AdminSessions
from realtime.people.auth import Authenticator
from realtime.people.cookies import Cookies
from realtime.people.grants import Grants
from realtime.people.known import KnownPeople
from realtime.people.looks import Looks
from realtime.people.person_tokens import PersonTokens
from realtime.people.tickets import Tickets
from realtime.process.news import RENAMED, SESSIONS_ENDED, TOKENS_ENDED
from storage.redis.activity.traces import FORGOTTEN
from storage.redis.tickets import TicketStore


@dataclass(frozen=True, kw_only=True)
class PeoplePart(ProcessPart):
    """People. `tell_renamed` and `tell_sessions_ended` notify every process, this one at once."""

    cookies: Cookies
    authenticator: Authenticator
    admin_sessions: AdminSessions
    grants: Grants
    person_tokens: PersonTokens
    tickets: Tickets
    looks: Looks
    tell_renamed: Callable[[Person], None]
    tell_sessions_ended: Callable[[list[bytes]], None]

    @classmethod
    def of(cls, settings: Settings, stores: StoresPart, timing: Timing) -> Self:
        """Builds it; it listens for changes of names, tokens, sessions and people elsewhere."""
        chance, news, people = stores.chance, stores.news, stores.configuration_stores.people
        cookies = Cookies.of(settings.public_url)
        authenticator = Authenticator(
            people=people,
            admins=stores.admins,
            cookies=cookies,
            now=chance.now,
            clock=chance.monotonic,
        )
        sessions = AdminSessions(
            admins=stores.admins, now=chance.now, sweep_seconds=timing.sweep_seconds
        )
        grants = Grants(
            shares=stores.configuration_stores.shares,
            people=people,
            sessions=sessions,
            clock=chance.monotonic,
            now=chance.now,
            token_ended=authenticator.forget_token,
            sweep_seconds=timing.sweep_seconds,
        )
        known = KnownPeople(authenticator, grants)
        news.on(FORGOTTEN, Forgotten, lambda forgotten: known.forgotten(forgotten.person))
        return cls(
            cookies=cookies,
            authenticator=authenticator,
            admin_sessions=sessions,
            grants=grants,
            person_tokens=PersonTokens(
                people=people,
                tell_ended=news.on(TOKENS_ENDED, UUID, known.token_ended),
                new_secret=chance.new_secret,
                now=chance.now,
            ),
            tickets=Tickets(
                tickets=TicketStore(stores.redis),
                authenticator=authenticator,
                new_ticket=chance.new_secret,
            ),
            looks=Looks(stores.audit, clock=chance.monotonic),
            tell_renamed=news.on(RENAMED, Person, known.renamed),
            tell_sessions_ended=news.on(SESSIONS_ENDED, list[bytes], sessions.end),
        )

    @override
    def lifetimes(self) -> Iterable[AbstractAsyncContextManager[object]]:
        return (self.authenticator, self.admin_sessions, self.grants)
