"""Dead letters over HTTP, for admins: read them, mend them, send them again, drop them."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.activity.untrusted import InteractionInvalid
from configurator.people.roles import Permission
from configurator.protocol.codes import Refused
from realtime.activity.figures.query import ZoneQuery
from realtime.activity.intake.intake import unusable_event
from realtime.activity.service.dead_letters import Became, DeadLetters, Examined
from realtime.api.declared.endpoints import actor
from realtime.api.declared.marks import get, post, put
from realtime.api.service.files import wanted_in
from realtime.edge.exchange import body, json
from realtime.edge.parameters import query
from realtime.sheets.answers import SheetForm, SheetQuery, Sheets
from storage.redis.activity.dead_letters import LETTER_ID, PAGE_MAX, Letter

PATH = "/api/admin/dead-letters"
ONE = f"{PATH}/{{letter_id}}"
KIND_MAX = 64
REDRIVE_MAX = 200

_LETTER_PATTERN = r"^[0-9]{1,18}-[0-9]{1,18}$"
_LetterId = Annotated[str, msgspec.Meta(pattern=_LETTER_PATTERN)]
_LetterKind = Annotated[str, msgspec.Meta(min_length=1, max_length=KIND_MAX)]


class LetterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter.

    `kind` is the first word of the reason; `entry_id` was its id in the stream.
    """

    id: str
    entry_id: str
    kind: str
    reason: str
    buried_at: datetime
    deliveries: int | None
    fixed: bool
    payload_bytes: int


class LettersAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One page of dead letters, newest first.

    `before` asks for the next page; null on the last one. `total` is the number of all letters,
    `kinds` the number of each kind, the most frequent first.
    """

    letters: list[LetterRow]
    before: str | None
    total: int
    kinds: dict[str, int]


class LetterProblem(msgspec.Struct, frozen=True, kw_only=True):
    """The reason why the payload cannot be read."""

    code: str
    field: str | None
    message: dict[str, str]


class LetterAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One letter: its payload as text, also as JSON if it is valid JSON, and its problems.

    `pretty` is the payload with each field on a line of its own; sent back, it is the same event.
    """

    letter: LetterRow
    payload: str
    pretty: str
    fields: object
    problem: LetterProblem | None


class FixRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The new payload: the text of an event, in the form that the stream has."""

    payload: Annotated[str, msgspec.Meta(min_length=2)]


class RedriveRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The letters to send again: by id (at most 200), or all of a kind."""

    letters: Annotated[list[_LetterId], msgspec.Meta(max_length=REDRIVE_MAX)] = []
    kind: _LetterKind | None = None


class RedriveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The number of letters sent again.

    `entries` are their new ids by letter, if ids were named.
    """

    redriven: int
    entries: dict[str, str]


class EntryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The fate of an entry of the stream.

    `waiting`: no worker has finished it; `stored`; `duplicate`: its event was stored before;
    `filtered`: it may not be stored; `dead`: it could not be stored, and is a dead letter.
    """

    entry: str
    outcome: Annotated[Became, msgspec.Meta(title="EntryOutcome")]


class DropAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The letter is permanently deleted."""

    dropped: bool


class LettersQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the list; it has at most 200 letters, however many are asked for."""

    kind: _LetterKind | None = None
    before: (
        Annotated[str, msgspec.Meta(pattern=_LETTER_PATTERN, description="the id of a dead letter")]
        | None
    ) = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=9999)] = 50


