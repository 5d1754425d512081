"""The credential of a client: a token, or a function that returns one when it is needed."""

import inspect
from collections.abc import Awaitable, Callable

GivenToken = str | Callable[[], str | Awaitable[str]]
"""A token, or a function, plain or async, that returns a token or a ticket.

It is called before every connection, because a ticket opens only one, and before every HTTP request.
"""


class Credential:
    """``token`` is the one that was used last; a secret."""

    def __init__(self, given: GivenToken | None) -> None:
        self._ask = None if isinstance(given, str) else given
        self.token = given if isinstance(given, str) else None

    @property
    def asked_for(self) -> bool:
        """Whether a function returns the token, so that the next one may differ."""
        return self._ask is not None

    async def fetch(self) -> str | None:
        """The token to send now; None if it is unknown. Raises the function's errors."""
        if self._ask is not None:
            given = self._ask()
            self.token = await given if inspect.isawaitable(given) else given
        return self.token
