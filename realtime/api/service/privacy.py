"""Privacy over HTTP: what is stored about a person, their export, and their erasure."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.people.roles import Permission
from configurator.protocol.codes import Refused
from realtime.activity.service.privacy import (
    SUBJECT_MAX,
    Known,
    PersonalData,
    PersonDocument,
    Receipt,
    SubjectUnknown,
)
from realtime.api.declared.endpoints import actor
from realtime.api.declared.marks import get, post
from realtime.edge.exchange import body, json
from realtime.edge.parameters import query

KNOWN_PATH = "/api/admin/privacy/known"
EXPORT_PATH = "/api/admin/privacy/export"
ERASE_PATH = "/api/admin/privacy/erase"

SubjectText = Annotated[
    str, msgspec.Meta(min_length=1, max_length=SUBJECT_MAX, pattern="^[^\\x00]*$")
]


class SubjectQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A person or a session by its id, or an e-mail address."""

    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=SUBJECT_MAX)]


class EraseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The subject to erase; ``confirm`` is the same subject, typed a second time."""

    subject: SubjectText
    confirm: Annotated[str, msgspec.Meta(max_length=SUBJECT_MAX)]


class PrivacyEndpoints:
    """The endpoints of privacy; for admins only."""

    def __init__(self, *, personal_data: PersonalData) -> None:
        self._personal_data = personal_data

    @get(
        KNOWN_PATH,
        Known,
        query=[SubjectQuery],
        codes=["subject_unknown"],
        needs=Permission.HANDLE_PRIVACY,
    )
    async def known(self, request: Request) -> Response:
        """Count the records about a person, a session or an e-mail address, by kind.

        `subject` is the id of the person or the session, or the address. The content of the records
        is not told.
        """
        subject = query(request, SubjectQuery, refusal="subject_unknown").subject
        try:
            return json(await self._personal_data.known(subject, actor=actor(request)))
        except SubjectUnknown:
            raise Refused("subject_unknown") from None

    @get(
        EXPORT_PATH,
        PersonDocument,
        query=[SubjectQuery],
        headers={200: ("Content-Disposition",)},
        codes=["subject_unknown"],
        needs=Permission.HANDLE_PRIVACY,
    )
    async def export(self, request: Request) -> Response:
        """Export everything about a person, a session or an e-mail address as one document.

        `subject` is the id of the person or the session, also an id that a client made up, or the
        address.
        """
        subject = query(request, SubjectQuery, refusal="subject_unknown").subject
        try:
            document = await self._personal_data.export(subject, actor=actor(request))
        except SubjectUnknown:
            raise Refused("subject_unknown") from None
        file = {"content-disposition": 'attachment; filename="export.json"'}
        return json(document, headers=file)

    @post(
        ERASE_PATH,
        Receipt,
        body=EraseRequest,
        codes=["not_confirmed", "subject_unknown"],
        needs=Permission.HANDLE_PRIVACY,
    )
    async def erase(self, request: Request) -> Response:
        """Erase everything about a person, a session or an address for good.

        Every count is corrected in the same step. `confirm` repeats `subject`.
        """
        asked = await body(request, EraseRequest)
        if asked.confirm.strip() != asked.subject.strip():
            raise Refused("not_confirmed")
        try:
            return json(await self._personal_data.erase(asked.subject, actor=actor(request)))
        except SubjectUnknown:
            raise Refused("subject_unknown") from None
