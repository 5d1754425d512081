"""The errors of this client.

::

ClientError
    Refused         the server will not carry this out; ``code`` says why
        NotAdmitted     the server does not let this client in: also a ClientClosed
    QueueFull       too many ops wait for their outcome already; nothing was queued
    Withdrawn       the op was withdrawn before it was sent; it never is
    Undecided       the end came before the outcome of these ``op_ids``
        HouseEnded      the house was left, or access to it ended
        ClientClosed    the client was closed, or the server does not know who it is
    Unreachable     no server answered, or admitted this client, in time
"""

from collections.abc import Sequence
from uuid import UUID

from nest_haus_client.messages import ErrorFrame, Text


class ClientError(Exception):
    """The base of all errors of this client."""


class Refused(ClientError):
    """The server will not carry this out; the same again gets the same answer.

    ``code`` is one of the published codes, ``text`` a sentence for people, ``detail`` a place.
    """

    def __init__(
        self,
        code: str,
        *,
        text: Text | None = None,
        detail: str | None = None,
        retryable: bool = False,
        retry_after_ms: int | None = None,
    ) -> None:
        said = text.en if text else code.replace("_", " ").capitalize() + "."
        ClientError.__init__(self, f"{said} ({code}{': ' + detail if detail else ''})")
        self.code = code
        self.text = text
        self.detail = detail
        self.retryable = retryable
        self.retry_after_ms = retry_after_ms

    @classmethod
    def of(cls, frame: ErrorFrame) -> "Refused":
        """The refusal in a message of the server."""
        return Refused(
            frame.code,
            text=frame.message,
            detail=frame.detail,
            retryable=frame.retryable,
            retry_after_ms=frame.retry_after_ms,
        )


class QueueFull(ClientError):
    """Too many ops wait for their outcome; nothing was queued."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} ops already wait for their outcomes; await some of them first.")
        self.limit = limit


class Withdrawn(ClientError):
    """The op was withdrawn before it was sent: it is as if it had not been asked for."""

    def __init__(self) -> None:
        super().__init__("The op was withdrawn before it was sent.")


class Undecided(ClientError):
    """The end came before the outcome of ``op_ids``: they may or may not be stored.

    Sending them again with the same op_id is safe (``pending=`` of a new client), and
    ``outcome_of`` says what became of them.
    """

    def __init__(self, why: str, op_ids: Sequence[UUID] = ()) -> None:
        ops = f" Undecided ops: {', '.join(map(str, op_ids))}." if op_ids else ""
        super().__init__(why + ops)
        self.op_ids = tuple(op_ids)


class HouseEnded(Undecided):
    """The house was left, or access to it ended; ``code`` says why (``left``: somebody asked).

    ``refused`` is set when the server said so in answer to a join or an op.
    """

    def __init__(
        self, code: str, op_ids: Sequence[UUID] = (), *, refused: Refused | None = None
    ) -> None:
        super().__init__(f"This client is no longer in the house ({code}).", op_ids)
        self.code = code
        self.refused = refused


class ClientClosed(Undecided):
    """The client was closed; ``refused`` is set when that was the server's decision."""

    def __init__(self, op_ids: Sequence[UUID] = (), *, refused: Refused | None = None) -> None:
        super().__init__(
            f"The server ended this client. {refused}" if refused else "The client is closed.",
            op_ids,
        )
        self.refused = refused


class NotAdmitted(Refused, ClientClosed):
    """The server never admitted this client: its token is unknown, or the client is too old."""

    def __init__(self, refused: Refused) -> None:
        Refused.__init__(
            self,
            refused.code,
            text=refused.text,
            detail=refused.detail,
            retryable=refused.retryable,
            retry_after_ms=refused.retry_after_ms,
        )
        self.op_ids = ()
        self.refused = refused


class Unreachable(ClientError):
    """No server answered over HTTP, or the first connection did not succeed in time."""