class DeadLetterEndpoints:
    """The endpoints of dead letters; for admins only."""

    def __init__(self, *, letters: DeadLetters, sheets: Sheets) -> None:
        self._letters = letters
        self._sheets = sheets

    @get(
        PATH,
        LettersAnswer,
        look="dead_letters.look",
        query=[LettersQuery, ZoneQuery, SheetQuery],
        codes=["query_unusable"],
        needs=Permission.RUN_SERVICE,
    )
    async def page(self, request: Request) -> Response:
        """List the entries of the stream that could not be stored, newest first.

        `kind` is a filter; `before` comes from the last page. A file has the whole list, without
        payloads.
        """
        asked = query(request, LettersQuery)
        wanted = wanted_in(request, datetime.now(UTC))
        if wanted is not None:
            return await self._file(asked.kind, wanted)
        page = await self._letters.page(before=asked.before, limit=asked.limit, kind=asked.kind)
        kinds = await self._letters.kinds()
        return json(
            LettersAnswer(
                letters=[_row(letter) for letter in page.letters],
                before=page.before,
                total=sum(kinds.values()),
                kinds=kinds,
            )
        )

    async def _file(self, kind: str | None, wanted: SheetForm) -> Response:
        async def read(before: str | None, limit: int) -> list[LetterRow]:
            rows: list[LetterRow] = []
            while len(rows) < limit:
                page = await self._letters.page(before=before, limit=PAGE_MAX, kind=kind)
                rows += [_row(letter) for letter in page.letters]
                before = page.before
                if before is None:
                    break
            return rows[:limit]

        return await self._sheets.by_pages(
            "letters", LetterRow, wanted, read=read, where=lambda row: row.id
        )

    @post(f"{PATH}/redrive", RedriveAnswer, body=RedriveRequest, needs=Permission.RUN_SERVICE)
    async def redrive(self, request: Request) -> Response:
        """Put letters back into the stream, each once: those named, or all of a kind."""
        asked = await body(request, RedriveRequest)
        if bool(asked.letters) == bool(asked.kind):
            raise Refused("malformed_message", detail="either letters or kind")
        if asked.kind:
            count = await self._letters.redrive_all(asked.kind, actor=actor(request))
            return json(RedriveAnswer(redriven=count, entries={}))
        entries = await self._letters.redrive(asked.letters, actor=actor(request))
        return json(RedriveAnswer(redriven=len(entries), entries=entries))

    @get(
        f"{PATH}/entries/{{entry_id}}",
        EntryAnswer,
        codes=["page_not_found"],
        needs=Permission.RUN_SERVICE,
    )
    async def entry(self, request: Request) -> Response:
        """Read the fate of an entry that a letter was sent as.

        The fate is known for ten minutes after the entry's end.
        """
        entry_id: str = request.path_params["entry_id"]
        outcome = await self._letters.outcome(entry_id) if LETTER_ID.fullmatch(entry_id) else None
        if outcome is None:
            raise Refused("page_not_found")
        return json(EntryAnswer(entry=entry_id, outcome=outcome))

    @get(
        ONE,
        LetterAnswer,
        look="dead_letters.look",
        codes=["page_not_found"],
        needs=Permission.RUN_SERVICE,
    )
    async def show(self, request: Request) -> Response:
        """Read one dead letter, and what is wrong with it."""
        return json(_answer(await self._letters.show(_letter_id(request))))

    @put(
        ONE,
        LetterAnswer,
        body=FixRequest,
        codes=["page_not_found", "event_unusable"],
        needs=Permission.RUN_SERVICE,
    )
    async def fix(self, request: Request) -> Response:
        """Give the letter a payload that can be read.

        The letter has another id afterwards.
        """
        letter_id = _letter_id(request)
        asked = await body(request, FixRequest)
        try:
            fixed = await self._letters.fix(letter_id, asked.payload.encode(), actor=actor(request))
        except InteractionInvalid as invalid:
            raise unusable_event(invalid) from None
        except UnicodeEncodeError:
            raise unusable_event(InteractionInvalid("malformed_json")) from None
        return json(_answer(fixed))

    @post(f"{ONE}/redrive", RedriveAnswer, codes=["page_not_found"], needs=Permission.RUN_SERVICE)
    async def redrive_one(self, request: Request) -> Response:
        """Put this letter back into the stream."""
        entries = await self._letters.redrive([_letter_id(request)], actor=actor(request))
        if not entries:
            raise Refused("page_not_found")
        return json(RedriveAnswer(redriven=1, entries=entries))

    @post(f"{ONE}/drop", DropAnswer, codes=["page_not_found"], needs=Permission.RUN_SERVICE)
    async def drop(self, request: Request) -> Response:
        """Delete this letter for good."""
        if not await self._letters.drop(_letter_id(request), actor=actor(request)):
            raise Refused("page_not_found")
        return json(DropAnswer(dropped=True))


def _letter_id(request: Request) -> str:
    letter_id: str = request.path_params["letter_id"]
    if not LETTER_ID.fullmatch(letter_id):
        raise Refused("page_not_found")
    return letter_id


def _row(letter: Letter) -> LetterRow:
    return LetterRow(
        id=letter.id,
        entry_id=letter.entry.id,
        kind=letter.kind,
        reason=letter.reason,
        buried_at=datetime.fromtimestamp(letter.buried_ms / 1000, UTC),
        deliveries=letter.deliveries,
        fixed=letter.fixed,
        payload_bytes=len(letter.entry.payload),
    )


def _answer(examined: Examined | None) -> LetterAnswer:
    if examined is None:
        raise Refused("page_not_found")
    problem = examined.problem
    return LetterAnswer(
        letter=_row(examined.letter),
        payload=examined.payload,
        pretty=examined.pretty,
        fields=examined.fields,
        problem=None
        if problem is None
        else LetterProblem(
            code=problem.code,
            field=problem.field,
            message={"de": problem.de, "en": problem.en},
        ),
    )
