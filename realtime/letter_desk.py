"""What an admin may do with dead letters; the same for the command line and the HTTP API.

Every change leaves its line in the audit first: with PostgreSQL away nothing is changed.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from configurator.activity import Filtered
from configurator.entries import decode_entry, decode_storable
from configurator.event_ids import unix_ms
from configurator.untrusted import InteractionInvalid, parse_json
from storage.postgres.audit import Actor, Audit
from storage.postgres.ledger import Ledger
from storage.redis.dead_letters import DeadLetters, Letter, Page

Became: TypeAlias = Literal["waiting", "stored", "duplicate", "filtered", "dead"]
"""What became of an entry: no worker is done with it, or how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a payload is no event: a code, the place, a sentence in both languages."""

    code: str
    field: str | None
    de: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    r"""A letter opened. `payload` is its text, bytes that are none as `\\xNN`.

    `fields` is its JSON, where it is some, and `pretty` its text with each field on a line, its
    numbers as they are. `problem` None: it can be read now; what is in the way is the reason that
    PostgreSQL gave, or nothing any more.
    """

    letter: Letter
    payload: str
    pretty: str
    fields: object
    problem: Problem | None


class LetterDesk:
    """Look at dead letters, mend them, send them again, or give them up."""

    def __init__(
        self,
        *,
        letters: DeadLetters,
        audit: Audit,
        ledger: Ledger,
        now: Callable[[], datetime],
    ) -> None:
        self._now = now
        self._letters = letters
        self._audit = audit
        self._ledger = ledger

    async def count(self) -> int:
        """How many there are."""
        return await self._letters.count()

    async def kinds(self) -> dict[str, int]:
        """How many there are of each kind."""
        return await self._letters.kinds()

    async def outcome(self, entry_id: str) -> Became | None:
        """What became of an entry of the stream, as of now; None: the stream has forgotten it."""
        passage = await self._letters.passage(entry_id)
        if passage is None:
            return None
        if not passage.finished:
            return "waiting"
        return "dead" if passage.buried else await self._ended(entry_id, passage.payload)

    async def _ended(self, entry_id: str, payload: bytes) -> Became:
        event = decode_entry(payload)  # it could be read, else it were buried
        if isinstance(event, Filtered):
            return "filtered"
        ended = await self._ledger.ended(event.session_id, entry_id)
        if ended.stored:
            return "stored"
        return "filtered" if ended.erased else "duplicate"

    async def page(self, *, before: str | None, limit: int, kind: str | None) -> Page:
        """Newest first; `kind` is the first word of a reason."""
        return await self._letters.page(before=before, limit=limit, kind=kind)

    async def show(self, letter_id: str) -> Examined | None:
        """One letter, opened."""
        letter = await self._letters.get(letter_id)
        return self._examined(letter) if letter else None

    async def fix(self, letter_id: str, payload: bytes, *, actor: Actor) -> Examined | None:
        """Gives the letter another payload, and with it another id; None: there is no such letter.

        Raises InteractionInvalid: the payload is no event either, and nothing was changed.
        """
        now_ms = self._now_ms()
        decode_storable(payload, written_ms=now_ms, now_ms=now_ms)
        payload = msgspec.json.format(payload, indent=-1)  # as everything in the stream is written
        letter = await self._letters.get(letter_id)
        if letter is None:
            return None
        await self._note(actor, "dead_letters.fix", letter)
        fixed = await self._letters.fix(letter_id, payload)
        return self._examined(fixed) if fixed else None

    async def redrive(self, letter_ids: Sequence[str], *, actor: Actor) -> dict[str, str]:
        """Sends letters again as new entries; returns the ids of those by letter id."""
        await self._audit.record(
            actor=actor,
            action="dead_letters.redrive",
            subject=f"{len(letter_ids)} letters",
            detail={"letters": list(letter_ids)},
        )
        return await self._letters.redrive(letter_ids)

    async def redrive_all(self, kind: str, *, actor: Actor) -> int:
        """Sends every letter of this kind that there is now again; returns how many."""
        newest = (await self._letters.page(limit=1)).letters
        if not newest:
            return 0
        await self._audit.record(
            actor=actor, action="dead_letters.redrive", subject=f"all of {kind}"
        )
        return await self._letters.redrive_all(kind, newest=newest[0].id)

    async def drop(self, letter_id: str, *, actor: Actor) -> bool:
        """Gives a letter up for ever; whether there was one. The audit keeps a hash of it."""
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
    """The letter with its payload as text, as JSON where it is some, and what is wrong with it.

    `sent_ms`, in ms since 1970, is when it would be sent again.
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
        problem = Problem(code=invalid.code, field=invalid.field, de=invalid.de, en=invalid.en)
    return Examined(
        letter=letter,
        payload=text,
        pretty=pretty,
        fields=fields,
        problem=problem,
    )
