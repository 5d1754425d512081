"""Inquiries: a person sends their house to the company, with a name and an address."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from configurator.people.roles import Permission
from configurator.people.visible import one_line, several_lines
from configurator.protocol.codes import Refused
from realtime.actions.access import Admission, not_granted
from realtime.actions.visits import VisitActions
from realtime.people.grants import Grants
from realtime.people.principal import Principal
from storage.errors import HouseMovedOn, InquiryDiffers
from storage.postgres.configurations.inquiries import Inquiries
from storage.postgres.configurations.inquiries import Inquiry as StoredInquiry

OWN_INQUIRIES_MAX = 20
INQUIRER_CHARACTERS_MAX = 120
INQUIRY_CHARACTERS_MAX = 4000
EMAIL_CHARACTERS_MAX = 254
"""The longest e-mail address, in characters, measured after cleaning as it would be stored."""

EMAIL = re.compile(
    r"[^@\s<>()\[\],;:\\\"]{1,64}@[^@\s<>()\[\],;:\\\".]+(\.[^@\s<>()\[\],;:\\\".]+)+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryContent:
    """The content that a person sends with their house; the client makes ``id``.

    ``version`` is the version of the house that the person sees. ``session_id`` is the client's own
    id of the session of the original API that the inquiry belongs to.
    """

    id: UUID
    name: str
    email: str
    message: str
    consent: bool
    version: int | None = None
    session_id: str | None = None


class InquiryActions:
    """Sends inquiries, and lists those that a person has sent."""

    def __init__(
        self,
        inquiries: Inquiries,
        *,
        visits: VisitActions,
        grants: Grants,
        now: Callable[[], datetime],
    ) -> None:
        self._inquiries = inquiries
        self._visits = visits
        self._grants = grants
        self._now = now

    async def inquire(
        self, principal: Principal, access: Admission, inquiry: InquiryContent, *, measured: bool
    ) -> StoredInquiry:
        """Save the inquiry: the house as it is now, with a name and an address.

        ``measured`` says that the visitor does not object to measurement, so the inquiry completes
        their session.
        """
        if not access.role.may(Permission.INQUIRE):
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
            stored = await self._inquiries.submit(
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
            raise await not_granted(self._grants, principal, access.configuration.id)
        return stored

    async def inquiries_of(self, principal: Principal, access: Admission) -> list[StoredInquiry]:
        """The newest 20 inquiries that this person sent about this house, newest first."""
        return await self._inquiries.sent(
            access.configuration.id, principal.person.id, limit=OWN_INQUIRIES_MAX
        )

    async def _inquiring(
        self, principal: Principal, access: Admission, inquiry: InquiryContent
    ) -> UUID | None:
        """The session that the inquiry names, else the running one of this person and house, if any.

        A program that names no session has no visit. A session made for its inquiry alone would
        count as a visit that ends in an inquiry every time, and raise the conversion rate.
        """
        house = access.configuration.id
        if inquiry.session_id is not None:
            linked = await self._visits.link_session(principal, house, inquiry.session_id)
            if linked is not None:
                return linked
        return await self._visits.running(principal, house)
