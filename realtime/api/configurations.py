"""REST for configurations: create, read, edit, inquire. The same actions as every socket."""

from typing import Annotated
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.catalogue.canonical import selection_from_json
from configurator.catalogue.selection import Choice
from configurator.operations.outcomes import Change
from configurator.operations.reasons import Reason
from configurator.people.roles import Permission, Role
from configurator.pricing.derived import Derived, derive
from configurator.protocol.codes import OUTCOME_STATUS, Refused
from configurator.protocol.envelope import SessionId
from configurator.protocol.messages import VERSION_MAX, OpRequest, Outcome, Person
from realtime.actions.access import Admission
from realtime.actions.configurations import Actions
from realtime.actions.inquiries import InquiryContent
from realtime.activity.intake.consent import VisitorReader
from realtime.api.declared.marks import get, post
from realtime.connections.visits import ConnectionVisit
from realtime.edge.exchange import body, has, json
from realtime.edge.parameters import in_path, query
from realtime.limits.connections import Limits
from realtime.people.auth import Authenticator, credential
from realtime.people.cookies import Cookies
from realtime.people.networks import network_in
from realtime.people.principal import Principal, Visitor
from storage.postgres.configurations.inquiries import Inquiry as StoredInquiry
from storage.postgres.configurations.stored import StoredConfiguration, StoredOperation

ONE = "/api/configurations/{id}"


class CreateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of ``POST /api/configurations``; without a catalogue the current one is used.

    ``session_id`` is the session under which interactions of this visit are tracked. It then
    belongs to the new house, and an inquiry about the house completes it. No session is kept for a
    visitor who objects to measurement.
    """

    catalogue: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    session_id: SessionId | None = None


class ConfigurationAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A configuration at its head. ``token`` authenticates you; only a new one is shown."""

    id: UUID
    code: str
    url: str
    catalogue: str
    epoch: UUID
    version: int
    status: str
    role: Role
    selection: dict[str, Choice]
    derived: Derived
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
    """Ops after ``since``, ascending. ``complete`` is False where more ops follow: ask again."""

    configuration: UUID
    epoch: UUID
    since: int
    version: int
    complete: bool
    ops: list[LoggedOp]


class InquiryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to be contacted about this house; ``inquiry_id`` (UUID) makes retries safe.

    After cleaning, ``name`` has 1 to 120 characters, ``email`` at most 254, ``message`` at most
    4000.

    ``session_id`` is the session under which interactions of this visit were tracked: the inquiry
    completes it. Without it the inquiry completes the running session of this person on this house,
    if there is one.

    ``version`` is the version of the house that the person sees, with its price: if the house has
    another version by now, the inquiry is refused with `house_changed` and nothing is sent.
    """

    inquiry_id: UUID
    name: Annotated[str, msgspec.Meta(max_length=1000)]
    email: Annotated[str, msgspec.Meta(max_length=1000)]
    consent: bool
    message: Annotated[str, msgspec.Meta(max_length=16_000)] = ""
    session_id: SessionId | None = None
    version: Annotated[int, msgspec.Meta(ge=0, le=VERSION_MAX)] | None = None


class InquiryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The inquiry that was sent: the house at ``version`` for ``total_cents``, at ``at``."""

    inquiry_id: UUID
    reference: str
    at: str
    version: int
    total_cents: int


class InquiriesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's inquiries about this configuration, newest first, without what was typed."""

    inquiries: list[InquiryAnswer]


class OpsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the op log to read: the ops after ``since``, at most 500 of them."""

    since: Annotated[int, msgspec.Meta(ge=0, le=VERSION_MAX)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=VERSION_MAX)] = 500


class ConfigurationEndpoints:
    """The endpoints; ``public_url`` is the address that people see, without a slash at its end."""

    def __init__(
        self,
        *,
        actions: Actions,
        authenticator: Authenticator,
        limits: Limits,
        visitor_reader: VisitorReader,
        cookies: Cookies,
        public_url: str,
    ) -> None:
        self._actions = actions
        self._authenticator = authenticator
        self._limits = limits
        self._visitor_reader = visitor_reader
        self._cookies = cookies
        self._public_url = public_url

    @post(
        "/api/configurations",
        ConfigurationAnswer,
        body=CreateRequest,
        status=201,
        anonymous=True,
        codes=["too_many_houses", "unknown_catalogue", "not_authenticated"],
        limit="create",
    )
    async def create(self, request: Request) -> Response:
        """Create a configuration at the catalogue's defaults.

        Without a bearer token or cookie a person is created, too, and the answer has their token.
        """
        asked = await body(request, CreateRequest)
        token: str | None = None
        principal = await self._authenticator.of(request)
        if principal is None and credential(request, self._cookies) is not None:
            raise Refused("not_authenticated")
        if not isinstance(principal, Visitor):
            principal, token = await self._actions.people.register()
        visit = ConnectionVisit(visitor=self._visitor_reader.visitor(request), source="rest")
        visit.name(asked.session_id)
        stored = await self._actions.create(principal, catalogue_id=asked.catalogue)
        await visit.link(self._actions, principal, stored.id)
        access = Admission(configuration=stored, role=Role.OWNER)
        return json(await self._answer(access, token=token), 201)

    @get(ONE, ConfigurationAnswer, also={304: None}, codes=["not_found", "not_authenticated"])
    async def read(self, request: Request) -> Response:
        """Read a configuration by id or code: selection, price, differences, bounds, pictures.

        The ETag names the version: with If-None-Match, the answer is 304 if nothing has changed.
        """
        # A program may keep the answer and ask whether it is still true. A browser keeps none: on a
        # shared computer the house would stay on the disk after its person left.
        _, access = await self._access(request)
        stored = access.configuration
        etag = f'"{stored.epoch}.{stored.version}.{access.role.value}"'
        headers = {"etag": etag, "cache-control": "no-store"}
        if has(request, etag):
            return Response(status_code=304, headers=headers)
        return json(await self._answer(access), headers=headers)

    @post(
        ONE + "/ops",
        Outcome,
        body=OpRequest,
        also={409: Outcome, 422: Outcome},
        codes=[
            "not_authenticated",
            "not_found",
            "read_only",
            "access_revoked",
            "op_id_reused",
            "version_unknown",
        ],
        limit="op",
    )
    async def submit(self, request: Request) -> Response:
        """Change a configuration: 200 committed or adjusted, 422 rejected, 409 conflict.

        The same op_id again gives the same outcome again.
        """
        principal = await self._principal(request)
        person_id = principal.person.id
        if wait_ms := self._limits.too_fast(person_id):
            raise Refused("too_many_requests", retry_after_ms=wait_ms)
        access = await self._actions.access(
            principal, request.path_params["id"], network=network_in(request.scope)
        )
        asked = await body(request, OpRequest)
        edits = access.role.may(Permission.EDIT)
        if wait_ms := self._limits.op(person_id, access.configuration.id if edits else None):
            raise Refused("too_many_requests", retry_after_ms=wait_ms)
        outcome = await self._actions.submit(principal, access.configuration.id, access.role, asked)
        return json(outcome, OUTCOME_STATUS[outcome.outcome])

    @get(
        ONE + "/ops/{op_id}",
        Outcome,
        parameters={"op_id": UUID},
        codes=["not_found", "op_unknown", "not_authenticated"],
    )
    async def outcome(self, request: Request) -> Response:
        """Read the outcome of an op, whichever process it was sent to.

        The answer is 404 op_unknown if the op is not stored; sending it again is safe then.
        """
        _, access = await self._access(request)
        op_id = in_path(request, "op_id", UUID)
        return json(await self._actions.outcome_of(access.configuration.id, op_id))

    @get(
        ONE + "/ops",
        OpsAnswer,
        query=[OpsQuery],
        codes=["not_found", "version_unknown", "not_authenticated"],
    )
    async def operations(self, request: Request) -> Response:
        """Read the op log after a version, ascending, at most 500 at a time."""
        _, access = await self._access(request)
        asked = query(request, OpsQuery)
        found = await self._actions.operations(access, since=asked.since, limit=asked.limit)
        last = found[-1].version if found else asked.since
        head = access.configuration.version
        return json(
            OpsAnswer(
                configuration=access.configuration.id,
                epoch=access.configuration.epoch,
                since=asked.since,
                version=head,
                complete=(last or 0) >= head,
                ops=[_logged(operation) for operation in found],
            )
        )

    @post(
        ONE + "/inquiries",
        InquiryAnswer,
        body=InquiryRequest,
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
        limit="inquire",
    )
    async def inquire(self, request: Request) -> Response:
        """Save this house and send it to the company."""
        principal, access = await self._access(request)
        asked = await body(request, InquiryRequest)
        visit = ConnectionVisit(visitor=self._visitor_reader.visitor(request), source="rest")
        visit.name(asked.session_id)
        stored = await self._actions.inquiries.inquire(
            principal,
            access,
            InquiryContent(
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

    @get(ONE + "/inquiries", InquiriesAnswer, codes=["not_found", "not_authenticated"])
    async def inquiries(self, request: Request) -> Response:
        """Your own inquiries about this house, newest first, at most 20."""
        principal, access = await self._access(request)
        own = await self._actions.inquiries.inquiries_of(principal, access)
        return json(InquiriesAnswer(inquiries=[_sent(access, stored) for stored in own]))

    async def _principal(self, request: Request) -> Principal:
        principal = await self._authenticator.of(request)
        if principal is None:
            raise Refused("not_authenticated")
        return principal

    async def _access(self, request: Request) -> tuple[Principal, Admission]:
        principal = await self._principal(request)
        access = await self._actions.access(
            principal, request.path_params["id"], network=network_in(request.scope)
        )
        return principal, access

    async def _answer(self, access: Admission, *, token: str | None = None) -> ConfigurationAnswer:
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
            role=access.role,
            selection=dict(selection),
            derived=derive(catalogue, selection),
            token=token,
        )


def _sent(access: Admission, stored: StoredInquiry) -> InquiryAnswer:
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
