"""Whole numbers that are written with a fraction of nothing: 8.0 is an integer (JSON Schema 2020-12).

Programs in JavaScript or Lua write them so without knowing. Decoders here are strict, so what they
refuse is written plainly and tried once more; whoever writes plainly pays nothing.
"""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

EXACT_MAX = 2**53
"""Up to here a float that is whole is the number that was meant."""

FRACTION = re.compile(r"Expected `int(?: \| null)?`, got `float`(?: - at `(?P<place>.*)`)?")

Decoded = TypeVar("Decoded")


def decode_whole(decode: Callable[[str | bytes], Decoded], text: str | bytes) -> Decoded:
    """What ``decode`` makes of a JSON text, once more with 8 for 8.0 where it refuses that.

    Raises what ``decode`` raises.
    """
    try:
        return decode(text)
    except msgspec.ValidationError as refused:
        if not FRACTION.search(str(refused)):
            raise
        return decode(msgspec.json.encode(_plain(msgspec.json.decode(text))))


def explained(problem: Exception) -> str:
    """What is wrong with a text, for a programmer, with the place."""
    fraction = FRACTION.search(str(problem))
    if fraction is None:
        return str(problem)
    place = fraction["place"] or "$"
    return f"A whole number is needed, without a fraction - at `{place}`"


def _plain(part: object) -> object:
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_plain(value) for value in part]
    if isinstance(part, float) and part.is_integer() and abs(part) <= EXACT_MAX:
        return int(part)
    return part
