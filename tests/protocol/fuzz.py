"""Frames of a hostile client: real frames, changed at every place in every way."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from hypothesis import strategies as st

from configurator.protocol.schema import CLIENT_MESSAGES
from realtime.api.declared.asyncapi import examples

Json = dict[str, Any]

SEEDS = Path(__file__).parents[1] / "realtime" / "fuzz_seeds"

SWAPS = (b"\x00", b'"', b"\\", b"{", b"]", b",", b"9", b"\x7f", b"\xc3\xa9")
"""The bytes that replace each byte of a frame."""

INSERTIONS = (b'"', b"[[", b"}", b"1e999", b"\\ud800", b'"a":1,', b" ")

ODD_TEXTS: tuple[str, ...] = (
    "", " ", "null", "true", "0", "-0", "1e999", "-1e999", "NaN", "Infinity", "[]", "{}", "[[]]",
    '"', '"\\ud800"', "{", "}", "\ufeff{}", "\u2028", "\x00", "// a comment", "{'type': 'ping'}",
    '{"type": NaN}', '{"type": null}', '{"type": "\\ud800"}', '{"type": {"type": "ping"}}',
    '{"type": "ping",}', '{"type": "ping"} {"type": "ping"}', '{"type": "ping", "type": "launch"}',
    '{"__proto__": {"type": "ping"}}', '{"constructor": {"prototype": {}}, "type": "launch"}',
    '{"type": "ping", "id": 7}', '{"type": "ping", "id": ""}', '{"type": "ping", "id": "\\u0000"}',
    '{"type": "hello", "protocol": 1e999}', '{"type": "hello", "protocol": "1"}',
    '{"type": "join", "configuration": "\\u0000"}', '{"type": "join", "configuration": "../.."}',
    '{"type": "join", "configuration": "YTV071WZ", "since": {"epoch": "x", "version": 1}}',
    '{"type": "track", "session_id": "s", "interaction": NaN}',
    '{"type": "track", "session_id": "s", "interaction": {"eventType": "\\ud800"}}',
    '{"type": "track", "session_id": "s", "interaction": ' + "[" * 600 + "]" * 600 + "}",
    '{"type": "ping", "x": ' + "9" * 5000 + "}", '{"type": "ping", "x": 1e' + "9" * 500 + "}",
    "[" * 30_000, "[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900, '{"type": ' * 5000,
    '{"type": "' + "x" * 60_000 + '"}', '{"id": "' + "\\ud83d" * 5000 + '"}',
    '{"type": "ping", "id": "' + "\U0001f3e0" * 65 + '"}',
)  # fmt: skip
"""Things that have hurt JSON servers."""

ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**53 + 1, -(2**63), 2**64, 10**30, 1.5, -0.0, 1e308,
    "", " ", "x", "\x00", "\u202e", "x" * 65, "x" * 5000, "nest", "\U0001f3e0", "-1", "NaN",
    "00000000-0000-0000-0000-000000000000", "../../etc/passwd", "' OR 1=1 --", "<script>",
    [], {}, [[]], [None], {"": None}, {"__proto__": 1}, [{}] * 40, "0-0", "99999999999999999999-1",
)  # fmt: skip


def corpus(*, configuration: str, op_id: str | None = None) -> list[Json]:
    """One real frame for every type of message, about this configuration."""
    found: dict[str, Json] = {}
    for example in examples():
        if any(example.message == message.__name__ for message in CLIENT_MESSAGES):
            payload = dict(example.payload)
            if "configuration" in payload:
                payload["configuration"] = configuration
            if "op_id" in payload:
                payload["op_id"] = op_id or str(uuid4())
            found.setdefault(example.message, payload)
    found.pop("Hello")  # says who one is; what is fuzzed in it is in ODD_TEXTS
    return list(found.values())


def mutations(frame: bytes) -> Iterator[bytes]:
    """Every place of a frame swapped, cut off, left out, doubled, and something put there."""
    for place in range(len(frame)):
        before, after = frame[:place], frame[place + 1 :]
        yield before + SWAPS[place % len(SWAPS)] + after
        yield before + SWAPS[(place * 7 + 3) % len(SWAPS)] + after
        yield before + bytes([frame[place] ^ (1 << place % 7)]) + after
        yield before + after
        yield before
        yield frame[: place + 1] + frame[place - place % 9 :]
        yield before + INSERTIONS[place % len(INSERTIONS)] + frame[place:]


@st.composite
def changed_frames(draw: st.DrawFn, frames: list[Json]) -> str:
    """A frame whose parts were exchanged, left out, doubled or added, and perhaps its text cut."""
    frame: Any = json.loads(json.dumps(draw(st.sampled_from(frames))))
    for _ in range(draw(st.integers(1, 3))):
        _change(draw, frame)
    text = json.dumps(frame, ensure_ascii=draw(st.booleans()))
    if draw(st.integers(0, 5)) == 0:
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(st.text(max_size=4)) + text[start + draw(st.integers(0, 4)) :]
    return text.encode("utf-8", "replace").decode()


def _change(draw: st.DrawFn, frame: Json) -> None:
    where: Any = frame
    while True:
        if not where:
            return
        key = draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
        inner = where[key]
        if not (isinstance(inner, (dict, list)) and inner and draw(st.booleans())):
            break
        where = inner
    match draw(st.sampled_from(("replace", "replace", "drop", "add", "wrap"))):
        case "replace":
            where[key] = draw(st.sampled_from(ODD_VALUES))
        case "drop" if key != "type":
            del where[key]
        case "add" if isinstance(where, dict):
            where[draw(st.sampled_from(("x", "__proto__", "kind", "re", "anyway", "op_id")))] = (
                draw(st.sampled_from(ODD_VALUES))
            )
        case _:
            where[key] = [inner]


class Seed(msgspec.Struct, frozen=True, kw_only=True):
    """One found case: what was sent, over which transport, and what was wrong with the answer."""

    transport: str
    text: str
    why: str


def seeds(transport: str) -> list[Seed]:
    """The cases that were found before, to be replayed first."""
    found = [
        msgspec.json.decode(path.read_bytes(), type=Seed) for path in sorted(SEEDS.glob("*.json"))
    ]
    return [seed for seed in found if seed.transport == transport]


def keep(transport: str, text: str, why: str) -> Path:
    """Write a found case down, so that every later run replays it."""
    name = hashlib.sha256(f"{transport} {text}".encode()).hexdigest()[:12]
    path = SEEDS / f"{transport}-{name}.json"
    content = msgspec.json.encode(Seed(transport=transport, text=text, why=why[:500]))
    path.write_bytes(msgspec.json.format(content) + b"\n")
    return path
