"""What people and programs can do: authorise, compute, commit, tell. The service layer.

Every transport and every page comes through here, for invitations through `realtime.sharing`. For
ops the role is checked twice: here, to refuse early, and inside the transaction that stores them, which is what counts.
"""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from configurator.access import Permission, Role, may
from configurator.event_ids import session_uuid
from configurator.house_code import (
    CODE_ALPHABET,
    CODE_LENGTH,
    as_code,
    as_id,
)
from configurator.presence import COLOURS, guest_name
from configurator.pricing import price
from configurator.protocol.codes import Refused
from configurator.protocol.messages import OpRequest, Outcome, Person
from configurator.reserved_names import is_reserved
from configurator.selection import Choice, selection_to_json
from configurator.visible import NAME_CHARACTERS_MAX, one_line, several_lines
from realtime.allowances import HOUSES_OF_PERSON
from realtime.catalogues import CatalogueShelf
from realtime.grants import Grants
from realtime.hub import Hub
from realtime.judge import repeated_outcome
from realtime.looks import Looks
from realtime.principal import Principal, token_sha256
from realtime.room import Room
from storage.errors import CodeTaken, HouseMovedOn, InquiryDiffers, TooMany
from storage.postgres.configurations import Configurations, StoredConfiguration, StoredOperation
from storage.postgres.deployment import History
from storage.postgres.inquiries import Inquiries
from storage.postgres.inquiries import Inquiry as StoredInquiry
from storage.postgres.people import People
from storage.postgres.sessions import CurrentSession, Sessions
from storage.postgres.shares import Shares

NO_HOUSE = UUID(int=0)
"""No configuration has this id."""

SESSION_TIMEOUT = timedelta(minutes=30)
CODE_TRIES = 5
OPS_PER_READ_MAX = 500
OWN_INQUIRIES_MAX = 20
TYPED_CHARACTERS_MAX = 1000
"""A name that is longer, whatever would be dropped from it, is not looked at."""

INQUIRER_CHARACTERS_MAX = 120
INQUIRY_CHARACTERS_MAX = 4000
EMAIL_CHARACTERS_MAX = 254
"""Of what is kept of a text, as it is stored."""

