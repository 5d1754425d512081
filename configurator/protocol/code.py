"""A code of the protocol: its meaning in two languages, and its form in each transport."""

from dataclasses import dataclass

from configurator.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code: ``status`` is the HTTP status, ``close`` the close code if the socket ends."""

    name: str
    status: int
    text: Text
    retryable: bool = False
    close: int | None = None


def code(
    name: str, status: int, de: str, en: str, *, retryable: bool = False, close: int | None = None
) -> Code:
    """A code with its texts in German and English."""
    return Code(name=name, status=status, text=Text(de=de, en=en), retryable=retryable, close=close)
