"""REST for configurations: create, read, edit, inquire. The same actions as every socket."""

from typing import Annotated
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.access import Permission, Role, may
from configurator.derived import derive, derived_to_json
from configurator.operations import Change, Reason
from configurator.protocol.codes import OUTCOME_STATUS, Refused
from configurator.protocol.messages import VERSION_MAX, OpRequest, Outcome, Person, SessionId
from configurator.selection import Choice, selection_from_json
from realtime.actions import Access, Actions, Inquiry
from realtime.auth import Authenticator, credential
from realtime.cookies import Cookies
from realtime.door import Door, network_in
from realtime.http.edge import body, has, json
from realtime.http.endpoints import UUID_TEXT, Endpoint, whole
from realtime.limits import Limits
from realtime.previews import preview_url
from realtime.principal import Principal
from realtime.visits import Visit
from storage.postgres.configurations import StoredConfiguration, StoredOperation
from storage.postgres.inquiries import Inquiry as StoredInquiry


class CreateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What ``POST /api/configurations`` takes; without a catalogue the current one is used.

    ``session_id`` is what interactions of this visit are tracked under: that session is then of the
    new house, and an inquiry about it completes that session. Nothing is kept of who objects.
    """

    catalogue: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    session_id: SessionId | None = None


class ConfigurationAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A configuration at its head. ``token`` proves who you are; it is shown only when it is new."""

    id: UUID
    code: str
    url: str
    catalogue: str
    epoch: UUID
    version: int
    status: str
    role: str
    selection: dict[str, Choice]
    derived: dict[str, object]
    token: str | None = None


class LoggedOp(msgspec.Struct, frozen=True, kw_only=True):
    """One committed op of the log."""

    version: int
    op_id: UUID
    outcome: str
    author: Person
    operation: dict[str, object]
    changes: list[Change]
    reasons: list[Reason]
    total_cents: int | None
    at: str


class OpsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Ops after ``since``, ascending. ``complete`` is False when there are more: ask again."""

    configuration: UUID
    epoch: UUID
    since: int
    version: int
    complete: bool
    ops: list[LoggedOp]


class InquiryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to be contacted about this house; ``inquiry_id`` (UUID) makes retries safe.

    What is kept of ``name`` has 1 to 120 characters, of ``email`` at most 254, of ``message`` 4000.

    ``session_id`` is what interactions of this visit were tracked under: the inquiry completes that
    session. Without it the running session of this person on this house is completed, if there is one.

    ``version`` is the version of the house that the person sees, with its price: where it is another
    by now, the inquiry is refused with `house_changed` and nothing is sent.
    """

    inquiry_id: UUID
    name: Annotated[str, msgspec.Meta(max_length=1000)]
    email: Annotated[str, msgspec.Meta(max_length=1000)]
    consent: bool
    message: Annotated[str, msgspec.Meta(max_length=16_000)] = ""
    session_id: SessionId | None = None
    version: Annotated[int, msgspec.Meta(ge=0, le=VERSION_MAX)] | None = None


class InquiryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent, and when (``at``): the house at ``version`` for ``total_cents``."""

    inquiry_id: UUID
    reference: str
    at: str
    version: int
    total_cents: int


class InquiriesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's own inquiries about this configuration, newest first; without what was typed."""

    inquiries: list[InquiryAnswer]


