"""Questions to the server, each of which is sent until it is answered. All of them may be repeated."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import msgspec

from nest_haus_client.core.pause import Pause
from nest_haus_client.core.queue import ANSWER_SECONDS
from nest_haus_client.errors import Refused
from nest_haus_client.messages import Introduce, Introduced, Outcome, OutcomeOf

Answer = Outcome | Introduced | Refused
Question = OutcomeOf | Introduce


@dataclass(slots=True)
class _Asked:
    """A question and its progress. ``heard`` gets the answer, once."""

    message: Question
    heard: Callable[[Answer], None]
    pause: Pause = field(default_factory=Pause)
    answer_by: float | None = None
    tries: int = 0


class Questions:
    """The questions without an answer, by name."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._asked: dict[str, _Asked] = {}
        self._count = 0

    def __contains__(self, name: object) -> bool:
        return name in self._asked

    def add(self, message: Question, heard: Callable[[Answer], None]) -> str:
        """Take a question; returns its name."""
        self._count += 1
        name = f"ask-{self._count}"
        self._asked[name] = _Asked(msgspec.structs.replace(message, id=name), heard)
        return name

    def forget(self, name: str) -> None:
        """Drop a question whose answer is no longer needed."""
        self._asked.pop(name, None)

    def answered(self, name: str, answer: Answer) -> None:
        """Hand over the answer of a question."""
        self._asked.pop(name).heard(answer)

    def refused(self, name: str, refused: Refused, now: float) -> None:
        """Begin the pause before it is sent again, or hand over the refusal if that is final."""
        asked = self._asked[name]
        if not refused.retryable and refused.code != "not_joined":
            self.answered(name, refused)
            return
        asked.answer_by = None
        asked.pause.begin(now, asked.tries - 1, self._random, refused.retry_after_ms)

    def disconnected(self) -> None:
        """Record that the connection is lost: all questions are sent again on a later one."""
        for asked in self._asked.values():
            asked.answer_by = None
            asked.pause.disconnected()

    def wake_at(self) -> float | None:
        """The time at which a question is to be sent or its answer is missing, or None."""
        return min(
            (each.answer_by or each.pause.until for each in self._asked.values()), default=None
        )

    def is_overdue(self, now: float) -> bool:
        """Whether an answer is missing for too long."""
        answers = (each.answer_by for each in self._asked.values())
        return any(moment is not None and now >= moment for moment in answers)

    def messages(self, now: float) -> list[Question]:
        """The questions to send now."""
        due = [
            each
            for each in self._asked.values()
            if each.answer_by is None and each.pause.is_over(now)
        ]
        for each in due:
            each.answer_by = now + ANSWER_SECONDS
            each.tries += 1
        return [each.message for each in due]
