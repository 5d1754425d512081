"""Export and erasure of everything about a person, a session or an e-mail address.

An erasure goes from the source outwards: PostgreSQL first (from then on, further interactions of a
session are filtered), then the waiting entries of the stream, dead letters and presence, then the
memory of the web processes, over the bus. Each step may be repeated, so an erasure that was cut
short is finished by the same call again.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from configurator.activity.entries import decode_entry
from configurator.activity.event_ids import session_meant, session_uuid
from configurator.activity.interaction import Event, parse_session_id
from configurator.activity.untrusted import InteractionInvalid
from storage.errors import StorageUnavailable
from storage.postgres.people.privacy import Privacy, Subject
from storage.postgres.service.audit import Actor, Audit
from storage.redis.activity.entries import Entry
from storage.redis.activity.traces import Traces, entry_pairs

SUBJECT_MAX = 320
ERASE_ROUNDS = 20


class SubjectUnknown(LookupError):
    """Nothing is known of this person, session or address."""


class Forgotten(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The message to web processes. `houses` stay open for others, without this person's name."""

    sessions: list[UUID] = []
    person: UUID | None = None
    houses: list[UUID] = []


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The person or sessions that a subject means."""

    person: UUID | None
    sessions: list[UUID]
    email: str | None


class PersonDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a subject.

    `stream` and `dead_letters` are entries that are not in the tables yet, or never will be.

    `truncated` names the kinds of which there is more than fits.
    """

    subject: Found
    exported_at: datetime
    person: dict[str, object] | None
    sessions: list[object]
    interactions: list[object]
    choices: list[object]
    configurations: list[object]
    operations: list[object]
    grants: list[object]
    share_links: list[object]
    link_uses: list[object]
    inquiries: list[object]
    stream: list[object]
    dead_letters: list[object]
    presence: list[object]
    truncated: list[str]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The amount of data about a subject, by kind; kinds without data are left out.

    `people` are, for an e-mail address, the people who gave it; each is a subject of their own.
    `erased` says that the subject was erased before.
    """

    subject: Found
    people: list[UUID]
    erased: bool
    counts: dict[str, int]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The amount of erased data, by kind; it does not identify the subject."""

    erased_at: datetime
    counts: dict[str, int]


