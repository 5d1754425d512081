"""Checks, the rules they try, and what came of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Where = TypeVar("Where")
State = Literal["kept", "broken", "skipped"]
_limit: ContextVar[asyncio.Timeout] = ContextVar("_limit")


class Skipped(Exception):  # noqa: N818 - not an error: the check does not apply here
    """This check cannot be made here; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[Where]):
    """One thing that is tried. ``title`` says in words what must be."""

    rules: tuple[str, ...]
    title: str
    run: Callable[[Where], Awaitable[None]]

    @property
    def name(self) -> str:
        """What its function is called."""
        return str(getattr(self.run, "__name__", "")).strip("_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one check; ``why`` is empty where it was kept."""

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
        """Those that try one of these rules or groups (``JN3``, ``JN``); all when there is none."""
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
    """Make one check; whatever goes wrong in it is the verdict, never an exception."""
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
    """Give the check that runs so much longer: it waited for what may take that time."""
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
