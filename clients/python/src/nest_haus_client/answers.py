"""The callers that wait for the answers to their questions."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from nest_haus_client.core.questions import Answer, Question
from nest_haus_client.core.session import Session
from nest_haus_client.errors import ClientError, Refused
from nest_haus_client.messages import Introduced, Outcome

Said = TypeVar("Said", Outcome, Introduced)


class Answers:
    """The questions of one session that somebody waits for; ``wake`` sends what was asked."""

    def __init__(self, session: Session, wake: Callable[[], None]) -> None:
        self._session = session
        self._wake = wake
        self._waiting: set[asyncio.Future[Answer]] = set()

    async def of(self, message: Question, shape: type[Said]) -> Said:
        """The answer to a question, of this type. Raises Refused, and the reason given to ``close``."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.add(future)
        question = self._session.ask(message, lambda said: _give(future, said), loop.time())
        self._wake()
        try:
            said = await future
        finally:
            self._waiting.discard(future)
            self._session.forget(question)
        if isinstance(said, shape):
            return said
        raise said if isinstance(said, Refused) else Refused("malformed_message")

    def close(self, why: ClientError) -> None:
        """End it: every waiter gets the reason."""
        for future in self._waiting:
            if not future.done():
                future.set_exception(why)


def _give(answer: "asyncio.Future[Answer]", said: Answer) -> None:
    if not answer.done():
        answer.set_result(said)
