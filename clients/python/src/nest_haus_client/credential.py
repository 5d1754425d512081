"""What proves who this is: a token, or a function that gives one when it is needed."""

import inspect
from collections.abc import Awaitable, Callable

GivenToken = str | Callable[[], str | Awaitable[str]]
"""A token, or a function, plain or async, that is asked for a token or a ticket.

It is asked before every connection, for a ticket opens only one, and before every request over HTTP.
"""


class Credential:
    """``token`` is the one that was used last; a secret."""

    def __init__(self, given: GivenToken | None) -> None:
        self._ask = None if isinstance(given, str) else given
        self.token = given if isinstance(given, str) else None

    @property
    def asked_for(self) -> bool:
        """Whether the next one may be another."""
        return self._ask is not None

    async def fetch(self) -> str | None:
        """What to send now; None: nothing is known yet. Raises what the function raises."""
        if self._ask is not None:
            given = self._ask()
            self.token = await given if inspect.isawaitable(given) else given
        return self.token
