"""`nest deadletters`: what could not be stored, and what to do about it."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from app.audit_key import operator
from app.settings import Settings
from configurator.untrusted import InteractionInvalid
from realtime.letter_desk import Examined, LetterDesk
from storage.postgres.audit import Audit
from storage.postgres.audit_chain import AuditKey
from storage.postgres.engine import Database
from storage.postgres.ledger import Ledger
from storage.redis.client import Redis
from storage.redis.dead_letters import LETTER_ID, DeadLetters, Letter

PAYLOAD_BYTES_MAX = 64 * 1024

Act = Callable[[LetterDesk, argparse.Namespace], Coroutine[None, None, int]]


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Do what was asked; 0: done, 1: not, or not all of it. Raises StorageUnavailable."""
    return asyncio.run(_run(settings, options))


async def _run(settings: Settings, options: argparse.Namespace) -> int:
    wrong = [each for each in options.letters if not LETTER_ID.fullmatch(each)]
    if wrong:
        return _complain(f"{wrong[0]!r} is no letter: `nest deadletters list` shows their ids", 2)
    acts: dict[str, Act] = {
        "list": _list,
        "show": _show,
        "fix": _fix,
        "redrive": _redrive,
        "drop": _drop,
    }
    key, options.actor = operator(settings, "nest deadletters")
    async with _desk(settings, key) as desk:
        return await acts[options.act](desk, options)


@asynccontextmanager
async def _desk(settings: Settings, key: AuditKey) -> AsyncIterator[LetterDesk]:
    async with (
        Database(settings.database_url, pool_size=1, application_name="nest deadletters") as base,
        Redis(settings.redis_url, pool_size=2) as redis,
    ):
        yield LetterDesk(
            letters=DeadLetters(redis),
            audit=Audit(base, key),
            ledger=Ledger(base),
            now=lambda: datetime.now(UTC),
        )


async def _list(desk: LetterDesk, options: argparse.Namespace) -> int:
    page = await desk.page(before=options.before, limit=options.limit, kind=options.kind)
    for letter in page.letters:
        print(_json(letter) if options.json else _line(letter))
    if options.json:
        return 0
    shown, total = len(page.letters), await desk.count()
    print(f"{shown} of {total} dead letters." if total else "There are no dead letters.")
    if page.before is not None and shown < total:
        again = f" --kind {options.kind}" if options.kind else ""
        print(f"Older ones: nest deadletters list{again} --before {page.before}")
    return 0


async def _show(desk: LetterDesk, options: argparse.Namespace) -> int:
    (letter_id,) = options.letters
    examined = await desk.show(letter_id)
    if examined is None:
        return _complain(f"there is no letter {letter_id}")
    print(_whole(examined))
    return 0


async def _fix(desk: LetterDesk, options: argparse.Namespace) -> int:
    (letter_id,) = options.letters
    try:
        payload = await asyncio.to_thread(_read, options.file)
        examined = await desk.fix(letter_id, payload.strip(), actor=options.actor)
    except InteractionInvalid as invalid:
        place = f" at {invalid.field}" if invalid.field else ""
        return _complain(f"nothing was changed: {invalid.en} ({invalid.code}{place})")
    except OSError as error:
        return _complain(f"{options.file} cannot be read: {error.strerror}")
    if examined is None:
        return _complain(f"there is no letter {letter_id}")
    print(f"Fixed; it is {examined.letter.id} now. To store it:")
    print(f"nest deadletters redrive {examined.letter.id}")
    return 0


async def _redrive(desk: LetterDesk, options: argparse.Namespace) -> int:
    if bool(options.letters) == bool(options.kind):
        return _complain("say which letters, or --kind", 2)
    if options.kind:
        count = await desk.redrive_all(options.kind, actor=options.actor)
        print(f"{count} letters went back into the stream.")
        return 0
    driven = await desk.redrive(options.letters, actor=options.actor)
    for letter_id, entry_id in driven.items():
        print(f"{letter_id} went back into the stream as {entry_id}")
    missing = [each for each in dict.fromkeys(options.letters) if each not in driven]
    return _complain(f"there is no letter {', '.join(missing)}") if missing else 0


async def _drop(desk: LetterDesk, options: argparse.Namespace) -> int:
    missing = []
    for letter_id in dict.fromkeys(options.letters):
        if await desk.drop(letter_id, actor=options.actor):
            print(f"{letter_id} is gone for ever")
        else:
            missing.append(letter_id)
    return _complain(f"there is no letter {', '.join(missing)}") if missing else 0


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read(PAYLOAD_BYTES_MAX + 1)
    with Path(file).open("rb") as opened:
        return opened.read(PAYLOAD_BYTES_MAX + 1)


def _complain(sentence: str, code: int = 1) -> int:
    print(f"nest: {sentence}.", file=sys.stderr)
    return code


def _line(letter: Letter) -> str:
    fixed = " fixed" if letter.fixed else ""
    return (
        f"{letter.id:<20} {_moment(letter.buried_ms)}  {letter.reason:<40}"
        f" {len(letter.entry.payload):>6} B{fixed}"
    )


def _whole(examined: Examined) -> str:
    letter, problem = examined.letter, examined.problem
    place = f" at {problem.field}" if problem and problem.field else ""
    wrong = f"{problem.en} ({problem.code}{place})" if problem else "It can be read."
    lines = [
        f"letter      {letter.id}{' (fixed)' if letter.fixed else ''}",
        (
            f"entry       {letter.entry.id}, delivered {letter.deliveries or 'an unknown number of'}"
            " times"
        ),
        f"buried      {_moment(letter.buried_ms)}, because of {letter.reason}",
        f"read now    {wrong}",
        f"payload     {_printable(examined.payload)}",
    ]
    if isinstance(examined.fields, dict):
        shown = msgspec.json.format(msgspec.json.encode(examined.fields), indent=2).decode()
        lines += ["as JSON", _printable(shown)]
    return "\n".join(lines)


def _json(letter: Letter) -> str:
    row = {
        "id": letter.id,
        "entry_id": letter.entry.id,
        "reason": letter.reason,
        "buried_at": _moment(letter.buried_ms),
        "deliveries": letter.deliveries,
        "fixed": letter.fixed,
        "payload": letter.entry.payload.decode("utf-8", "backslashreplace"),
    }
    return msgspec.json.encode(row).decode()


def _printable(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1]
        for character in text
    )


def _moment(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="seconds")
