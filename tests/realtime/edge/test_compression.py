"""Compression: the answers that get it, and conditional, partial and HEAD requests, which stay correct."""

import gzip
import zlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from realtime.edge.compression import Compression, KeptBodies, accepts_gzip

TEXT = "Nest. 120, Holzlattung, Kiefer. " * 200
PUBLIC = {"cache-control": "public, max-age=60", "etag": '"one"'}
ANSWERS: Mapping[str, Response] = {
    "/page": Response(TEXT, media_type="text/html"),
    "/json": Response(TEXT, media_type="application/json", headers={"vary": "Cookie"}),
    "/svg": Response(TEXT, media_type="image/svg+xml", headers=PUBLIC),
    "/private": Response(TEXT, media_type="text/html", headers={"cache-control": "no-store"}),
    "/large": Response(TEXT * 50, media_type="text/csv"),
    "/huge": Response(TEXT * 400, media_type="text/javascript"),
    "/failed": Response(TEXT, 500, media_type="text/html"),
    "/small": Response("{}", media_type="application/json"),
    "/picture": Response(TEXT, media_type="image/png"),
    "/events": Response(TEXT, media_type="text/event-stream"),
    "/encoded": Response(TEXT, media_type="text/html", headers={"content-encoding": "br"}),
    "/as-is": Response(TEXT, media_type="text/html", headers={"cache-control": "no-transform"}),
    "/nothing": Response(status_code=204),
    "/unchanged": Response(status_code=304, headers=PUBLIC),
}
COMPRESSED = {"/page", "/json", "/svg", "/private", "/large", "/failed", "/stream", "/files/a.js"}


async def parts() -> AsyncIterator[str]:
    for _ in range(50):
        yield TEXT


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "a.js").write_text(TEXT, "utf-8")

    async def answer(request: Request) -> Response:
        if request.url.path == "/stream":
            return StreamingResponse(parts(), media_type="text/csv")
        return ANSWERS[request.url.path]

    app = Starlette(
        routes=[
            Mount("/files", StaticFiles(directory=tmp_path)),
            Route("/{path:path}", answer),
        ]
    )
    app.add_middleware(Compression)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://nest") as opened:
        opened.headers["accept-encoding"] = "gzip, deflate, br"
        yield opened


async def raw(client: httpx.AsyncClient, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    async with client.stream("GET", path, headers=headers) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize("path", [*ANSWERS, "/stream", "/files/a.js"])
async def test_answers_that_are_compressed(client: httpx.AsyncClient, path: str) -> None:
    answer, body = await raw(client, path)
    if path not in COMPRESSED:
        assert answer.headers.get("content-encoding") in {None, "br"}
        assert body in {ANSWERS[path].body, b""}
        return
    assert answer.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]
    assert "accept-ranges" not in answer.headers
    expected = TEXT * 50 if path in {"/large", "/stream"} else TEXT
    assert gzip.decompress(body).decode() == expected
    if path != "/stream":
        assert int(answer.headers["content-length"]) == len(body) < len(expected) / 10
    head = await client.head(path)
    assert head.content == b""
    assert {**answer.headers, "content-length": ""} == {**head.headers, "content-length": ""}


@pytest.mark.parametrize("path", ["/page", "/files/a.js", "/stream"])
async def test_a_client_without_gzip_gets_the_plain_answer(
    client: httpx.AsyncClient, path: str
) -> None:
    answer, body = await raw(client, path, **{"accept-encoding": "br, gzip;q=0"})
    assert "content-encoding" not in answer.headers
    assert "Accept-Encoding" in answer.headers["vary"]
    assert body.startswith(TEXT.encode())


async def test_validators_are_weak_and_still_match(client: httpx.AsyncClient) -> None:
    answer, _ = await raw(client, "/files/a.js")
    weak = answer.headers["etag"]
    assert weak.startswith('W/"')
    again = await client.get("/files/a.js", headers={"if-none-match": weak})
    assert (again.status_code, again.headers["etag"]) == (304, weak)
    assert (await client.get("/unchanged")).headers["etag"] == 'W/"one"'
    plain, _ = await raw(client, "/files/a.js", **{"accept-encoding": "identity"})
    assert f"W/{plain.headers['etag']}" == weak


async def test_a_part_of_a_file_is_of_the_plain_one(client: httpx.AsyncClient) -> None:
    answer, body = await raw(client, "/files/a.js", range="bytes=5-9")
    assert answer.status_code == 206
    assert "content-encoding" not in answer.headers
    assert body == TEXT[5:10].encode()


@pytest.mark.parametrize(
    ("path", "headers", "compressed"),
    [
        ("/private", {}, True),
        ("/private", {"cookie": "a=b", "sec-fetch-site": "same-origin"}, True),
        ("/private", {"cookie": "a=b", "sec-fetch-site": "none"}, True),
        ("/private", {"cookie": "a=b", "sec-fetch-site": "cross-site"}, False),
        ("/private", {"cookie": "a=b", "sec-fetch-site": "same-site"}, False),
        ("/private", {"cookie": "a=b"}, False),
        ("/private", {"sec-fetch-site": "cross-site"}, True),
        ("/svg", {"cookie": "a=b", "sec-fetch-site": "cross-site"}, True),
    ],
)
async def test_no_other_site_learns_the_length_of_a_private_answer(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], compressed: bool
) -> None:
    answer, _ = await raw(client, path, **headers)
    assert ("content-encoding" in answer.headers) is compressed


@pytest.mark.parametrize(
    ("said", "takes"),
    [
        ("gzip", True),
        ("GZIP;q=0.001", True),
        ("x-gzip", True),
        ("br, *", True),
        ("*;q=0", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("identity", False),
        ("", False),
        ("*, gzip;q=0", False),
    ],
)
def test_accept_encoding(said: str, takes: bool) -> None:
    assert accepts_gzip(said) is takes


async def test_kept_bodies_are_bounded() -> None:
    kept = KeptBodies(bytes_max=300)
    bodies = [str(n).encode() * 1_000 for n in range(100)]
    for body in bodies:
        assert zlib.decompress(await kept.compressed(body), 31) == body
        assert kept.size_bytes <= 300
