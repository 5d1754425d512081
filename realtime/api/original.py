"""Answers in the words of the original API.

Every refusal is `{"error": "<sentence>", ...}`, as clients of the original expect. Refusals that
the original did not have also carry `success: false`, a `code`, and a `message` in both languages.
"""

from datetime import UTC, datetime

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from configurator.activity.untrusted import SENTENCES, FieldsMissing, InteractionInvalid
from configurator.protocol.codes import CODES, Refused
from configurator.protocol.parameters import Query, read_query
from configurator.text import Text
from realtime.edge.exchange import Handler, json, refusal_headers, route_of
from storage.errors import StorageUnavailable

log = structlog.get_logger()


class OriginalRefusal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal in the words of the original API: `error` is a sentence.

    The two sentences of the original come alone. Every other refusal has `success` false, a `code`
    and a `message` in both languages; `field` names the place, or `detail` says what was expected.
    """

    error: str
    success: bool | None = None
    code: str | None = None
    message: Text | None = None
    field: str | None = None
    detail: str | None = None
    retry_after_ms: int | None = None


NO_JSON = Text(de=SENTENCES["malformed_json"][0], en=SENTENCES["malformed_json"][1])
_UNREADABLE = CODES["malformed_message"]


def answering(handler: Handler) -> Handler:
    """The handler, whose refusals are put into the words of the original API."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except FieldsMissing as missing:
            return json({"error": missing.en}, 400)
        except InteractionInvalid as invalid:
            return error(400, invalid.code, invalid.de, invalid.en, field=invalid.field)
        except Refused as refused:
            return original_refusal(refused)
        except StorageUnavailable as away:
            log.info("request_not_served", route=route_of(request), reason=str(away)[:200])
            text = CODES["unavailable"].text
            wait_ms = max(100, int(away.retry_after_seconds * 1000))
            return error(
                503,
                "unavailable",
                text.de,
                text.en,
                headers={"retry-after": str(max(1, -(-wait_ms // 1000)))},
                retry_after_ms=wait_ms,
            )

    return answer


def query_of_original(request: Request, shape: type[Query]) -> Query:
    """The parameters after the question mark; the first of several with one name counts.

    Raises ParameterInvalid: each endpoint has its own words of the original for it.
    """
    return read_query(dict(reversed(request.query_params.multi_items())), shape)


def original_refusal(refused: Refused) -> Response:
    """This refusal in the words of the original API."""
    code, text = refused.code.name, refused.code.text
    if refused.code is _UNREADABLE:  # an unreadable body has its own code in this API
        code, text = "malformed_json", NO_JSON
    headers, wait_ms = refusal_headers(refused.code), None
    if refused.code.retryable:
        wait_ms = refused.retry_after_ms or 1000
        headers["retry-after"] = str(max(1, -(-wait_ms // 1000)))
    return error(
        refused.code.status,
        code,
        text.de,
        text.en,
        headers=headers,
        field=refused.field,
        detail=refused.detail,
        retry_after_ms=wait_ms,
    )


def error(
    status: int,
    code: str,
    de: str,
    en: str,
    *,
    headers: dict[str, str] | None = None,
    **more: object,
) -> Response:
    """A refusal; arguments that are None are left out."""
    known = {name: value for name, value in more.items() if value is not None}
    body = {"success": False, "error": en, "code": code, "message": {"de": de, "en": en}, **known}
    return json(body, status, headers)


def iso(moment: datetime) -> str:
    """The moment as JavaScript's toISOString writes it."""
    return f"{moment.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"