EMAIL = re.compile(
    r"[^@\s<>()\[\],;:\\\"]{1,64}@[^@\s<>()\[\],;:\\\".]+(\.[^@\s<>()\[\],;:\\\".]+)+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A configuration somebody may enter, and as what."""

    configuration: StoredConfiguration
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What somebody sends with their house; ``id`` is made by the client.

    ``version``: the version of the house that they see. ``session_id``: the session of the original
    API that it belongs to, as its client calls it.
    """

    id: UUID
    name: str
    email: str
    message: str
    consent: bool
    version: int | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The stored things that actions read and change."""

    configurations: Configurations
    people: People
    shares: Shares
    sessions: Sessions
    inquiries: Inquiries


class Actions:
    """Every action of the product; holds no state of its own."""

    def __init__(
        self,
        *,
        hub: Hub,
        stores: Stores,
        grants: Grants,
        catalogues: CatalogueShelf,
        looks: Looks,
        tell_renamed: Callable[[Person], None],
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        new_session_key: Callable[[], str],
        scale: float = 1.0,
    ) -> None:
        """``scale`` multiplies how many houses a person may have."""
        self._houses_max = int(HOUSES_OF_PERSON * scale)
        self._hub = hub
        self._stores = stores
        self._grants = grants
        self._looks = looks
        self._tell_renamed = tell_renamed
        self._now = now
        self._new_id = new_id
        self._new_session_key = new_session_key
        self.catalogues = catalogues

    # ---- people

    async def register(self, name: str | None = None) -> tuple[Principal, str]:
        """A new person, and the secret token that proves it is them; without a name a guest.

        Raises:
            Refused: ``name_unusable`` or ``name_reserved``; then nobody is made.
        """
        kept = _free(_kept_of(name)) if name is not None else guest_name(secrets.randbelow(2**31))
        token = secrets.token_urlsafe(32)
        person = Person(
            id=self._new_id(),
            name=kept,
            colour=secrets.randbelow(COLOURS),
        )
        await self._stores.people.create(
            person_id=person.id,
            token_sha256=token_sha256(token),
            name=person.name,
            colour=person.colour,
        )
        return Principal(person=person, token_sha256=token_sha256(token)), token

    async def introduce(self, principal: Principal, name: str) -> Principal:
        """The person under a new name: 1 to 40 characters of what is kept of it.

        Raises:
            Refused: ``people_only`` for an admin session, ``name_unusable``, or ``name_reserved``
                unless it is the name they have.
        """
        if principal.admin:
            raise Refused("people_only")
        clean = _kept_of(name)
        if clean != principal.person.name:
            _free(clean)
        await self._stores.people.rename(principal.person.id, clean)
        renamed = _renamed(principal, clean)
        self._tell_renamed(renamed.person)
        return renamed

    # ---- configurations

    async def create(
        self, principal: Principal, *, catalogue_id: str | None = None, size: str = ""
    ) -> StoredConfiguration:
        """A new configuration at the catalogue's defaults, owned by the person.

        `size` is the house's size where the catalogue has it; any other is left aside.
        """
        shelf = self.catalogues
        catalogue = await shelf.get(catalogue_id) if catalogue_id else shelf.current
        selection = catalogue.defaults
        if size in catalogue.sizes:
            selection = selection.with_choice(catalogue.size_category, Choice(option=size))
        configuration_id = self._new_id()
        for _ in range(CODE_TRIES):
            try:
                return await self._stores.configurations.create(
                    configuration_id=configuration_id,
                    code="".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH)),
                    catalogue_id=catalogue.id,
                    selection=selection_to_json(selection),
                    total_cents=price(catalogue, selection).total_cents,
                    owner_id=principal.person.id,
                    session_id=None,
                    at_most=self._houses_max,
                )
            except CodeTaken:
                continue
            except TooMany:
                raise Refused("too_many_houses") from None
        raise Refused("unavailable", retry_after_ms=1000)

    async def latest(self, principal: Principal) -> StoredConfiguration | None:
        """What the person worked on last."""
        found = await self._stores.configurations.latest_of(principal.person.id, limit=1)
        return found[0] if found else None

    async def history(self) -> History:
        """The history of the data, and whether it began with a backup. Raises StorageError."""
        return await self._stores.configurations.history()

    async def access(
        self, principal: Principal, reference: str, *, network: str | None = None
    ) -> Access:
        """The configuration with this id or code, if the person may see it.

        That an admin looks at it goes into the audit, with the ``network`` they ask from.

        Raises:
            Refused: ``not_found``, whether it does not exist or is somebody else's.
        """
        found = await self._find(reference)
        if found is not None and principal.admin:
            await self._looks.house(principal, found.code, network)
            return Access(configuration=found, role=Role.ADMIN)
        # Asked also where there is no house: else the time of the answer tells that there is one.
        role = await self._grants.read(found.id if found else NO_HOUSE, principal.person.id)
        if role is None or found is None:
            raise Refused("not_found")
        return Access(configuration=found, role=role)

    async def way_back(
        self, principal: Principal, reference: str, *, network: str | None = None
    ) -> tuple[Room, Role]:
        """The room somebody returns to, and as what: without a read where both are known here.

        The configuration is not read: what the room has not heard of, it will. With a ``network``
        it is a look at the house, which goes into the audit where it is an admin's.

        Raises:
            Refused: ``not_found``.
        """
        configuration_id = as_id(reference)
        room = self._hub.opened(code=as_code(reference), configuration_id=configuration_id)
        if room is not None:
            configuration_id = room.id
        if configuration_id is None:
            access = await self.access(principal, reference, network=network)
            configuration_id, role = access.configuration.id, access.role
        else:
            try:
                role = await self.role(principal, configuration_id)
            except Refused:
                await self._find(reference)  # as for a house that is not there: see `access`
                raise
        room = await self._hub.room(configuration_id)
        if principal.admin and network is not None:
            await self._looks.house(principal, room.code, network)
        return room, role

    async def watch(self, principal: Principal, network: str | None) -> None:
        """An admin begins to watch the interactions of all visitors; that goes into the audit.

        Raises:
            Refused: ``admins_only``.
        """
        if not principal.admin:
            raise Refused("admins_only")
        await self._looks.activity(principal, network)

    async def role(self, principal: Principal, configuration_id: UUID) -> Role:
        """As what somebody may see a configuration, as far as is known here.

        Raises:
            Refused: ``not_found``.
        """
        if principal.admin:
            return Role.ADMIN
        role = await self._grants.role(configuration_id, principal.person.id)
        if role is None:
            raise Refused("not_found")
        return role

    async def _find(self, reference: str) -> StoredConfiguration | None:
        code, configuration_id = as_code(reference), as_id(reference)
        if code is not None:
            return await self._stores.configurations.find(code)
        if configuration_id is not None:
            return await self._stores.configurations.load(configuration_id)
        return None

    async def submit(
        self, principal: Principal, configuration_id: UUID, role: Role, request: OpRequest
    ) -> Outcome:
        """Carry out one op; every member hears of it. See ``Room.submit``.

        Raises:
            Refused: ``access_revoked`` when the role ended meanwhile: the transaction decides.
        """
        if not may(role, Permission.EDIT):
            raise Refused("read_only")
        room = await self._hub.room(configuration_id)
        try:
            return await room.submit(principal, request)
        except Refused as refused:
            if refused.code.name != "read_only":
                raise
        if await self._grants.read(configuration_id, principal.person.id) is None:
            raise Refused("access_revoked")
        raise Refused("read_only")

    async def not_granted(self, principal: Principal, configuration_id: UUID) -> Refused:
        """What the transaction found: another role than was known, or none any more."""
        role = await self._grants.read(configuration_id, principal.person.id)
        return Refused("not_found" if role is None else "owners_only")

    async def outcome_of(self, configuration_id: UUID, op_id: UUID) -> Outcome:
        """What became of an op of this configuration, on whatever process it was sent.

        An op that is on its way in this process is waited for.

        Raises:
            Refused: ``op_unknown``: it is not stored, sending it is safe.
        """
        room = self._hub.opened(configuration_id=configuration_id)
        found = await self._stores.configurations.outcome_of(configuration_id, op_id)
        if found is None and room is not None:
            await room.settled()
            found = await self._stores.configurations.outcome_of(configuration_id, op_id)
        if found is None:
            raise Refused("op_unknown")
        if room is not None and found.version is not None and found.version > room.version:
            await room.catch_up()
        return repeated_outcome(found)

    async def operations(self, access: Access, *, since: int, limit: int) -> list[StoredOperation]:
        """Committed ops after a version, ascending, at most ``OPS_PER_READ_MAX``."""
        if since > access.configuration.version:
            raise Refused("version_unknown")
        return await self._stores.configurations.operations_since(
            access.configuration.id, since, min(limit, OPS_PER_READ_MAX)
        )

    # ---- sessions and inquiries

    async def session(
        self, principal: Principal, configuration_id: UUID, *, bot_reason: str | None = None
    ) -> CurrentSession:
        """The visitor session of this visit: the running one, or a new one after 30 minutes.

        Only for visitors who may be measured. ``bot_reason``: why this is no person.
        """
        return await self._stores.sessions.current(
            person_id=principal.person.id,
            configuration_id=configuration_id,
            new_key=self._new_session_key(),
            since=self._now() - SESSION_TIMEOUT,
            bot_reason=bot_reason,
        )

    async def link_session(
        self, principal: Principal, configuration_id: UUID, session_id: str
    ) -> UUID | None:
        """The stored id of the session that a client named, now this person's on this house.

        None when it is somebody else's, or was erased. Only for visitors who may be measured.
        """
        stored_id = session_uuid(session_id)
        linked = await self._stores.sessions.link(
            stored_id,
            external_id=None if str(stored_id) == session_id else session_id,
            person_id=principal.person.id,
            configuration_id=configuration_id,
        )
        return stored_id if linked else None

    async def woke(self, principal: Principal, session_id: str) -> None:
        """The person looks at a page that their browser had fetched ahead, in this session of theirs."""
        await self._stores.sessions.woke(session_uuid(session_id), principal.person.id)

    async def inquire(
        self, principal: Principal, access: Access, inquiry: Inquiry, *, measured: bool
    ) -> StoredInquiry:
        """Save and send: the house as it is now goes to us with a name and an address.

        ``measured``: the visitor does not object, so the inquiry completes their session.
        """
        if not may(access.role, Permission.INQUIRE):
            raise Refused("owners_only")
        if not inquiry.consent:
            raise Refused("consent_required")
        name, email = one_line(inquiry.name), one_line(inquiry.email)
        message = several_lines(inquiry.message)
        for field, text, least, most in (
            ("name", name, 1, INQUIRER_CHARACTERS_MAX),
            ("message", message, 0, INQUIRY_CHARACTERS_MAX),
        ):
            if not least <= len(text) <= most:
                detail = f"{field} must have {least} to {most} characters"
                raise Refused("malformed_message", detail=detail)
        if EMAIL.fullmatch(email) is None or len(email) > EMAIL_CHARACTERS_MAX:
            raise Refused("email_unusable")
        session_id = await self._inquiring(principal, access, inquiry) if measured else None
        try:
            stored = await self._stores.inquiries.submit(
                inquiry_id=inquiry.id,
                configuration_id=access.configuration.id,
                person_id=principal.person.id,
                session_id=session_id,
                name=name,
                email=email,
                message=message,
                consent_at=self._now(),
                version=inquiry.version,
                body_sha256=hashlib.sha256(msgspec.json.encode([name, email, message])).digest(),
            )
        except InquiryDiffers:
            raise Refused("inquiry_id_reused") from None
        except HouseMovedOn:
            raise Refused("house_changed") from None
        if stored is None:
            raise await self.not_granted(principal, access.configuration.id)
        return stored

    async def inquiries_of(self, principal: Principal, access: Access) -> list[StoredInquiry]:
        """This person's own inquiries about this house, newest first, at most 20."""
        return await self._stores.inquiries.sent(
            access.configuration.id, principal.person.id, limit=OWN_INQUIRIES_MAX
        )

    async def _inquiring(
        self, principal: Principal, access: Access, inquiry: Inquiry
    ) -> UUID | None:
        """The session that the inquiry names, else the running one of this person and house, if any.

        A program that names none has no visit: an inquiry alone would be one of which all were won.
        """
        house = access.configuration.id
        if inquiry.session_id is not None:
            linked = await self.link_session(principal, house, inquiry.session_id)
            if linked is not None:
                return linked
        return await self._stores.sessions.running(
            person_id=principal.person.id,
            configuration_id=house,
            since=self._now() - SESSION_TIMEOUT,
        )


def _kept_of(name: str) -> str:
    """Cleans a name. Raises Refused, ``name_unusable``."""
    if len(name) > TYPED_CHARACTERS_MAX:
        raise Refused("name_unusable", detail=f"{len(name)} characters were sent")
    kept = one_line(name)
    if not 0 < len(kept) <= NAME_CHARACTERS_MAX:
        raise Refused("name_unusable", detail=f"{len(kept)} characters are left of this one")
    return kept


def _free(name: str) -> str:
    """The name, unless its bearer would pass for somebody of the company. Raises Refused."""
    if is_reserved(name):
        raise Refused("name_reserved")
    return name


def _renamed(principal: Principal, name: str) -> Principal:
    """The same principal under another name."""
    return replace(principal, person=msgspec.structs.replace(principal.person, name=name))
