"""Bodies that come packed or with a byte order mark, at every endpoint that takes one."""

import gzip
import json
import re
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.protocol.codes import Refused
from realtime.edge.unpacking import unpacking
from tests.realtime.conftest import RunningWeb

CHECKOUT = Path(__file__).parents[3]
LIMIT = 1_000


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def gzipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def in_two_members(body: bytes) -> bytes:
    return gzipped(body[:5]) + gzipped(body[5:])


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda body: body,
    "identity": lambda body: body,
    "gzip": gzipped,
    "GZIP ": gzipped,
    "x-gzip": in_two_members,
    "deflate": zlib.compress,
    " deflate": raw_deflate,
}


def unpacked(encoding: str, pieces: list[bytes], limit: int = LIMIT) -> bytes:
    received = unpacking(encoding, limit)
    for piece in pieces:
        received.add(piece)
    return received.text()


@given(
    text=st.text(
        st.characters(exclude_characters="\x00\ufeff"), min_size=3, max_size=LIMIT // 4 - 3
    ),
    encoding=st.sampled_from(sorted(PACKERS)),
    cuts=st.lists(st.integers(0, 1_100), max_size=5),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_a_body_is_the_same_however_it_is_packed_and_cut(
    text: str, encoding: str, cuts: list[int], mark: bytes
) -> None:
    body = text.encode()
    packed = PACKERS[encoding](mark + body)
    if len(packed) > LIMIT:
        return
    places = [0, *sorted(cuts), len(packed)]
    pieces = [packed[a:b] for a, b in pairwise(places)]
    assert unpacked(encoding, pieces) == body


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_is_refused_at_the_limit(encoding: str) -> None:
    bomb = PACKERS[encoding](b" " * 100_000)
    assert len(bomb) < LIMIT
    with pytest.raises(Refused, match="message_too_large"):
        unpacked(encoding, [bomb])
    assert unpacked(encoding, [PACKERS[encoding](b" " * LIMIT)]) == b" " * LIMIT


@pytest.mark.parametrize(
    ("encoding", "packed", "code"),
    [
        ("br", b"x", "unsupported_encoding"),
        ("zstd", b"x", "unsupported_encoding"),
        ("gzip, gzip", b"x", "unsupported_encoding"),
        ("gzip", b"{}", "malformed_message"),
        ("gzip", gzipped(b"{}")[:-4], "malformed_message"),
        ("gzip", gzipped(b"{}") + b"more", "malformed_message"),
        ("gzip", b"", "malformed_message"),
        ("deflate", b"\x01", "malformed_message"),
        ("deflate", zlib.compress(b"{}") + b"more", "malformed_message"),
        ("", "\ufeff{}".encode("utf-16-le"), "malformed_message"),
        ("", "{}".encode("utf-16-be"), "malformed_message"),
        ("gzip", gzipped("{}".encode("utf-32")), "malformed_message"),
        ("", b'{"ignored": "\xff"}', "malformed_message"),
        ("gzip", gzipped(b'{"\xc3(": 1}'), "malformed_message"),
        ("deflate", zlib.compress(b'{"half": "\xed\xa0\x80"}'), "malformed_message"),
        ("gzip", gzipped(b"x" * 2_000), "message_too_large"),
        ("", b"x" * 1_001, "message_too_large"),
    ],
)
def test_an_unreadable_body_is_named(encoding: str, packed: bytes, code: str) -> None:
    with pytest.raises(Refused, match=code):
        unpacked(encoding, [packed])


def test_every_body_is_read_in_one_place() -> None:
    readers = re.compile(r"request\.(stream|body|json|form)\(")
    found = {
        str(path.relative_to(CHECKOUT))
        for folder in ("app", "realtime", "ui")
        for path in (CHECKOUT / folder).rglob("*.py")
        if readers.search(path.read_text("utf-8"))
    }
    assert found == {"realtime/edge/exchange.py"}


async def test_endpoints_read_packed_bodies_and_marks(web: RunningWeb) -> None:
    chosen = {"nest": "nest80", "gebaeudehuelle": "holzlattung"}
    chosen |= {"innenverkleidung": "kiefer", "fussboden": "parkett"}
    selection = {category: {"option": option} for category, option in chosen.items()}
    price = b"\xef\xbb\xbf" + json.dumps({"selection": selection}).encode()
    event = b'{"sessionId": "s-1", "interaction": {"eventType": "click", "category": "nest"}}'

    async def status(
        path: str, body: bytes, encoding: str, media_type: str = "application/json"
    ) -> tuple[int, Any]:
        headers = {"content-type": media_type, "content-encoding": encoding}
        answer = await web.api().call("POST", path, content=body, headers=headers)
        return answer.status_code, answer.headers.get("accept-encoding")

    for path, body in (("/api/price", price), ("/api/sessions/track-interaction", event)):
        assert await status(path, gzipped(body), "gzip") == (200, None)
        assert await status(path, zlib.compress(body), "deflate") == (200, None)
        assert await status(path, body, "identity") == (200, None)
        ignored = body.replace(b"}", b', "x": "\xff"}', 1)
        assert (await status(path, ignored, ""))[0] == 400
        for unknown in ("br", "zstd"):
            assert await status(path, body, unknown) == (415, "gzip, deflate")
        # Only where the encoding is what is wrong (RFC 9110, 12.5.3).
        assert await status(path, body, "gzip", "text/html") == (415, None)
        assert (await status(path, gzipped(b" " * 10**7), "gzip"))[0] == 413