class ConfigurationEndpoints:
    """The handlers; ``public_url`` is the address people see, without a slash at its end."""

    def __init__(
        self,
        *,
        actions: Actions,
        authenticator: Authenticator,
        limits: Limits,
        door: Door,
        cookies: Cookies,
        public_url: str,
    ) -> None:
        self._actions = actions
        self._authenticator = authenticator
        self._limits = limits
        self._door = door
        self._cookies = cookies
        self._public_url = public_url

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        one = "/api/configurations/{id}"
        return [
            Endpoint(
                method="POST",
                path="/api/configurations",
                handler=self.create,
                summary="Create a configuration at the catalogue's defaults. Without a bearer "
                "token or cookie a person is created too and its token is in the answer.",
                body=CreateRequest,
                answer=ConfigurationAnswer,
                status=201,
                anonymous=True,
                codes=["too_many_houses", "unknown_catalogue", "not_authenticated"],
                away="not_saved",
                limit="create",
            ),
            Endpoint(
                method="GET",
                path=one,
                handler=self.read,
                summary="Read a configuration by id or code: selection, price, differences, "
                "bounds, pictures. The ETag is that of its version: with If-None-Match a "
                "configuration that has not changed is 304.",
                answer=ConfigurationAnswer,
                also={304: None},
                codes=["not_found", "not_authenticated"],
            ),
            Endpoint(
                method="POST",
                path=one + "/ops",
                handler=self.submit,
                summary="Change a configuration. 200 committed or adjusted, 422 rejected, 409 "
                "conflict. The same op_id again gives the same outcome again.",
                body=OpRequest,
                answer=Outcome,
                also={409: Outcome, 422: Outcome},
                codes=[
                    "not_authenticated",
                    "not_found",
                    "read_only",
                    "access_revoked",
                    "op_id_reused",
                    "version_unknown",
                    "too_many_requests",
                    "not_saved",
                ],
                away="not_saved",
                limit="op",
            ),
            Endpoint(
                method="GET",
                path=one + "/ops/{op_id}",
                handler=self.outcome,
                summary="What became of an op, wherever it was sent: its outcome, or 404 "
                "op_unknown when it is not stored. Then sending it again is safe.",
                answer=Outcome,
                parameters={"op_id": UUID_TEXT},
                codes=["not_found", "op_unknown", "malformed_message", "not_authenticated"],
            ),
            Endpoint(
                method="GET",
                path=one + "/ops",
                handler=self.operations,
                summary="Read the op log after a version, ascending, at most 500 at a time.",
                query=["since", "limit"],
                parameters={"limit": whole(1, VERSION_MAX)},
                answer=OpsAnswer,
                codes=["not_found", "version_unknown", "malformed_message", "not_authenticated"],
            ),
            Endpoint(
                method="POST",
                path=one + "/inquiries",
                handler=self.inquire,
                summary="Save this house and send it to us.",
                body=InquiryRequest,
                answer=InquiryAnswer,
                status=201,
                codes=[
                    "consent_required",
                    "email_unusable",
                    "house_changed",
                    "inquiry_id_reused",
                    "not_found",
                    "owners_only",
                    "not_authenticated",
                ],
                away="not_saved",
                limit="inquire",
            ),
            Endpoint(
                method="GET",
                path=one + "/inquiries",
                handler=self.inquiries,
                summary="Your own inquiries about this house, newest first, at most 20.",
                answer=InquiriesAnswer,
                codes=["not_found", "not_authenticated"],
            ),
        ]

    async def create(self, request: Request) -> Response:
        """``POST /api/configurations``."""
        asked = await body(request, CreateRequest)
        token: str | None = None
        principal = await self._authenticator.of(request)
        if principal is None and credential(request, self._cookies) is not None:
            raise Refused("not_authenticated")
        if principal is None or principal.admin:
            principal, token = await self._actions.register()
        visit = Visit(visitor=self._door.visitor(request), source="rest")
        visit.name(asked.session_id)
        stored = await self._actions.create(principal, catalogue_id=asked.catalogue)
        await visit.link(self._actions, principal, stored.id)
        access = Access(configuration=stored, role=Role.OWNER)
        return json(await self._answer(access, token=token), 201)

    async def read(self, request: Request) -> Response:
        """``GET /api/configurations/{id}``.

        A program that kept its answer may ask whether it is still true. A browser keeps none: on a
        shared computer the house would be on the disk after its person left.
        """
        _, access = await self._access(request)
        stored = access.configuration
        etag = f'"{stored.epoch}.{stored.version}.{access.role.value}"'
        headers = {"etag": etag, "cache-control": "no-store"}
        if has(request, etag):
            return Response(status_code=304, headers=headers)
        return json(await self._answer(access), headers=headers)

    async def submit(self, request: Request) -> Response:
        """``POST /api/configurations/{id}/ops``."""
        principal = await self._principal(request)
        person_id = principal.person.id
        if wait_ms := self._limits.too_fast(person_id):
            raise Refused("too_many_requests", retry_after_ms=wait_ms)
        access = await self._actions.access(
            principal, request.path_params["id"], network=network_in(request.scope)
        )
        asked = await body(request, OpRequest)
        edits = may(access.role, Permission.EDIT)
        if wait_ms := self._limits.op(person_id, access.configuration.id if edits else None):
            raise Refused("too_many_requests", retry_after_ms=wait_ms)
        outcome = await self._actions.submit(principal, access.configuration.id, access.role, asked)
        return json(outcome, OUTCOME_STATUS[outcome.outcome])

    async def outcome(self, request: Request) -> Response:
        """``GET /api/configurations/{id}/ops/{op_id}``."""
        _, access = await self._access(request)
        try:
            op_id = msgspec.convert(request.path_params["op_id"], UUID)  # as in a message
        except msgspec.ValidationError:
            raise Refused("malformed_message", detail="op_id must be a UUID") from None
        return json(await self._actions.outcome_of(access.configuration.id, op_id))

    async def operations(self, request: Request) -> Response:
        """``GET /api/configurations/{id}/ops?since=``."""
        _, access = await self._access(request)
        since, limit = _whole(request, "since", 0), _whole(request, "limit", 500, least=1)
        found = await self._actions.operations(access, since=since, limit=limit)
        last = found[-1].version if found else since
        head = access.configuration.version
        return json(
            OpsAnswer(
                configuration=access.configuration.id,
                epoch=access.configuration.epoch,
                since=since,
                version=head,
                complete=(last or 0) >= head,
                ops=[_logged(operation) for operation in found],
            )
        )

    async def inquire(self, request: Request) -> Response:
        """``POST /api/configurations/{id}/inquiries``."""
        principal, access = await self._access(request)
        asked = await body(request, InquiryRequest)
        visit = Visit(visitor=self._door.visitor(request), source="rest")
        visit.name(asked.session_id)
        stored = await self._actions.inquire(
            principal,
            access,
            Inquiry(
                id=asked.inquiry_id,
                name=asked.name,
                email=asked.email,
                message=asked.message,
                consent=asked.consent,
                version=asked.version,
                session_id=visit.session_id,
            ),
            measured=visit.visitor.objection is None,
        )
        return json(_sent(access, stored), 201)

    async def inquiries(self, request: Request) -> Response:
        """``GET /api/configurations/{id}/inquiries``."""
        principal, access = await self._access(request)
        own = await self._actions.inquiries_of(principal, access)
        return json(InquiriesAnswer(inquiries=[_sent(access, stored) for stored in own]))

    async def _principal(self, request: Request) -> Principal:
        principal = await self._authenticator.of(request)
        if principal is None:
            raise Refused("not_authenticated")
        return principal

    async def _access(self, request: Request) -> tuple[Principal, Access]:
        principal = await self._principal(request)
        access = await self._actions.access(
            principal, request.path_params["id"], network=network_in(request.scope)
        )
        return principal, access

    async def _answer(self, access: Access, *, token: str | None = None) -> ConfigurationAnswer:
        stored: StoredConfiguration = access.configuration
        catalogue = await self._actions.catalogues.get(stored.catalogue_id)
        selection = selection_from_json(catalogue, stored.selection)
        return ConfigurationAnswer(
            id=stored.id,
            code=stored.code,
            url=f"{self._public_url}/c/{stored.code}",
            catalogue=stored.catalogue_id,
            epoch=stored.epoch,
            version=stored.version,
            status=stored.status,
            role=access.role.value,
            selection=dict(selection),
            derived=derived_to_json(derive(catalogue, selection, preview_url=preview_url)),
            token=token,
        )


