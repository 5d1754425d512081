"""OpenAPI 3.1, generated from the list of endpoints and the table of codes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from configurator.protocol.code import Code
from configurator.protocol.codes import CODES
from configurator.protocol.messages import PROTOCOL
from configurator.protocol.schema import JsonObject, any_json, plain_values
from realtime.api.declared.endpoints import Endpoint, ErrorAnswer
from realtime.api.declared.polling import polling_endpoints
from realtime.edge.exchange import json
from realtime.people.cookies import Cookies

_REFS = "#/components/schemas/{name}"

TEXT: JsonObject = {"type": "string"}

TAGS: Mapping[str, str] = {
    "configurations": "Make, read and change houses, and share them.",
    "catalogue": "The options of a house, their prices and pictures.",
    "people": "The person whom a token belongs to.",
    "activity": "Interactions, as in the original API.",
    "analytics": "Figures, for admins and for people with a shared link.",
    "admin": "Running the service: jobs, dead letters, the ledger, privacy.",
    "pages": "Forms of the pages.",
    "sockets": "Connections that stay open; `/asyncapi.json` describes their messages.",
    "health": "For load balancers and Prometheus.",
}
DESCRIPTIONS: Mapping[int, str] = {
    303: "Done; go to the address in Location",
    307: "Send the same to the address in Location",
    304: "Not changed since the answer whose ETag was sent",
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
    "ETag": {"description": "Value for If-None-Match of the next request", "schema": TEXT},
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
    "WWW-Authenticate": {"description": "The way to authenticate", "schema": TEXT},
}
"""Every header of an answer, except those that HTTP itself gives to each."""
OF_STATUS: Mapping[int, str] = {
    303: "Location",
    307: "Location",
    401: "WWW-Authenticate",
}
"""For each status, the headers that all answers with this status have."""
OF_CODE: Mapping[Code, str] = {
    CODES["cookies_differ"]: "Set-Cookie",
    CODES["unsupported_encoding"]: "Accept-Encoding",
    CODES["unsupported_media_type"]: "Accept",
}
"""The headers that a refusal with this code has beyond those of its status."""
OF_THE_EDGE = frozenset({CODES["foreign_origin"], CODES["internal"]})
"""The codes of refusals before the handler."""


def description_routes(document: JsonObject, page: str) -> list[Route]:
    """The routes of ``/openapi.json`` and ``/docs``."""

    async def describe(_request: Request) -> Response:
        return json(document)

    async def docs(_request: Request) -> Response:
        return HTMLResponse(page)

    return [Route("/openapi.json", describe), Route("/docs", docs)]


def openapi(endpoints: Sequence[Endpoint], *, public_url: str) -> JsonObject:
    """The document of ``/openapi.json``.

    Long polling is included, although a mounted application answers it.
    """
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
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": public_url}],
        "tags": [
            {"name": name, "description": TAGS[name]}
            for name in TAGS
            if any(name == each.group for each in endpoints)
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
    """The schemas of these types and of the types that they refer to; computed once per process."""
    return msgspec.json.schema_components(types, schema_hook=any_json, ref_template=_REFS)


def _naming_values(part: Any, named: JsonObject) -> Any:  # noqa: ANN401 - any JSON
    """The schema with each titled list of values moved to ``named`` and replaced by a reference.

    Otherwise generators make a type of each place where such a list stands, and invent its name.
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
    """The types of all bodies of an endpoint."""
    return [
        kind
        for kind in (ErrorAnswer, each.refused, each.answer, each.body, *each.also.values())
        if kind is not None
    ]


def _plain_names(components: JsonObject) -> dict[str, str]:
    """The published name of each schema: one word, from which generators make a class name.

    msgspec writes ``Rows_House_`` for ``Rows[House]``: here the type of the rows comes first,
    without underscores, and an answer with one kind of rows only has no such prefix. msgspec adds the module where two classes have the
    same name; ``_a_plain_name`` refuses that, because one of the two needs a better name.
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
        **({"description": each.description} if each.description else {}),
        "tags": [each.group],
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
    """The ways to authenticate, any of which is enough; None where everybody may ask."""
    refused = set(each.refusals)
    if "admins_only" in refused:
        return [{"bearer": []}, {"adminCookie": []}]
    if "dashboard_link_unusable" in refused:
        return [{"bearer": []}]
    if "not_authenticated" in refused and not each.anonymous:
        return [{"bearer": []}, {"cookie": []}]
    return None


def _parameters(each: Endpoint) -> list[JsonObject]:
    found: list[JsonObject] = [
        {"name": name, "in": "path", "required": True, "schema": _schema(each.parameters.get(name))}
        for name in _path_parameters(each.path)
    ]
    for shape in each.query:
        found += _in_query(shape)
    if 304 in each.also:
        found.append({"name": "If-None-Match", "in": "header", "schema": TEXT})
    return found


def _schema(kind: object | None) -> JsonObject:
    """The schema of a path parameter; without a type it is any text."""
    return TEXT if kind is None else msgspec.json.schema(kind)


def _in_query(shape: type[msgspec.Struct]) -> list[JsonObject]:
    """The query parameters of a struct; an optional one may be left out but is never null."""
    described = msgspec.json.schema_components([shape], ref_template=_REFS)[1][shape.__name__]
    return [
        {
            "name": name,
            "in": "query",
            **({"required": True} if name in described.get("required", ()) else {}),
            "schema": plain_values(_not_null(schema)),
        }
        for name, schema in described["properties"].items()
    ]


def _not_null(schema: JsonObject) -> JsonObject:
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    return kinds[0] if len(kinds) == 1 else schema


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
    """The headers of an answer with this status: its own, and those of all answers of its kind."""
    always = [OF_STATUS[status]] if status in OF_STATUS else []
    maybe = [*each.headers.get(status, ())]
    if 304 in each.also and status in {each.status, 304}:
        always.append("ETag")
    if each.makes_files and status == each.status:
        maybe.append("Content-Disposition")
    return {name: {**HEADERS[name], "required": True} for name in always} | {
        name: HEADERS[name] for name in maybe
    }


def _words(each: Endpoint, code: Code) -> object:
    """The body of this refusal; refusals before the handler have the body of the edge."""
    return ErrorAnswer if code in OF_THE_EDGE else each.refused


def _refusals(
    each: Endpoint,
    status: int,
    codes: Sequence[Code],
    errors: Sequence[JsonObject],
    *,
    beside: JsonObject | None,
) -> JsonObject:
    """A response with these codes; ``beside`` is a success with the same status."""
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
        if code in OF_CODE:
            headers[OF_CODE[code]] = HEADERS[OF_CODE[code]]
    if any(code.retryable for code in codes):
        headers["Retry-After"] = HEADERS["Retry-After"]
    if headers:
        response["headers"] = headers
    return response


def _path_parameters(path: str) -> list[str]:
    return [part[1:].partition("}")[0].partition(":")[0] for part in path.split("/") if "{" in part]
