"""Dead letters over HTTP, for admins: look at them, mend them, send them again, give them up."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from configurator.untrusted import InteractionInvalid
from realtime.http.edge import body, json
from realtime.http.endpoints import Endpoint, actor, whole
from realtime.http.files import wanted_in
from realtime.letter_desk import Became, Examined, LetterDesk
from realtime.sheets.answers import FORM_FIELDS, Sheets, Wanted
from storage.redis.dead_letters import LETTER_ID, PAGE_MAX, Letter

PATH = "/api/admin/dead-letters"
KIND_MAX = 64
REDRIVE_MAX = 200

_LETTER_PATTERN = r"^[0-9]{1,18}-[0-9]{1,18}$"
_LetterId = Annotated[str, msgspec.Meta(pattern=_LETTER_PATTERN)]
_Kind = Annotated[str, msgspec.Meta(min_length=1, max_length=KIND_MAX)]


class LetterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter. `kind` is the first word of the reason; `entry_id` what it was before."""

    id: str
    entry_id: str
    kind: str
    reason: str
    buried_at: datetime
    deliveries: int | None
    fixed: bool
    payload_bytes: int


class LettersAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first. `before` asks for the next page; null: there is none.

    `total` is of all letters and `kinds` how many of each kind they are, the most first.
    """

    letters: list[LetterRow]
    before: str | None
    total: int
    kinds: dict[str, int]


class LetterProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why the payload cannot be read."""

    code: str
    field: str | None
    message: dict[str, str]


class LetterAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One letter, opened: its payload as text, as JSON where it is some, and what is wrong.

    `pretty` is the text with each field on a line; sent back it is the same event.
    """

    letter: LetterRow
    payload: str
    pretty: str
    fields: object
    problem: LetterProblem | None


class FixRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The payload to put in its place: the text of an event as the stream has them."""

    payload: Annotated[str, msgspec.Meta(min_length=2)]


class RedriveRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters: these (at most 200), or all of a kind."""

    letters: Annotated[list[_LetterId], msgspec.Meta(max_length=REDRIVE_MAX)] = []
    kind: _Kind | None = None


class RedriveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How many went back into the stream; `entries`: their new ids by letter, where asked by id."""

    redriven: int
    entries: dict[str, str]


class EntryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an entry of the stream.

    `waiting`: no worker is done with it; `stored`; `duplicate`: its event was stored before;
    `filtered`: it may not be stored; `dead`: it could not be stored, and is a dead letter.
    """

    entry: str
    outcome: Annotated[Became, msgspec.Meta(title="EntryOutcome")]


class DropAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """It is gone for ever."""

    dropped: bool


class DeadLetterEndpoints:
    """The handlers; for admins only."""

    def __init__(self, *, desk: LetterDesk, sheets: Sheets) -> None:
        self._desk = desk
        self._sheets = sheets

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        one = f"{PATH}/{{letter_id}}"
        return [
            Endpoint(
                method="GET",
                path=PATH,
                look="dead_letters.look",
                handler=self.page,
                summary="Entries of the stream that could not be stored, newest first. "
                f"`kind`: only these; `limit`: up to {PAGE_MAX}; `before`: from the last page. "
                "As a file it is the whole list, without payloads.",
                query=["kind", "before", "limit", "tz", *FORM_FIELDS],
                parameters={
                    "kind": {"type": "string", "minLength": 1, "maxLength": KIND_MAX},
                    "before": {"type": "string", "pattern": _LETTER_PATTERN},
                    "limit": whole(1, 9999),
                },
                answer=LettersAnswer,
                codes=["malformed_message", "query_unusable"],
                tags=["admin"],
                admins=True,
            ),
            Endpoint(
                method="POST",
                path=f"{PATH}/redrive",
                handler=self.redrive,
                summary="Put letters back into the stream, once each: some, or all of a kind.",
                body=RedriveRequest,
                answer=RedriveAnswer,
                codes=["malformed_message"],
                tags=["admin"],
                away="not_saved",
                admins=True,
            ),
            Endpoint(
                method="GET",
                path=f"{PATH}/entries/{{entry_id}}",
                handler=self.entry,
                summary="What became of an entry that a letter was sent as; for ten minutes after "
                "its end.",
                answer=EntryAnswer,
                codes=["page_not_found"],
                tags=["admin"],
                admins=True,
            ),
            Endpoint(
                method="GET",
                path=one,
                look="dead_letters.look",
                handler=self.show,
                summary="One dead letter, opened, and what is wrong with it.",
                answer=LetterAnswer,
                codes=["page_not_found"],
                tags=["admin"],
                admins=True,
            ),
            Endpoint(
                method="PUT",
                path=one,
                handler=self.fix,
                summary="Give the letter a payload that can be read. It has another id then.",
                body=FixRequest,
                answer=LetterAnswer,
                codes=["page_not_found", "event_unusable"],
                tags=["admin"],
                away="not_saved",
                admins=True,
            ),
            Endpoint(
                method="POST",
                path=f"{one}/redrive",
                handler=self.redrive_one,
                summary="Put this letter back into the stream.",
                answer=RedriveAnswer,
                codes=["page_not_found"],
                tags=["admin"],
                away="not_saved",
                admins=True,
            ),
            Endpoint(
                method="POST",
                path=f"{one}/drop",
                handler=self.drop,
                summary="Give this letter up for ever.",
                answer=DropAnswer,
                codes=["page_not_found"],
                tags=["admin"],
                away="not_saved",
                admins=True,
            ),
        ]

    async def page(self, request: Request) -> Response:
        """``GET /api/admin/dead-letters``."""
        query = request.query_params
        before, kind = query.get("before"), query.get("kind")
        limit = query.get("limit", "50")
        if before is not None and not LETTER_ID.fullmatch(before):
            raise Refused("malformed_message", detail="before must be the id of a dead letter")
        if not (limit.isascii() and limit.isdigit() and len(limit) <= 4 and int(limit)):
            raise Refused("malformed_message", detail="limit must be a whole number from 1 to 9999")
        if kind is not None and not 1 <= len(kind) <= KIND_MAX:
            detail = f"kind must have 1 to {KIND_MAX} characters"
            raise Refused("malformed_message", detail=detail)
        wanted = wanted_in(request, datetime.now(UTC))
        if wanted is not None:
            return await self._file(kind, wanted)
        page = await self._desk.page(before=before, limit=int(limit), kind=kind)
        kinds = await self._desk.kinds()
        return json(
            LettersAnswer(
                letters=[_row(letter) for letter in page.letters],
                before=page.before,
                total=sum(kinds.values()),
                kinds=kinds,
            )
        )

    async def _file(self, kind: str | None, wanted: Wanted) -> Response:
        async def read(before: str | None, limit: int) -> list[LetterRow]:
            rows: list[LetterRow] = []
            while len(rows) < limit:
                page = await self._desk.page(before=before, limit=PAGE_MAX, kind=kind)
                rows += [_row(letter) for letter in page.letters]
                before = page.before
                if before is None:
                    break
            return rows[:limit]

        return await self._sheets.by_pages(
            "letters", LetterRow, wanted, read=read, where=lambda row: row.id
        )

    async def entry(self, request: Request) -> Response:
        """``GET /api/admin/dead-letters/entries/{entry_id}``."""
        entry_id: str = request.path_params["entry_id"]
        outcome = await self._desk.outcome(entry_id) if LETTER_ID.fullmatch(entry_id) else None
        if outcome is None:
            raise Refused("page_not_found")
        return json(EntryAnswer(entry=entry_id, outcome=outcome))

    async def show(self, request: Request) -> Response:
        """``GET /api/admin/dead-letters/{letter_id}``."""
        return json(_answer(await self._desk.show(_letter_id(request))))

    async def fix(self, request: Request) -> Response:
        """``PUT /api/admin/dead-letters/{letter_id}``."""
        letter_id = _letter_id(request)
        asked = await body(request, FixRequest)
        try:
            fixed = await self._desk.fix(letter_id, asked.payload.encode(), actor=actor(request))
        except InteractionInvalid as invalid:
            detail = ": ".join(part for part in (invalid.code, invalid.field) if part)
            raise Refused("event_unusable", detail=detail) from None
        except UnicodeEncodeError:
            raise Refused("event_unusable", detail="malformed_json") from None
        return json(_answer(fixed))

    async def redrive(self, request: Request) -> Response:
        """``POST /api/admin/dead-letters/redrive``."""
        asked = await body(request, RedriveRequest)
        if bool(asked.letters) == bool(asked.kind):
            raise Refused("malformed_message", detail="either letters or kind")
        if asked.kind:
            count = await self._desk.redrive_all(asked.kind, actor=actor(request))
            return json(RedriveAnswer(redriven=count, entries={}))
        entries = await self._desk.redrive(asked.letters, actor=actor(request))
        return json(RedriveAnswer(redriven=len(entries), entries=entries))

    async def redrive_one(self, request: Request) -> Response:
        """``POST /api/admin/dead-letters/{letter_id}/redrive``."""
        entries = await self._desk.redrive([_letter_id(request)], actor=actor(request))
        if not entries:
            raise Refused("page_not_found")
        return json(RedriveAnswer(redriven=1, entries=entries))

    async def drop(self, request: Request) -> Response:
        """``POST /api/admin/dead-letters/{letter_id}/drop``."""
        if not await self._desk.drop(_letter_id(request), actor=actor(request)):
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
