"""`/developers`: everything that is published is on it, as text, in both languages, and true."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

from app.sdk import sdk_files
from configurator.protocol.codes import CODES
from configurator.protocol.schema import CLIENT_MESSAGES, SERVER_MESSAGES, protocol_schema
from tests.ui.conftest import Served
from ui.assets import DIRECTORY, Assets
from ui.public.developers import SNIPPETS, DeveloperPages, code_spans
from ui.public.reference import (
    DocumentedExample,
    DocumentedMessage,
    Field,
    Piece,
    ProtocolReference,
    Shape,
    anchor_of,
    reference,
)
from ui.templates import Templates
from ui.texts import Texts

ROOT = Path(__file__).parents[3]
ATTACK = "<img src=x onerror=alert(1)>"


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url) as opened:
        yield opened


@pytest.mark.parametrize(("language", "word"), [("de", "Nachrichten"), ("en", "Messages")])
def test_every_message_shape_and_code_is_on_the_page(
    client: httpx.Client, language: str, word: str
) -> None:
    page = client.get(f"/developers?lang={language}")
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert f'id="messages-title">{word}<' in page.text
    for message in (*CLIENT_MESSAGES, *SERVER_MESSAGES):
        assert f'id="{anchor_of(message)}"' in page.text
    for part in reference().parts:
        assert f'id="part-{part.name}"' in page.text
    for code in CODES.values():
        assert f'id="code-{code.name}"' in page.text
        assert str(code_spans(getattr(code.text, language))).split("&")[0] in page.text
    assert len(page.content) < 200_000


def test_the_ready_clients_and_the_rules_are_on_the_page(client: httpx.Client) -> None:
    page = client.get("/developers?lang=en").text
    for file in sdk_files():
        assert f'href="{file.path}"' in page
        assert file.integrity in unescape(page)
    assert f"npm install {str(client.base_url).rstrip('/')}/sdk/" in page
    assert 'href="/spec"' in page
    assert 'href="/sdk/"' in page


def test_the_rules_are_a_page_and_markdown(client: httpx.Client) -> None:
    source = (ROOT / "docs" / "SPEC.md").read_text("utf-8")
    page = client.get("/spec")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    rules = re.findall(r"^- \*\*([A-Z]{2}\d+)\*\*", source, re.MULTILINE)
    assert len(rules) > 100
    assert re.findall(r'<li id="([A-Z]{2}\d+)">', page.text) == rules
    for code in re.findall(r"^\| `(\w+)` \|", source, re.MULTILINE):
        assert f"<td><code>{code}</code></td>" in page.text
    assert "**" not in page.text
    assert not re.search(r"\sstyle=|<script", page.text)
    for answer in (
        client.get("/spec.md"),
        client.get("/spec", headers={"accept": "text/markdown"}),
    ):
        assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
        assert answer.text == source
    assert "Accept" in page.headers["vary"]
    assert client.head("/spec").status_code == 200


def test_every_link_on_the_page_has_its_target(client: httpx.Client) -> None:
    page = client.get("/developers").text
    anchors = re.findall(r'\bid="([^"]+)"', page)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(anchors)


def test_scripts_and_styles_are_our_own_files(client: httpx.Client) -> None:
    page = client.get("/developers")
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", page.text)
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    for address in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text):
        assert client.get(address).status_code == 200
    script = re.search(r'data-socketio="([^"]+)"', page.text)
    assert script is not None
    assert "Socket.IO" in client.get(script[1]).text[:200]
    assert client.head("/developers").status_code == 200


def test_the_landing_page_and_the_rest_page_lead_here(client: httpx.Client) -> None:
    from realtime.api.declared.docs_page import docs_page

    assert 'href="/developers"' in client.get("/").text
    assert 'href="/developers"' in docs_page([], public_url="http://nest.example")


def test_fields_are_told_with_types_bounds_and_defaults() -> None:
    found = {message.anchor: message for message in reference().from_client}
    fields = {field.name: field for field in found["send-op"].shape.fields}
    assert fields["op_id"].required
    assert [piece.text for piece in fields["op_id"].type] == ["uuid"]
    assert [dict(bound.values) for bound in fields["id"].bounds] == [{"least": 1, "most": "64"}]
    assert fields["guarded"].default == "false"
    assert not fields["guarded"].required
    assert {piece.anchor for piece in fields["operation"].type if piece.anchor} >= {
        "part-Select",
        "part-Undo",
    }
    assert [name for name, _ in found["send-join"].answers] == ["hear-snapshot", "hear-ops"]


def test_every_field_of_the_schema_is_told() -> None:
    known = reference()
    shapes = [each.shape for each in (*known.from_client, *known.from_server)] + list(known.parts)
    told = {shape.name: [field.name for field in shape.fields] for shape in shapes}
    for name, schema in protocol_schema()["$defs"].items():
        if name not in {"ClientMessage", "ServerMessage"}:
            assert told[name] == list(schema.get("properties", {})), name


def test_every_message_has_a_real_example() -> None:
    known = reference()
    for message in (*known.from_client, *known.from_server):
        assert message.examples, message.tag
        for example in message.examples:
            assert json.loads(example.text)["type"] == message.tag


def test_text_of_the_documents_stays_text() -> None:
    shape = Shape(
        name=ATTACK,
        summary=f"`{ATTACK}` {ATTACK}",
        details=(ATTACK,),
        fields=(
            Field(
                name=ATTACK, type=(Piece(text=ATTACK),), bounds=(), required=True, default=ATTACK
            ),
        ),
        words=(ATTACK,),
    )
    message = DocumentedMessage(
        anchor="x",
        tag=ATTACK,
        shape=shape,
        answers=(("x", ATTACK),),
        unasked=True,
        examples=(DocumentedExample(summary=ATTACK, text=ATTACK),),
    )
    hostile = ProtocolReference(from_client=(message,), from_server=(message,), parts=(shape,))
    templates = Templates(Texts(), Assets())
    pages = DeveloperPages(templates, Texts(), f"http://{ATTACK}", hostile)
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/developers",
        "query_string": b"",
        "headers": [],
    }
    page = pages.response(Request(scope))
    text = bytes(page.body).decode()
    assert "<img" not in text
    assert text.count("&lt;img src=x onerror=alert(1)&gt;") > 20


def test_the_clients_are_started_as_their_own_pages_say() -> None:
    assert blocks("clients/python/README.md", "python")[0] == snippet("python.txt")
    assert blocks("clients/js/README.md", "js")[0] == snippet("javascript.txt")
    assert blocks("README.md", "python") == [snippet("python.txt")]
    assert blocks("README.md", "js") == [snippet("javascript.txt")]


def blocks(path: str, language: str) -> list[str]:
    text = (ROOT / path).read_text("utf-8")
    return [found.strip() for found in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)]


def snippet(name: str) -> str:
    return (DIRECTORY / "snippets" / name).read_text("utf-8").strip()


def test_snippets_name_this_server(client: httpx.Client, served: Served) -> None:
    page = client.get("/developers").text
    assert "127.0.0.1:8080" not in page
    assert page.count(served.url) >= 4
    for each in SNIPPETS:
        assert f'id="snippet-{each.key}"' in page
        assert len(each.text("http://x").splitlines()) <= 16


def test_every_text_of_the_console_is_asked_for() -> None:
    sources = "".join(path.read_text("utf-8") for path in DIRECTORY.rglob("console/*.js"))
    sources += (DIRECTORY.parent / "markup" / "developers.html").read_text("utf-8")
    dynamic = ("console.state.", "console.direction.", "console.ready.")
    for key in Texts().entries():
        if key.startswith("console.") and not key.startswith(dynamic):
            assert f'"{key}"' in sources or f"'{key}'" in sources, key


def test_configurator_pages_do_not_carry_these_texts() -> None:
    assert "developers.h1" not in Texts().json
    assert "takeback.undo" in Texts().json
