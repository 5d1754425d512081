"""The chain of the audit: each line is signed together with the signature of the line before it.

    signature(n) = HMAC-SHA-256(key, signature(n - 1) + line n)

The key is not in the database (`NEST_AUDIT_KEY`, or a file in `NEST_HOME`). Even a superuser of
PostgreSQL therefore cannot change or remove a line without a trace: its signature, or the one after
it, no longer matches, and nobody can make a matching one without the key. Only the newest lines can
be removed so that the rest still matches; a head that is kept elsewhere reveals that
(`storage.redis.audit_head`, the log).

Line numbers have no gaps from the first signed line on.
"""

import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, Literal

import orjson
from typing_extensions import override

FIRST: Final = b"\x00" * 32
"""The signature before the first line."""
SHORT_BYTES: Final = 8
"""Bytes of a signature in the log, which cuts longer random texts: 1 in 2^64 matches by chance."""

NUMBER_MIN: Final = -(2**63)
NUMBER_MAX: Final = 2**63 - 1
"""The largest line number that PostgreSQL can store; lines begin with 1."""

Wrong = Literal["changed", "missing", "unsigned", "other_key", "number", "after_unsigned"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The signed values of a line. `detail` is PostgreSQL's text of its JSON."""

    id: int
    at: datetime
    actor: str
    network: str | None
    action: str
    subject: str
    result: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLine:
    """A line as stored; `key_id` says with which key it was signed."""

    line: Line
    key_id: str | None
    signature: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHead:
    """The newest line: its number and its signature. Written `NUMBER:SIGNATURE`, in hex.

    The first 16 digits of a signature are enough to compare it with another (`agrees`).
    """

    id: int
    signature: bytes

    @override
    def __str__(self) -> str:
        return f"{self.id}:{self.signature.hex()}"

    @classmethod
    def parse(cls, written: str) -> "AuditHead":
        """The head in this written form. Raises ValueError."""
        number, _, signature = written.partition(":")
        head = cls(id=int(number), signature=bytes.fromhex(signature))
        if not 1 <= head.id <= NUMBER_MAX or not SHORT_BYTES <= len(head.signature) <= len(FIRST):
            raise ValueError("not a head of the audit")
        return head

    @property
    def whole(self) -> bool:
        """Whether number and signature are complete: a line can have both."""
        return 1 <= self.id < NUMBER_MAX and len(self.signature) == len(FIRST)

    @property
    def short(self) -> str:
        """The first 16 digits of the signature, as in the log."""
        return self.signature[:SHORT_BYTES].hex()

    def agrees(self, signature: bytes) -> bool:
        """Whether this is the signature of that line, as far as the digits are known here."""
        return signature.startswith(self.signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A break in the chain: the lines `first` to `last` are wrong or missing."""

    first: int
    last: int
    wrong: Wrong


class AuditKey:
    """Signs lines, and replaces the subjects of lines by pseudonyms."""

    def __init__(self, secret: bytes) -> None:
        self._chain = hmac.digest(secret, b"nest audit chain", "sha256")
        self._subjects = hmac.digest(secret, b"nest audit subjects", "sha256")
        self.id: Final = sha256(self._chain).hexdigest()[:8]

    def sign(self, before: bytes, line: Line) -> bytes:
        """The signature of a line that follows the one with the signature `before`."""
        return hmac.digest(self._chain, before + _bytes_of(line), "sha256")

    def subject(self, subject: str) -> str:
        """The subject's pseudonym, made with the key: equal for every spelling of an address or id."""
        return hmac.digest(self._subjects, subject.strip().lower().encode(), "sha256").hex()


async def breaks(
    key: AuditKey, lines: AsyncIterator[SignedLine], known: AuditHead | None = None
) -> AsyncIterator[Break | AuditHead]:
    """Every place where the lines, oldest first, differ from what was written, and finally the head.

    `known` is a head that was kept elsewhere: the line with its number must be there, unchanged.
    A removed or changed line is reported once; later lines are compared with the stored ones.
    """
    before, number, provable = FIRST, 0, True
    async for each in lines:
        line, signature = each.line, each.signature
        if line.id < 1:
            yield _at(line.id, "number")
            continue
        if signature is None:
            if provable and line.id > number + 1 and number:
                yield Break(first=number + 1, last=line.id - 1, wrong="missing")
            yield _at(line.id, "unsigned")
            number, provable = line.id, False
            continue
        if known is not None and line.id == known.id and not known.agrees(signature):
            yield _at(line.id, "changed")
        elif each.key_id == key.id and hmac.compare_digest(key.sign(before, line), signature):
            pass  # also after a gap: lines from before the chain have gaps in their numbers
        else:
            for wrong in _misfit(key, each, number, provable=provable):
                yield wrong
        before, number, provable = signature, line.id, True
    if known is not None and number < known.id:
        yield Break(first=number + 1, last=known.id, wrong="missing")
    yield AuditHead(id=number, signature=before)


def _misfit(key: AuditKey, each: SignedLine, number: int, *, provable: bool) -> list[Break]:
    """The errors of a line that does not follow the line with this number."""
    line, found = each.line, []
    if line.id > number + 1:
        found = [Break(first=number + 1, last=line.id - 1, wrong="missing")]
        if each.signature is not None and len(each.signature) == len(FIRST):
            return found
    if each.key_id != key.id:
        return [*found, _at(line.id, "other_key")]
    return [*found, _at(line.id, "changed" if provable else "after_unsigned")]


def _at(number: int, wrong: Wrong) -> Break:
    return Break(first=number, last=number, wrong=wrong)


def _bytes_of(line: Line) -> bytes:
    """The bytes to sign; the same whenever the line is read again."""
    at_us = (line.at - _EPOCH) // timedelta(microseconds=1)
    return orjson.dumps(
        [line.id, at_us, line.actor, line.network, line.action, line.subject, line.result,
         line.detail]
    )  # fmt: skip
