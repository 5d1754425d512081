"""Whole numbers written with a point or an exponent: 8.0 and 1e3 are integers in JSON Schema.

Programs in JavaScript or Lua may write them so unintentionally. The decoders here are strict: if
one refuses a text, its numbers are rewritten without point and exponent, and it is decoded once
more. Texts with plain numbers cost nothing extra. A number that is too large is refused as too
large, however it is written.
"""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

FRACTION = re.compile(r"Expected `int(?: \| null)?`, got `float`(?: - at `(?P<place>.*)`)?")
BOUND = re.compile(r"Expected `int` (?P<side>[<>]=) (?P<bound>-?\d+)(?: - at `(?P<place>.*)`)?")
BEYOND = re.compile(r"Number out of range(?: - at `(?P<place>.*)`)?")

Decoded = TypeVar("Decoded")


def decode_whole(decode: Callable[[str | bytes], Decoded], text: str | bytes) -> Decoded:
    """The result of ``decode`` for a JSON text; if it is refused, a second try has 8 for 8.0.

    Raises what ``decode`` raises.
    """
    try:
        return decode(text)
    except msgspec.ValidationError as refused:
        if not FRACTION.search(str(refused)):
            raise
        return decode(msgspec.json.encode(_plain(msgspec.json.decode(text))))


def explained(problem: Exception) -> str:
    """The mistake in a text, for a programmer, with its place."""
    if isinstance(problem, RecursionError):
        return "This is nested too deeply"
    if isinstance(problem, UnicodeError):
        at = f" (byte {problem.start})" if isinstance(problem, UnicodeDecodeError) else ""
        return f"This is not UTF-8{at}"
    text = str(problem)
    if fraction := FRACTION.search(text):
        return _at("A whole number is needed, without a fraction", fraction)
    if bound := BOUND.search(text):
        side = "up to" if bound["side"] == "<=" else "from"
        return _at(f"A whole number {side} {bound['bound']} is needed", bound)
    if beyond := BEYOND.search(text):
        return _at("This number is too large", beyond)
    return text


def _at(sentence: str, found: re.Match[str]) -> str:
    return f"{sentence} - at `{found['place'] or '$'}`"


def _plain(part: object) -> object:
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_plain(value) for value in part]
    if isinstance(part, float) and part.is_integer():
        return int(part)
    return part
