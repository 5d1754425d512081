"""`nest deadletters`: shows and handles entries that could not be stored."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from app.audit_key import operator
from app.chance import now
from app.commands.argument_types import count
from app.commands.stores import with_servers
from app.settings.settings import Settings
from configurator.activity.untrusted import InteractionInvalid
from realtime.activity.service.dead_letters import DeadLetters, Examined
from storage.postgres.activity.ledger import Ledger
from storage.postgres.engine import Database
from storage.postgres.service.audit import Audit
from storage.postgres.service.audit_chain import AuditKey
from storage.redis.activity.dead_letters import LETTER_ID, DeadLetterStream, Letter
from storage.redis.client import Redis

HELP = (
    "List interactions that could not be stored, show what is wrong, correct them, send them "
    "again, or discard them. Every change is in the audit. Exits with 1 if a part could not be "
    "done."
)
EXAMPLE = (
    "nest deadletters list --kind wrong_type\n"
    "  nest deadletters show 1764111600000-0\n"
    "  nest deadletters fix 1764111600000-0 payload.json\n"
    "  nest deadletters redrive --kind wrong_type\n"
    "  nest deadletters drop 1764111600000-0"
)
PAYLOAD_BYTES_MAX: Final = 64 * 1024

LetterAction = Callable[[DeadLetters, argparse.Namespace], Coroutine[None, None, int]]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds one of five actions, and the letters concerned."""
    parser.set_defaults(letters=[])
    acts = parser.add_subparsers(title="acts", metavar="ACT", dest="act", required=True)
    listed = acts.add_parser("list", help="the newest first")
    _kind(listed)
    listed.add_argument("--before", metavar="LETTER", help="those older than this one")
    listed.add_argument(
        "--limit",
        type=count,
        default=50,
        metavar="N",
        help="list at most N entries, default 50, up to 200",
    )
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    shown = acts.add_parser("show", help="show one entry and what is wrong with it")
    fixed = acts.add_parser("fix", help="replace the payload of an entry with one that can be read")
    driven = acts.add_parser(
        "redrive", help="put some entries, or all of a kind, back into the stream"
    )
    dropped = acts.add_parser("drop", help="discard an entry permanently")
    for act, several in ((shown, 1), (fixed, 1), (driven, "*"), (dropped, "+")):
        act.add_argument("letters", nargs=several, metavar="LETTER", help="its id")
    fixed.add_argument("file", metavar="FILE", help="the payload; - is standard input")
    _kind(driven)


def _kind(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", metavar="KIND", help="the first word of the reason")


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Carries out the action; returns 1 if it failed for some letters."""
    settings = with_servers(settings, "deadletters", environ)
    return asyncio.run(_run(settings, options))


async def _run(settings: Settings, options: argparse.Namespace) -> int:
    wrong = [each for each in options.letters if not LETTER_ID.fullmatch(each)]
    if wrong:
        return _complain(
            f"{wrong[0]!r} is not the id of a letter: `nest deadletters list` shows the ids", 2
        )
    acts: dict[str, LetterAction] = {
        "list": _list,
        "show": _show,
        "fix": _fix,
        "redrive": _redrive,
        "drop": _drop,
    }
    key, options.actor = operator(settings, "nest deadletters")
    async with _dead_letters(settings, key) as letters:
        return await acts[options.act](letters, options)


@asynccontextmanager
async def _dead_letters(settings: Settings, key: AuditKey) -> AsyncIterator[DeadLetters]:
    async with (
        Database(settings.database_url, pool_size=1, application_name="nest deadletters") as base,
        Redis(settings.redis_url, pool_size=2) as redis,
    ):
        yield DeadLetters(
            letters=DeadLetterStream(redis),
            audit=Audit(base, key),
            ledger=Ledger(base),
            now=now,
        )


async def _list(letters: DeadLetters, options: argparse.Namespace) -> int:
    page = await letters.page(before=options.before, limit=options.limit, kind=options.kind)
    for letter in page.letters:
        print(_json(letter) if options.json else _line(letter))
    if options.json:
        return 0
    shown, total = len(page.letters), await letters.count()
    print(f"{shown} of {total} dead letters." if total else "There are no dead letters.")
    if page.before is not None and shown < total:
        again = f" --kind {options.kind}" if options.kind else ""
        print(f"Older ones: nest deadletters list{again} --before {page.before}")
    return 0


async def _show(letters: DeadLetters, options: argparse.Namespace) -> int:
    (letter_id,) = options.letters
    examined = await letters.show(letter_id)
    if examined is None:
        return _complain(f"there is no letter {letter_id}")
    print(_whole(examined))
    return 0


async def _fix(letters: DeadLetters, options: argparse.Namespace) -> int:
    (letter_id,) = options.letters
    try:
        payload = await asyncio.to_thread(_read, options.file)
        examined = await letters.fix(letter_id, payload.strip(), actor=options.actor)
    except InteractionInvalid as invalid:
        place = f" at {invalid.field}" if invalid.field else ""
        return _complain(f"nothing was changed: {invalid.en} ({invalid.code}{place})")
    except OSError as error:
        return _complain(f"{options.file} cannot be read: {error.strerror}")
    if examined is None:
        return _complain(f"there is no letter {letter_id}")
    print(f"Fixed; its id is {examined.letter.id} now. To store it:")
    print(f"nest deadletters redrive {examined.letter.id}")
    return 0


async def _redrive(letters: DeadLetters, options: argparse.Namespace) -> int:
    if bool(options.letters) == bool(options.kind):
        return _complain("say which letters, or --kind", 2)
    if options.kind:
        driven_back = await letters.redrive_all(options.kind, actor=options.actor)
        print(f"{driven_back} letters went back into the stream.")
        return 0
    driven = await letters.redrive(options.letters, actor=options.actor)
    for letter_id, entry_id in driven.items():
        print(f"{letter_id} went back into the stream as {entry_id}")
    missing = [each for each in dict.fromkeys(options.letters) if each not in driven]
    return _complain(f"there is no letter {', '.join(missing)}") if missing else 0


async def _drop(letters: DeadLetters, options: argparse.Namespace) -> int:
    missing = []
    for letter_id in dict.fromkeys(options.letters):
        if await letters.drop(letter_id, actor=options.actor):
            print(f"{letter_id} is permanently gone")
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
    """The text without control characters of terminals."""
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1]
        for character in text
    )


def _moment(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="seconds")
