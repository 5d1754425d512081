"""What administrators answer a person who asks what we know of them, or to be forgotten."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from realtime.http.edge import body, json
from realtime.http.endpoints import Endpoint, actor
from realtime.privacy import SUBJECT_MAX, Document, Known, PrivacyOffice, Receipt, SubjectUnknown

KNOWN_PATH = "/api/admin/privacy/known"
EXPORT_PATH = "/api/admin/privacy/export"
ERASE_PATH = "/api/admin/privacy/erase"

SUBJECT = {"type": "string", "minLength": 1, "maxLength": SUBJECT_MAX}
Subject = Annotated[str, msgspec.Meta(min_length=1, max_length=SUBJECT_MAX, pattern="^[^\\x00]*$")]


class EraseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to erase; ``confirm`` is the subject, typed again by whoever is about to erase."""

    subject: Subject
    confirm: Annotated[str, msgspec.Meta(max_length=SUBJECT_MAX)]


class PrivacyEndpoints:
    """The handlers; for admins only."""

    def __init__(self, *, office: PrivacyOffice) -> None:
        self._office = office

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            Endpoint(
                method="GET",
                path=KNOWN_PATH,
                handler=self.known,
                summary="How much is known of a person (id), a session (its id) or an e-mail "
                "address, by kind, and nothing of what it says (admins)",
                query=("subject",),
                required=("subject",),
                parameters={"subject": SUBJECT},
                answer=Known,
                codes=("subject_unknown", "unavailable"),
                tags=("admin",),
                admins=True,
            ),
            Endpoint(
                method="GET",
                path=EXPORT_PATH,
                handler=self.export,
                summary="Everything about a person (id), a session (its id, also one that a client "
                "made up) or an e-mail address, as one document (admins)",
                query=("subject",),
                required=("subject",),
                parameters={"subject": SUBJECT},
                answer=Document,
                headers={200: ("Content-Disposition",)},
                codes=("subject_unknown", "unavailable"),
                tags=("admin",),
                admins=True,
            ),
            Endpoint(
                method="POST",
                path=ERASE_PATH,
                handler=self.erase,
                summary="Erase all of it, for good; every count is corrected in the same step. "
                "`confirm` repeats `subject` (admins)",
                body=EraseRequest,
                answer=Receipt,
                codes=("not_confirmed", "subject_unknown", "not_saved"),
                away="not_saved",
                tags=("admin",),
                admins=True,
            ),
        ]

    async def known(self, request: Request) -> Response:
        """``GET /api/admin/privacy/known``."""
        try:
            return json(
                await self._office.known(
                    request.query_params.get("subject", ""), actor=actor(request)
                )
            )
        except SubjectUnknown:
            raise Refused("subject_unknown") from None

    async def export(self, request: Request) -> Response:
        """``GET /api/admin/privacy/export``."""
        subject = request.query_params.get("subject", "")
        try:
            document = await self._office.export(subject, actor=actor(request))
        except SubjectUnknown:
            raise Refused("subject_unknown") from None
        file = {"content-disposition": 'attachment; filename="export.json"'}
        return json(document, headers=file)

    async def erase(self, request: Request) -> Response:
        """``POST /api/admin/privacy/erase``."""
        asked = await body(request, EraseRequest)
        if asked.confirm.strip() != asked.subject.strip():
            raise Refused("not_confirmed")
        try:
            return json(await self._office.erase(asked.subject, actor=actor(request)))
        except SubjectUnknown:
            raise Refused("subject_unknown") from None