class PersonalData:
    """Finds, exports and erases the data of a subject, and records who did it."""

    def __init__(
        self, *, privacy: Privacy, traces: Traces, audit: Audit, now: Callable[[], datetime]
    ) -> None:
        self._privacy = privacy
        self._traces = traces
        self._audit = audit
        self._now = now

    async def find(self, text: str) -> Subject:
        """A person's id, a session's id as we or its client wrote it, or an e-mail address.

        Raises SubjectUnknown.
        """
        text = text.strip()
        if not text or len(text) > SUBJECT_MAX:
            raise SubjectUnknown
        if "@" in text and (found := await self._privacy.email(text)):
            return found
        person_id = _as_uuid(text)
        if person_id is not None and (found := await self._privacy.person(person_id)):
            return found
        try:
            session_id = session_uuid(parse_session_id(text))
        except InteractionInvalid:
            raise SubjectUnknown from None
        if found := await self._privacy.session(session_id):
            return found
        # In earlier releases every spelling of a UUID meant the session with that UUID.
        if person_id is not None and (found := await self._privacy.session(person_id)):
            return found
        for each in {session_id, session_meant(text)}:
            if await self._traces.kept([each]) or await self._traces.letters([each]):
                return Subject(sessions=(each,))
        raise SubjectUnknown

    async def known(self, text: str, *, actor: Actor) -> Known:
        """The amount of data about the subject, without showing any of it. Raises SubjectUnknown."""
        subject = await self.find(text)
        waiting = await self._traces.waiting(subject.sessions)
        letters = await self._traces.letters(subject.sessions)
        counts = Counter(await self._privacy.count(subject))
        counts["stream"], counts["dead_letters"] = len(waiting), len(letters)
        people = [] if subject.mailbox is None else await self._privacy.people_of(subject.mailbox)
        await self._write(actor, "privacy.look", subject.mailbox or text)
        return Known(
            subject=Found(
                person=subject.person, sessions=list(subject.sessions), email=subject.mailbox
            ),
            people=people,
            erased=subject.erased,
            counts=dict(+counts),
        )

    async def export(self, text: str, *, actor: Actor) -> PersonDocument:
        """Everything about the subject. Raises SubjectUnknown.

        The stream is read before the tables, so that nothing is missed that is stored in between.
        """
        subject = await self.find(text)
        sessions = subject.sessions
        waiting = await self._traces.waiting(sessions)
        letters = [
            {name: _text(value) for name, value in letter.fields.items()}
            for letter in await self._traces.letters(sessions)
        ]
        person = subject.person
        presence = [] if person is None else await self._presence(person)
        exported = await self._privacy.export(subject)
        kinds = {kind: list(rows) for kind, rows in exported.kinds.items()}
        people = kinds.pop("person")
        ended = {each["stream_id"] for each in kinds["interactions"]}
        ended |= {each.get("id") for each in letters}
        stream: list[object] = [_readable(each) for each in waiting if each.id not in ended]
        document = PersonDocument(
            subject=Found(person=person, sessions=list(sessions), email=subject.mailbox),
            exported_at=self._now(),
            person=people[0] if people else None,
            stream=stream,
            dead_letters=list(letters),
            presence=presence,
            truncated=list(exported.truncated),
            **kinds,
        )
        counted = {kind: len(rows) for kind, rows in kinds.items()}
        counted["stream"] = len(stream)
        await self._write(actor, "privacy.export", subject.mailbox or text, counted)
        return document

    async def erase(self, text: str, *, actor: Actor) -> Receipt:
        """Erase everything about the subject. A second call finds little or nothing.

        Raises SubjectUnknown.
        """
        subject = await self.find(text)
        counts = await self._erase_sessions(subject.sessions)
        if subject.person is not None:
            counts += await self._erase_person(subject.person)
        if subject.mailbox is not None:
            counts += (await self._privacy.erase_inquiries(subject.mailbox)).counts
        receipt = Receipt(erased_at=self._now(), counts=dict(sorted((+counts).items())))
        await self._write(actor, "privacy.erase", subject.mailbox or text, receipt.counts)
        return receipt

    async def _write(
        self, actor: Actor, action: str, subject: str, counts: Mapping[str, int] | None = None
    ) -> None:
        await self._audit.record(
            actor=actor, action=action, subject=self._audit.hidden(subject), detail=counts
        )

    async def _erase_sessions(self, sessions: Sequence[UUID]) -> Counter[str]:
        """Erase sessions from the tables, one by one, then from the stream in one pass."""
        counts: Counter[str] = Counter()
        ids: set[UUID] = set()
        for session_id in sessions:
            erasure = await self._privacy.erase_session(session_id)
            counts += erasure.counts
            ids.update(erasure.lately)
        if sessions:
            entries = await self._traces.kept(sessions)
            ids.update(event.event_id for each in entries if (event := _event(each)))
            await self._privacy.book_waiting(entry_pairs(entries))
            counts["stream_entries"] = await self._traces.remove_entries(entries)
            letters = await self._traces.letters(sessions)
            counts["dead_letters"] = await self._traces.remove_letters(letters)
            counts["seen_ids"] = await self._traces.forget_seen(ids)
            counts["keys"] = await self._traces.forget_keys(sessions)
            await self._tell(Forgotten(sessions=list(sessions)))
        return counts

    async def _erase_person(self, person_id: UUID) -> Counter[str]:
        """Erase a person; their sessions first, which are not found without the person.

        Raises StorageUnavailable when new sessions of this person keep beginning.
        """
        counts: Counter[str] = Counter()
        for _ in range(ERASE_ROUNDS):
            left = await self._privacy.erase_person(person_id)
            if left is not None:
                await self._tell(Forgotten(person=person_id, houses=list(left.houses)))
                counts += left.counts
                counts["presence"] = await self._traces.forget_presence(person_id)
                counts["keys"] += await self._traces.forget_keys([person_id])
                return counts
            again = await self._privacy.person(person_id)
            counts += await self._erase_sessions(again.sessions if again else ())
        raise StorageUnavailable("sessions of this person keep beginning")

    async def _tell(self, forgotten: Forgotten) -> None:
        await self._traces.tell(msgspec.json.encode(forgotten))

    async def _presence(self, person: UUID) -> list[object]:
        """The places where this person is, without the others who are there."""
        found: list[object] = []
        for key, value in (await self._traces.presence(person)).items():
            report = msgspec.json.decode(value)
            members = report.get("members", []) if isinstance(report, dict) else []
            mine = [each for each in members if each.get("person") == str(person)]
            found.append({"place": key, "members": mine})
        return found


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _event(entry: Entry) -> Event | None:
    try:
        event = decode_entry(entry.payload)
    except InteractionInvalid:
        return None
    return event if isinstance(event, Event) else None


def _readable(entry: Entry) -> dict[str, object]:
    event = _event(entry)
    return {"id": entry.id, "event": _text(entry.payload) if event is None else event}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
