"""Answers in the words of the original API.

Every refusal is `{"error": "<sentence>", ...}` as clients of the original expect; beside its own
two sentences it also carries `success: false`, `code` and `message` in both languages.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from configurator.catalogue import Text
from configurator.protocol.codes import CODES, Refused
from configurator.untrusted import SENTENCES, InteractionInvalid
from realtime.http.edge import json, refusal_headers, route_of
from storage.errors import StorageUnavailable

log = structlog.get_logger()


class OriginalRefusal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal in the words of the original API: `error` is a sentence.

    Its own two sentences come alone; every other refusal has `success` false, a `code` and
    `message` in both languages; `field` names the place, or `detail` says what was expected.
    """

    error: str
    success: bool | None = None
    code: str | None = None
    message: Text | None = None
    field: str | None = None
    detail: str | None = None
    retry_after_ms: int | None = None


Handler = Callable[[Request], Awaitable[Response]]

NO_JSON = Text(de=SENTENCES["malformed_json"][0], en=SENTENCES["malformed_json"][1])
_VERBATIM = frozenset({"missing_fields", "missing_interaction_fields"})


def answering(handler: Handler) -> Handler:
    """Says no in the words of the original API."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except InteractionInvalid as invalid:
            if invalid.code in _VERBATIM:
                return json({"error": invalid.en}, 400)
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


def original_refusal(refused: Refused) -> Response:
    """This refusal in the words of the original API."""
    code, text = refused.code.name, refused.code.text
    if code == "malformed_message":  # the body cannot even be read: here that has its own name
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
    """One refusal; what is None is left out."""
    known = {name: value for name, value in more.items() if value is not None}
    body = {"success": False, "error": en, "code": code, "message": {"de": de, "en": en}, **known}
    return json(body, status, headers)


def iso(moment: datetime) -> str:
    """As JavaScript's toISOString writes it."""
    return f"{moment.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"