def _sent(access: Access, stored: StoredInquiry) -> InquiryAnswer:
    return InquiryAnswer(
        inquiry_id=stored.id,
        reference=f"{access.configuration.code}-{str(stored.id)[-4:].upper()}",
        at=stored.created_at.isoformat(),
        version=stored.version,
        total_cents=stored.total_cents,
    )


def _logged(operation: StoredOperation) -> LoggedOp:
    return LoggedOp(
        version=operation.version or 0,
        op_id=operation.op_id,
        outcome=operation.outcome,
        author=Person(
            id=operation.person_id, name=operation.author_name, colour=operation.author_colour
        ),
        operation=operation.operation,
        changes=msgspec.convert(operation.changes, list[Change]),
        reasons=msgspec.convert(operation.reasons, list[Reason]),
        total_cents=operation.total_cents,
        at=operation.committed_at.isoformat(),
    )


def _whole(request: Request, name: str, default: int, *, least: int = 0) -> int:
    text = request.query_params.get(name, str(default))
    digits = text.lstrip("0")[:17] or text[:1]  # more than the largest has are not counted
    if not (text.isascii() and text.isdigit() and least <= int(digits) <= VERSION_MAX):
        detail = f"{name} must be a whole number from {least} to {VERSION_MAX}"
        raise Refused("malformed_message", detail=detail)
    return int(digits)
