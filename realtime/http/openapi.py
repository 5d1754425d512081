"""OpenAPI 3.1 and its readable page, generated from the list of endpoints and the table of codes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from typing import Any, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from configurator.protocol.codes import CODES, Code
from configurator.protocol.messages import PROTOCOL, VERSION_MAX
from configurator.protocol.schema import plain_values
from configurator.ranges import TIME_RANGES, ZONE, Bots, Comparison
from realtime.cookies import Cookies
from realtime.http.edge import json
from realtime.http.endpoints import Endpoint, ErrorAnswer, one_of_these
from realtime.http.polling import polling_endpoints
from realtime.sheets.answers import FORMATS
from realtime.sheets.words import LANGUAGES

JsonObject = dict[str, Any]
_REFS = "#/components/schemas/{name}"

TEXT: JsonObject = {"type": "string"}
MOMENT: JsonObject = {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}
PARAMETERS: Mapping[str, Mapping[str, object]] = {
    "since": {"type": "integer", "minimum": 0, "maximum": VERSION_MAX},
    "limit": {"type": "integer", "minimum": 1},
    "from": MOMENT,
    "to": MOMENT,
    "timeRange": one_of_these("TimeRange", [*TIME_RANGES, "all"]),
    "tz": {"type": "string", "description": "An IANA time zone", "examples": [ZONE]},
    "bots": one_of_these("Bots", get_args(Bots)),
    "compare": one_of_these("Comparison", get_args(Comparison)),
    "format": one_of_these("SheetFormat", FORMATS),
    "lang": one_of_these("Language", LANGUAGES),
}
"""The parameters that are no free texts, by their names; an endpoint may have others of its own."""

TAGS: Mapping[str, str] = {
    "configurations": "Make, read and change houses, and share them.",
    "catalogue": "What can be chosen, what it costs and how it looks.",
    "people": "Who you are.",
    "activity": "Interactions, as in the original API.",
    "analytics": "Figures, for admins and for whoever has a link.",
    "admin": "Running it: jobs, dead letters, the ledger, privacy.",
    "pages": "Forms of the pages.",
    "sockets": "Connections that stay open; what is said on them is in `/asyncapi.json`.",
    "health": "For load balancers and Prometheus.",
}
DESCRIPTIONS: Mapping[int, str] = {
    303: "Done; go to the address in Location",
    307: "Send the same to the address in Location",
    304: "Not changed since the one whose ETag was sent",
    409: "Conflict: somebody else changed what this relies on",
    422: "Rejected: the rules of the house do not allow it",
    503: "Not now",
}
HEADERS: Mapping[str, JsonObject] = {
    "Accept": {"description": "The media types of bodies that are read", "schema": TEXT},
    "Accept-Encoding": {"description": "The encodings of bodies that are read", "schema": TEXT},
    "Access-Control-Allow-Credentials": {"description": "`true` for our own pages", "schema": TEXT},
    "Access-Control-Allow-Origin": {"description": "The origin that asked", "schema": TEXT},
    "Content-Disposition": {"description": "The name of a file to save", "schema": TEXT},
    "Engine-Session": {
        "description": "The session that was opened, for proxies: its requests belong to one process",
        "schema": TEXT,
    },
    "ETag": {"description": "Goes into If-None-Match the next time", "schema": TEXT},
    "Location": {
        "description": "The address to go to",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {
        "description": "Whole seconds to wait before the next try; `retry_after_ms` of the body "
        "is the same in milliseconds.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Set-Cookie": {"description": "Cookies of the pages", "schema": TEXT},
    "Vary": {"description": "Origin", "schema": TEXT},
    "WWW-Authenticate": {"description": "How to say who asks", "schema": TEXT},
}
"""Every header that an answer may have besides those that HTTP gives to each."""
OF_STATUS: Mapping[int, str] = {
    303: "Location",
    307: "Location",
    401: "WWW-Authenticate",
}
"""The headers that each answer with such a status has."""
OF_CODE: Mapping[str, str] = {
    "cookies_differ": "Set-Cookie",
    "unsupported_encoding": "Accept-Encoding",
    "unsupported_media_type": "Accept",
}
"""The headers of some refusals of a status."""


def description_routes(document: JsonObject, page: str) -> list[Route]:
    """The routes of ``/openapi.json`` and ``/docs``."""

    async def describe(_request: Request) -> Response:
        return json(document)

    async def docs(_request: Request) -> Response:
        return HTMLResponse(page)

    return [Route("/openapi.json", describe), Route("/docs", docs)]


def openapi(endpoints: Sequence[Endpoint], *, public_url: str) -> JsonObject:
    """The document of ``/openapi.json``. Long polling is in it: a mounted application answers that."""
    endpoints = (*endpoints, *polling_endpoints())
    types = tuple({id(kind): kind for each in endpoints for kind in _types(each)}.values())
    schemas, components = _schemas_of(types)
    names = _plain_names(components)
    schema_of = {
        id(kind): _published(schema, names) for kind, schema in zip(types, schemas, strict=True)
    }
    paths: dict[str, JsonObject] = {}
    for each in endpoints:
        path = each.path.replace(":path", "")
        paths.setdefault(path, {})[each.method.lower()] = _operation(each, schema_of)
    document: JsonObject = {
        "openapi": "3.1.0",
        "info": {
            "title": "NEST-Haus Live",
            "version": str(PROTOCOL),
            "description": "Authenticate with `Authorization: Bearer <token>` or the cookie of "
            "the pages. Two cookies that differ count as none; any answer then deletes the one that "
            "is not ours (`Set-Cookie`). Money is integer cents. In a body an integer may be written 121, 121.0 or "
            "1.21e2, and is answered as 121; in an address it is digits only. Every refusal has "
            "a code. At every address the server itself may refuse in the same form, and then "
            "closes the connection: 400 `request_unreadable`, 408 `request_too_slow`, 429 "
            "`too_many_connections`, 431 `head_too_large`, 501 `transfer_coding_unknown`, 503 "
            "`server_full`.",
            "license": {
                "name": "All rights reserved; its clients (Python, JavaScript, conformance) are MIT"
            },
        },
        "servers": [{"url": public_url}],
        "tags": [
            {"name": name, "description": TAGS[name]}
            for name in TAGS
            if any(name in each.tags for each in endpoints)
        ],
        "paths": paths,
        "components": {
            "schemas": {
                names[name]: {**_published(schema, names), "title": names[name]}
                for name, schema in components.items()
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": Cookies.of(public_url).person},
                "adminCookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": Cookies.of(public_url).admin,
                },
            },
        },
        "security": [{"bearer": []}, {"cookie": []}, {}],
    }
    named: JsonObject = {}
    document["paths"] = _naming_values(paths, named)
    of_all = document["components"]["schemas"]
    for name, schema in of_all.items():
        of_all[name] = {key: _naming_values(each, named) for key, each in schema.items()}
    document["components"]["schemas"] = {**named, **of_all}
    return document


@cache
def _schemas_of(types: tuple[object, ...]) -> tuple[tuple[JsonObject, ...], dict[str, JsonObject]]:
    """A schema of each type and those that they refer to; the same for every app of a process."""
    return msgspec.json.schema_components(types, schema_hook=_any_json, ref_template=_REFS)


def _naming_values(part: Any, named: JsonObject) -> Any:  # noqa: ANN401 - any JSON
    """The same, where lists of values that have a title are in ``named`` and referred to.

    Generators would make a type of each place in which one stands, and invent its name.
    """
    if isinstance(part, list):
        return [_naming_values(each, named) for each in part]
    if not isinstance(part, dict):
        return part
    if not {"title", "enum"} <= part.keys():
        return {key: _naming_values(each, named) for key, each in part.items()}
    name = part["title"]
    values = {"title": name, "type": "string", "enum": part["enum"]}
    known = named.setdefault(name, values)
    if set(known["enum"]) != set(values["enum"]):
        raise ValueError(f"{name}: two lists of values have this name")
    default = {"default": part["default"]} if "default" in part else {}
    return {"$ref": _REFS.format(name=name), **default}


def _types(each: Endpoint) -> list[object]:
    """The types of all its bodies."""
    return [
        kind
        for kind in (ErrorAnswer, each.refused, each.answer, each.body, *each.also.values())
        if kind is not None
    ]


def _any_json(kind: type) -> JsonObject:
    """Values whose shape is the catalogue's business."""
    if kind is object:
        return {"description": "any JSON value"}
    raise NotImplementedError(kind)


