"""WebSockets that are not opened: the HTTP answer that refuses them, with a code and a sentence.

An application refuses a WebSocket by closing it before accepting it. The server would answer with
an empty 403, whatever the reason: a wrong path, a page of somebody else, a store that is away.
`Handshakes` answers with the refusal that belongs to the close code instead, as REST would.
"""

from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from configurator.protocol.codes import CODES, Refused
from realtime.edge.exchange import refusal

TRY_AGAIN_LATER: Final = 1013
NOT_SAID: Final = 1000
"""The close code that routers use when they do not know an address."""

ADDRESSES: Final = "WebSockets are opened at /ws, Socket.IO at /socket.io/"
_BY_CLOSE_CODE: Final = {code.close: code.name for code in CODES.values() if code.close}


class Handshakes:
    """Wraps an application; only WebSockets that it does not accept are touched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        answers = "websocket.http.response" in scope.get("extensions", {})
        if scope["type"] != "websocket" or not answers:
            await self._app(scope, receive, send)
            return
        open_ = True

        async def translated(message: Message) -> None:
            nonlocal open_
            if open_ and message["type"] == "websocket.close":
                answer = refusal(_refused(message))
                await answer(scope, receive, send)
            else:
                await send(message)
            open_ = False

        await self._app(scope, receive, translated)


class UpgradeRequired:
    """Answers any request to an address that is a WebSocket (RFC 9110, 15.5.22)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer: Response = refusal(Refused("upgrade_required"))
        answer.headers["upgrade"] = "websocket"
        answer.headers["connection"] = "Upgrade"
        await answer(scope, receive, send)


def _refused(closing: Message) -> Refused:
    close_code, reason = closing.get("code", NOT_SAID), closing.get("reason")
    if name := _BY_CLOSE_CODE.get(close_code):
        return Refused(name)
    if close_code == TRY_AGAIN_LATER:
        return Refused("unavailable", retry_after_ms=1000)
    if close_code == NOT_SAID and not reason:
        return Refused("page_not_found", detail=ADDRESSES)
    return Refused("handshake_unusable", detail=reason.strip('"')[:200] if reason else None)
