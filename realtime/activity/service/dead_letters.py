"""The actions of admins on dead letters, for the command line and the HTTP API alike.

Every change is recorded in the audit first: while PostgreSQL is away nothing is changed.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from configurator.activity.entries import decode_entry, decode_storable
from configurator.activity.event_ids import unix_ms
from configurator.activity.interaction import Filtered
from configurator.activity.untrusted import InteractionInvalid, parse_json
from storage.postgres.activity.ledger import Ledger
from storage.postgres.service.audit import Actor, Audit
from storage.redis.activity.dead_letters import DeadLetterStream, Letter, LetterPage

Became: TypeAlias = Literal["waiting", "stored", "duplicate", "filtered", "dead"]
"""The fate of an entry: it still waits for a worker, or it ended in one of these ways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadProblem:
    """The reason why a payload is no event: a code, the place, a sentence in both languages."""

    code: str
    field: str | None
    de: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    r"""A letter, decoded.

    `payload` is its text, with invalid bytes as `\\xNN`. `fields` is its JSON, if it is valid JSON,
    and `pretty` its text with each field on a line and numbers unchanged. `problem` is None if the
    payload can be read: what prevents storing it is then the reason that PostgreSQL gave, or
    nothing any more.
    """

    letter: Letter
    payload: str
    pretty: str
    fields: object
    problem: PayloadProblem | None


class DeadLetters:
    """Reads dead letters, mends them, sends them again, or drops them."""

    def __init__(
        self,
        *,
        letters: DeadLetterStream,
        audit: Audit,
        ledger: Ledger,
        now: Callable[[], datetime],
    ) -> None:
        self._now = now
        self._letters = letters
        self._audit = audit
        self._ledger = ledger

    async def count(self) -> int:
        """The number of dead letters."""
        return await self._letters.count()

    async def kinds(self) -> dict[str, int]:
        """The number of dead letters of each kind."""
        return await self._letters.kinds()

    async def outcome(self, entry_id: str) -> Became | None:
        """The present fate of an entry of the stream; None if the stream has forgotten the entry."""
        passage = await self._letters.passage(entry_id)
        if passage is None:
            return None
        if not passage.finished:
            return "waiting"
        return "dead" if passage.buried else await self._ended(entry_id, passage.payload)

    async def _ended(self, entry_id: str, payload: bytes) -> Became:
        # The worker could read it, or the letter would still be there.
        event = decode_entry(payload)
        if isinstance(event, Filtered):
            return "filtered"
        ended = await self._ledger.ended(event.session_id, entry_id)
        if ended.stored:
            return "stored"
        return "filtered" if ended.erased else "duplicate"

    async def page(self, *, before: str | None, limit: int, kind: str | None) -> LetterPage:
        """A page of letters, newest first; `kind` is the first word of a reason."""
        return await self._letters.page(before=before, limit=limit, kind=kind)

    async def show(self, letter_id: str) -> Examined | None:
        """One letter, decoded; None if there is no such letter."""
        letter = await self._letters.get(letter_id)
        return self._examined(letter) if letter else None

    async def fix(self, letter_id: str, payload: bytes, *, actor: Actor) -> Examined | None:
        """Give the letter another payload, which changes its id; None if there is no such letter.

        Raises InteractionInvalid: the new payload is no event either; nothing was changed.
        """
        now_ms = self._now_ms()
        decode_storable(payload, written_ms=now_ms, now_ms=now_ms)
        payload = msgspec.json.format(payload, indent=-1)  # the form of everything in the stream
        letter = await self._letters.get(letter_id)
        if letter is None:
            return None
        await self._note(actor, "dead_letters.fix", letter)
        fixed = await self._letters.fix(letter_id, payload)
        return self._examined(fixed) if fixed else None

    async def redrive(self, letter_ids: Sequence[str], *, actor: Actor) -> dict[str, str]:
        """Send letters again as new entries; returns the new id of each by letter id."""
        await self._audit.record(
            actor=actor,
            action="dead_letters.redrive",
            subject=f"{len(letter_ids)} letters",
            detail={"letters": list(letter_ids)},
        )
        return await self._letters.redrive(letter_ids)

    async def redrive_all(self, kind: str, *, actor: Actor) -> int:
        """Send all present letters of this kind again; returns their number."""
        newest = (await self._letters.page(limit=1)).letters
        if not newest:
            return 0
        await self._audit.record(
            actor=actor, action="dead_letters.redrive", subject=f"all of {kind}"
        )
        return await self._letters.redrive_all(kind, newest=newest[0].id)

    async def drop(self, letter_id: str, *, actor: Actor) -> bool:
        """Delete a letter for good; returns whether there was one. The audit keeps its hash."""
        letter = await self._letters.get(letter_id)
        if letter is None:
            return False
        await self._note(actor, "dead_letters.drop", letter)
        return await self._letters.drop(letter_id)

    def _now_ms(self) -> int:
        return unix_ms(self._now())

    def _examined(self, letter: Letter) -> Examined:
        return examined(letter, sent_ms=self._now_ms())

    async def _note(self, actor: Actor, action: str, letter: Letter) -> None:
        await self._audit.record(
            actor=actor,
            action=action,
            subject=letter.id,
            detail={
                "entry": letter.entry.id,
                "reason": letter.reason,
                "payload_sha256": hashlib.sha256(letter.entry.payload).hexdigest(),
            },
        )


def examined(letter: Letter, *, sent_ms: int) -> Examined:
    """The letter with its payload as text, as JSON if it is valid JSON, and its problem.

    `sent_ms` is the time of sending it again, in ms since 1970.
    """
    payload = letter.entry.payload
    text = payload.decode("utf-8", "backslashreplace")
    try:
        fields: object = parse_json(payload)
        pretty = msgspec.json.format(text, indent=2)
    except InteractionInvalid:
        fields, pretty = None, text
    problem = None
    try:
        decode_storable(payload, written_ms=sent_ms, now_ms=sent_ms)
    except InteractionInvalid as invalid:
        problem = PayloadProblem(
            code=invalid.code, field=invalid.field, de=invalid.de, en=invalid.en
        )
    return Examined(
        letter=letter,
        payload=text,
        pretty=pretty,
        fields=fields,
        problem=problem,
    )