def _plain_names(components: JsonObject) -> dict[str, str]:
    """What each schema is called: a word, of which generators make the name of a class.

    msgspec writes ``Rows_House_`` for ``Rows[House]``: here it is ``HouseRows``, and an answer that
    is of one kind of rows only goes without it. Two classes of the same name come with their
    modules; ``_a_plain_name`` refuses them, because one of them wants a better name.
    """
    generic = Counter(name.partition("_")[0] for name in components)
    return {name: _a_plain_name(name, alone=generic) for name in components}


def _a_plain_name(name: str, *, alone: Mapping[str, int]) -> str:
    whole, _, rows = name.removesuffix("_").partition("_")
    plain = whole if whole.endswith("Answer") and alone[whole] == 1 else rows + whole
    if not plain.isalnum():
        raise ValueError(f"{name}: another class of the API has this name too")
    return plain


def _published(part: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    """A schema with the plain names in its references."""
    if isinstance(part, str) and part.startswith(_REFS.format(name="")):
        return _REFS.format(name=names[part.removeprefix(_REFS.format(name=""))])
    if isinstance(part, list):
        return [_published(each, names) for each in part]
    if isinstance(part, dict):
        return plain_values({key: _published(value, names) for key, value in part.items()})
    return part


def _operation(each: Endpoint, schema_of: Mapping[int, Any]) -> JsonObject:
    answers = {each.status: each.answer, **each.also}
    responses: JsonObject = {
        str(status): _response(each, status, kind, schema_of) for status, kind in answers.items()
    }
    by_status: dict[int, list[Code]] = {}
    for name in each.refusals:
        by_status.setdefault(CODES[name].status, []).append(CODES[name])
    for status, codes in by_status.items():
        words = {id(_words(each, code)): schema_of[id(_words(each, code))] for code in codes}
        responses[str(status)] = _refusals(
            each, status, codes, [*words.values()], beside=responses.get(str(status))
        )
    operation: JsonObject = {
        "operationId": each.id,
        "summary": each.summary,
        "tags": list(each.tags),
        "responses": dict(sorted(responses.items())),
        "parameters": _parameters(each),
    }
    security = _security(each)
    if security is not None:
        operation["security"] = security
    if each.body is not None:
        media = "application/x-www-form-urlencoded" if each.form else each.body_media
        operation["requestBody"] = {
            "required": not each.body_optional,
            "content": {media: {"schema": schema_of[id(each.body)]}},
        }
    return operation


def _security(each: Endpoint) -> list[JsonObject] | None:
    """The ways to prove that one may ask, any of which is enough; None: everybody may."""
    refused = set(each.refusals)
    if "admins_only" in refused:
        return [{"bearer": []}, {"adminCookie": []}]
    if "dashboard_link_unusable" in refused:
        return [{"bearer": []}]
    if "not_authenticated" in refused and not each.anonymous:
        return [{"bearer": []}, {"cookie": []}]
    return None


def _parameters(each: Endpoint) -> list[JsonObject]:
    schemas = {**PARAMETERS, **each.parameters}
    found: list[JsonObject] = [
        {"name": name, "in": "path", "required": True, "schema": schemas.get(name, TEXT)}
        for name in _path_parameters(each.path)
    ]
    for name in each.query:
        also = {"required": True} if name in each.required else {}
        found.append({"name": name, "in": "query", **also, "schema": schemas.get(name, TEXT)})
    if 304 in each.also:
        found.append({"name": "If-None-Match", "in": "header", "schema": TEXT})
    return found


def _response(
    each: Endpoint, status: int, kind: object, schema_of: Mapping[int, Any]
) -> JsonObject:
    response: JsonObject = {"description": DESCRIPTIONS.get(status, "Done")}
    headers = _headers(each, status)
    if headers:
        response["headers"] = headers
    if kind is not None:
        media = each.media_types if status == each.status else ("application/json",)
        response["content"] = {
            name: {"schema": schema_of[id(kind)] if "json" in name else TEXT} for name in media
        }
    return response


def _headers(each: Endpoint, status: int) -> JsonObject:
    """The headers of an answer with this status: its own, and those that all of its kind have."""
    always = [OF_STATUS[status]] if status in OF_STATUS else []
    maybe = [*each.headers.get(status, ())]
    if 304 in each.also and status in {each.status, 304}:
        always.append("ETag")
    if "format" in each.query and status == each.status:
        maybe.append("Content-Disposition")
    return {name: {**HEADERS[name], "required": True} for name in always} | {
        name: HEADERS[name] for name in maybe
    }


def _words(each: Endpoint, code: Code) -> object:
    """The body of this refusal: what the edge refuses before the endpoint is asked is the edge's."""
    return ErrorAnswer if code.name in {"foreign_origin", "internal"} else each.refused


def _refusals(
    each: Endpoint,
    status: int,
    codes: Sequence[Code],
    errors: Sequence[JsonObject],
    *,
    beside: JsonObject | None,
) -> JsonObject:
    """A response with these codes; ``beside`` is another answer with the same status."""
    shapes = [*errors]
    description = " ".join(f"`{code.name}`: {code.text.en}" for code in codes)
    if beside is not None:
        shapes.insert(0, beside["content"]["application/json"]["schema"])
        description = f"{beside['description']}. {description}"
    response: JsonObject = {
        "description": description,
        "content": {
            "application/json": {"schema": shapes[0] if len(shapes) == 1 else {"anyOf": shapes}},
            **({"text/html": {"schema": TEXT}} if each.form else {}),
        },
        "x-codes": [code.name for code in codes],
    }
    headers = _headers(each, status)
    for code in codes:
        if code.name in OF_CODE:
            headers[OF_CODE[code.name]] = HEADERS[OF_CODE[code.name]]
    if any(code.retryable for code in codes):
        headers["Retry-After"] = HEADERS["Retry-After"]
    if headers:
        response["headers"] = headers
    return response


def _path_parameters(path: str) -> list[str]:
    return [part[1:].partition("}")[0].partition(":")[0] for part in path.split("/") if "{" in part]


def docs_page(endpoints: Sequence[Endpoint], *, public_url: str) -> str:
    """A page that lists every endpoint, the socket messages and the codes; no scripts."""
    rows = "".join(
        f"<tr><td><code>{each.method}</code></td><td><code>{escape(each.path)}</code></td>"
        f"<td>{escape(each.summary)}</td></tr>"
        for each in (*endpoints, *polling_endpoints())
    )
    codes = "".join(
        f"<tr><td><code>{code.name}</code></td><td>{code.status}</td><td>{code.close or '–'}</td>"
        f"<td>{'yes' if code.retryable else 'no'}</td><td>{escape(code.text.en)}</td></tr>"
        for code in CODES.values()
    )
    return _PAGE.format(rows=rows, codes=codes, url=escape(public_url))


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
<pre id="curl">URL={url}
HOUSE=$(curl -s -X POST "$URL/api/configurations" -H 'content-type: application/json' -d '{{}}')
CODE=$(echo "$HOUSE" | sed 's/.*"code":"\\([^"]*\\)".*/\\1/')
TOKEN=$(echo "$HOUSE" | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
OP_ID=$(uuidgen 2&gt;/dev/null || cat /proc/sys/kernel/random/uuid)
curl -s -X POST "$URL/api/configurations/$CODE/ops" -H "authorization: Bearer $TOKEN" \\
  -H 'content-type: application/json' -d '{{"op_id": "'$OP_ID'", "base_version": 0,
  "operation": {{"kind": "select", "category": "nest", "option": "nest120"}}}}'
echo; echo "$URL/c/$CODE"</pre>
<h2>Endpoints</h2>
<table><thead><tr><th>Method</th><th>Address</th><th>What it does</th></tr></thead>
<tbody>{rows}</tbody></table>
<h2>Sockets</h2>
<p>Raw WebSocket at <code>/ws</code> (subprotocol <code>nest.v1</code>) and Socket.IO at
<code>/socket.io</code>, namespace <code>/configurator</code>, speak the same messages, listed
with examples and a live console at <a href="/developers">/developers</a>.
The first one is <code>hello</code>, within five seconds. The rules are at <a href="/spec">/spec</a>;
clients for Python and JavaScript are at <a href="/developers#sdk">/developers</a>.</p>
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
