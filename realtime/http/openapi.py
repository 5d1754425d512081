"""OpenAPI 3.1 and its readable page, generated from the list of endpoints and the table of codes."""

from collections.abc import Sequence
from html import escape
from typing import Any

import msgspec

from configurator.protocol.codes import CODES
from configurator.protocol.messages import PROTOCOL
from realtime.http.endpoints import Endpoint
from realtime.sheets.answers import MEDIA_TYPES

JsonObject = dict[str, Any]
_FILES = {
    MEDIA_TYPES["csv"]: {"schema": {"type": "string"}},
    MEDIA_TYPES["xlsx"]: {"schema": {"type": "string", "format": "binary"}},
}
_REFS = "#/components/schemas/{name}"


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request was not carried out, and whether the same request may succeed later."""

    code: str
    message: dict[str, str]
    retryable: bool
    detail: str | None = None
    retry_after_ms: int | None = None


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every answer that is not a success."""

    error: ErrorBody


def openapi(endpoints: Sequence[Endpoint], *, public_url: str) -> JsonObject:
    """The document of ``/openapi.json``."""
    types: list[object] = [ErrorAnswer]
    for each in endpoints:
        types += [each.answer, *([each.body] if each.body is not None else [])]
    schemas, components = msgspec.json.schema_components(
        types, schema_hook=_any_json, ref_template=_REFS
    )
    schema_of = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, JsonObject] = {}
    for each in endpoints:
        path = each.path.replace(":path", "")
        paths.setdefault(path, {})[each.method.lower()] = _operation(each, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "NEST-Haus Live",
            "version": str(PROTOCOL),
            "description": "Authenticate with `Authorization: Bearer <token>` or the cookie of "
            "the pages. Money is integer cents. Every refusal has a code.",
        },
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "nest_person"},
            },
        },
        "security": [{"bearer": []}, {"cookie": []}, {}],
    }


def _any_json(kind: type) -> JsonObject:
    """Values whose shape is the catalogue's business."""
    if kind is object:
        return {"description": "any JSON value"}
    raise NotImplementedError(kind)


def _operation(each: Endpoint, schema_of: dict[int, Any]) -> JsonObject:
    error = {"application/json": {"schema": schema_of[id(ErrorAnswer)]}}
    responses: JsonObject = {
        str(each.status): {
            "description": "Done",
            "content": {
                "application/json": {"schema": schema_of[id(each.answer)]},
                **(_FILES if "format" in each.query else {}),
            },
        }
    }
    for name in each.refusals:
        code = CODES[name]
        known = responses.setdefault(
            str(code.status), {"description": code.text.en, "content": error}
        )
        known["x-codes"] = [*known.get("x-codes", []), name]
    operation: JsonObject = {
        "summary": each.summary,
        "tags": list(each.tags),
        "responses": responses,
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in _path_parameters(each.path)
            ),
            *({"name": name, "in": "query", "schema": {"type": "string"}} for name in each.query),
        ],
    }
    if each.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema_of[id(each.body)]}},
        }
    return operation


def _path_parameters(path: str) -> list[str]:
    return [part[1:].partition("}")[0].partition(":")[0] for part in path.split("/") if "{" in part]


def docs_page(endpoints: Sequence[Endpoint]) -> str:
    """A page that lists every endpoint, the socket messages and the codes; no scripts."""
    rows = "".join(
        f"<tr><td><code>{each.method}</code></td><td><code>{escape(each.path)}</code></td>"
        f"<td>{escape(each.summary)}</td></tr>"
        for each in endpoints
    )
    codes = "".join(
        f"<tr><td><code>{code.name}</code></td><td>{code.status}</td><td>{code.close or '–'}</td>"
        f"<td>{'yes' if code.retryable else 'no'}</td><td>{escape(code.text.en)}</td></tr>"
        for code in CODES.values()
    )
    return _PAGE.format(rows=rows, codes=codes)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>NEST-Haus Live – API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; --paper: #f6f5f1; --ink: #1d1f1e; --line: #dedcd4; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --paper: #161716; --ink: #ecebe6; --line: #343735; }} }}
body {{ background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
  max-width: 70rem; margin: 40px auto; padding: 0 24px; }}
table {{ border-collapse: collapse; width: 100%; }} main {{ overflow-x: auto; }}
td, th {{ border-bottom: 1px solid var(--line); padding: 8px 12px 8px 0; text-align: left;
  vertical-align: top; }}
pre {{ border: 1px solid var(--line); border-radius: 10px; padding: 16px; overflow-x: auto; }}
</style></head><body><main>
<h1>NEST-Haus Live – API</h1>
<p>Machine-readable: <a href="/openapi.json">/openapi.json</a>. Authenticate with
<code>Authorization: Bearer &lt;token&gt;</code>; <code>POST /api/people</code> gives you one.
Money is integer cents. A retry with the same <code>op_id</code> is always safe.</p>
<h2>Edit a house with curl</h2>
<pre>curl -s -X POST localhost:8080/api/configurations -H 'content-type: application/json' -d '{{}}'
curl -s -X POST localhost:8080/api/configurations/$CODE/ops -H "authorization: Bearer $TOKEN" \\
  -H 'content-type: application/json' -d '{{"op_id": "'$(uuidgen)'", "base_version": 0,
  "operation": {{"kind": "select", "category": "nest", "option": "nest120"}}}}'</pre>
<h2>Endpoints</h2>
<table><thead><tr><th>Method</th><th>Address</th><th>What it does</th></tr></thead>
<tbody>{rows}</tbody></table>
<h2>Sockets</h2>
<p>Raw WebSocket at <code>/ws</code> (subprotocol <code>nest.v1</code>) and Socket.IO at
<code>/socket.io</code>, namespace <code>/configurator</code>, speak the same messages, listed
with examples and a live console at <a href="/developers">/developers</a>.
The first one is <code>hello</code>, within five seconds.</p>
<pre>&gt; {{"type": "hello", "protocol": 1, "token": "..."}}
&gt; {{"type": "join", "id": "1", "configuration": "CODE"}}
&gt; {{"type": "op", "id": "2", "configuration": "CODE", "op_id": "uuid", "base_version": 0,
   "operation": {{"kind": "select", "category": "nest", "option": "nest120"}}}}
&lt; {{"type": "op", "version": 1, "outcome": "committed", "changes": [...], "derived": {{"price": ...}}}}
&lt; {{"type": "outcome", "re": "2", "outcome": "committed", "version": 1, ...}}</pre>
<h2>Codes</h2>
<table><thead><tr><th>Code</th><th>HTTP</th><th>Close</th><th>Retry</th><th>What to do</th></tr>
</thead><tbody>{codes}</tbody></table>
</main></body></html>
"""
