"""Checks, the rules they test, and their verdicts."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Where = TypeVar("Where")
State = Literal["kept", "broken", "skipped"]
_limit: ContextVar[asyncio.Timeout] = ContextVar("_limit")


class Skipped(Exception):
    """The check cannot be made here; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[Where]):
    """One test of a rule. ``title`` is the duty in words."""

    rules: tuple[str, ...]
    title: str
    run: Callable[[Where], Awaitable[None]]

    @property
    def name(self) -> str:
        """The name of its function."""
        return str(getattr(self.run, "__name__", "")).strip("_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of one check; ``why`` is empty if the rule was kept."""

    rules: tuple[str, ...]
    title: str
    state: State
    why: str = ""


class Checks(Generic[Where]):
    """A list of checks, filled by decorating functions whose docstrings are the titles."""

    def __init__(self) -> None:
        self.all: list[Check[Where]] = []

    def __call__(
        self, *rules: str
    ) -> Callable[[Callable[[Where], Awaitable[None]]], Callable[[Where], Awaitable[None]]]:
        """Add a check of these rules."""

        def add(run: Callable[[Where], Awaitable[None]]) -> Callable[[Where], Awaitable[None]]:
            self.all.append(Check(rules=rules, title=(run.__doc__ or "").strip(), run=run))
            return run

        return add

    def chosen(self, rules: Sequence[str]) -> list[Check[Where]]:
        """The checks of these rules or groups (``JN3``, ``JN``); all checks if ``rules`` is empty."""
        if not rules:
            return self.all
        return [
            check
            for check in self.all
            if any(
                rule == wanted or rule.rstrip("0123456789") == wanted
                for rule in check.rules
                for wanted in rules
            )
        ]


async def judge(check: Check[Where], where: Where, *, seconds: float) -> Verdict:
    """Run one check; every error in it becomes the verdict, never an exception."""
    try:
        async with asyncio.timeout(seconds) as limit:
            _limit.set(limit)
            await check.run(where)
    except Skipped as reason:
        return Verdict(rules=check.rules, title=check.title, state="skipped", why=str(reason))
    except TimeoutError:
        why = f"no answer within {seconds:g} s"
    except AssertionError as broken:
        why = str(broken) or "not as the rule says"
    except Exception as error:  # noqa: BLE001 - a server or client may do anything
        why = _words(error)
    else:
        return Verdict(rules=check.rules, title=check.title, state="kept")
    return Verdict(rules=check.rules, title=check.title, state="broken", why=why[:500])


def allow(seconds: float) -> None:
    """Extend the running check's deadline by ``seconds``, for a wait that is allowed."""
    limit = _limit.get()
    if (end := limit.when()) is not None:
        limit.reschedule(end + seconds)


def _words(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"


def expect(condition: object, why: str) -> None:
    """Raise AssertionError with these words unless the condition holds."""
    if not condition:
        raise AssertionError(why)
