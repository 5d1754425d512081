"""The fate of letters that were sent again: asked for until it is known."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from configurator.protocol.codes import Refused
from realtime.api.service.dead_letters import EntryAnswer
from ui.staff.api import Api
from ui.staff.service.letter import is_gone
from ui.theme import TextTag, Tone, box
from ui.words import Words

LOOK_SECONDS: Final = 0.5
LOOKS: Final = 30
"""After 15 s nobody seems to be there who stores anything."""
SHOWN: Final = 5
TONES: Final[dict[str, Tone]] = {"stored": "good", "dead": "bad", "late": "bad"}


class Sent:
    """A line for each of the last five entries."""

    def __init__(self, api: Api, words: Words) -> None:
        self._api = api
        self._words = words
        self._place = box(classes="told").props("role=status")

    async def follow(self, entry: str, known: Callable[[], Awaitable[None]]) -> None:
        """Say what becomes of an entry until that is known, for up to 15 seconds.

        ``known`` has the list read again first: what is said must be what stands there.
        """
        time = self._words.time(self._words.now())
        with self._place:
            line = TextTag("p").props("data-testid=sent")
        line.move(target_index=0)
        for old in list(self._place.default_slot.children)[SHOWN:]:
            old.delete()
        state = "waiting"
        self._say(line, time, state)
        for _ in range(LOOKS):
            state = await self._state(entry)
            if state != "waiting" or line.is_deleted:
                break
            await asyncio.sleep(LOOK_SECONDS)
        await known()
        self._say(line, time, "late" if state == "waiting" else state)

    def _say(self, line: TextTag, time: str, state: str) -> None:
        if not line.is_deleted:
            said = self._words.t(f"service.letters.sent.{state}")
            line.text = f"{time}: {said}"
            line.classes(replace=TONES.get(state, ""))

    async def _state(self, entry: str) -> str:
        try:
            return (await self._api.get(EntryAnswer, f"dead-letters/entries/{entry}")).outcome
        except Refused as refused:
            return "unknown" if is_gone(refused) else "waiting"
