"""Visitors' browsers that report interactions over keep-alive HTTP, until each is acknowledged."""

from collections.abc import Callable, Iterable, Sequence
from random import Random
from uuid import UUID

import aiohttp

from configurator.activity.event_ids import RANDOM_BITS, uuid7
from tests.faults.load.editors import ANSWER_SECONDS, CHOICES, GONE, LATER, REPEAT_PART
from tests.faults.load.ledger import Json, Ledger
from tests.faults.load.pace import Pace

SESSIONS_EACH = 3


class Producer:
    """One browser after another on one connection; ids are made here, so a retry is safe."""

    def __init__(
        self,
        *,
        urls: Sequence[str],
        first_url: int,
        ledger: Ledger,
        random: Random,
        http: aiohttp.ClientSession,
        unix_ms: Callable[[], int],
    ) -> None:
        self._urls = urls
        self._place = first_url
        self._ledger = ledger
        self._random = random
        self._http = http
        self._unix_ms = unix_ms
        self._sessions = [
            UUID(int=random.getrandbits(128), version=4) for _ in range(SESSIONS_EACH)
        ]
        ledger.sessions.update(self._sessions)

    async def report(self, pace: Pace, due: Iterable[float]) -> None:
        """Report one interaction at each of these loop times, late rather than never."""
        for moment in due:
            await pace.until(moment)
            event_id = uuid7(self._unix_ms(), self._random.getrandbits(RANDOM_BITS))
            body = self._interaction(event_id)
            await self._insist(pace, event_id, body)
            if self._random.random() < REPEAT_PART:
                await self._insist(pace, event_id, body)

    def _interaction(self, event_id: UUID) -> Json:
        category = self._random.choice(list(CHOICES))
        return {
            "sessionId": str(self._random.choice(self._sessions)),
            "eventId": str(event_id),
            "interaction": {
                "eventType": self._random.choice(["click", "select", "view"]),
                "category": category,
                "selectionValue": self._random.choice(CHOICES[category]),
                "timeSpent": self._random.randrange(0, 60_000),
            },
        }

    async def _insist(self, pace: Pace, event_id: UUID, body: Json) -> None:
        attempts = self._ledger.event_attempts
        while True:
            try:
                with attempts.attempt():
                    status, ours = await self._post(body)
            except GONE:
                attempts.unknown += 1
                self._place = (self._place + 1) % len(self._urls)
                await pace.back_off(self._random)
                continue
            if status == 200:
                attempts.repeats += event_id in self._ledger.events
                self._ledger.events.add(event_id)
                return
            assert status in LATER, status
            attempts.later += 1
            attempts.foreign += not ours
            await pace.back_off(self._random)

    async def _post(self, body: Json) -> tuple[int, bool]:
        """The status, and whether the product itself answered."""
        async with self._http.post(
            f"{self._urls[self._place]}/api/sessions/track-interaction",
            json=body,
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        ) as response:
            await response.read()
            return response.status, response.content_type == "application/json"
