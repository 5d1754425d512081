"""Reads the top level of JSON that is nested too deeply for the decoder."""

import re
from typing import Final

STEPS_MAX: Final = 4_000
"""The most tokens that are read, about 1 ms: 64 kB of alternating brackets and strings are
30,000."""

# A text without an end is matched up to the end of the input, so that each character is read once.
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]++|[\]}]++', re.DOTALL)


def shallow(text: str) -> str:
    """The same JSON, with null in place of each array and object inside the outermost one.

    Empty if the outermost one has no end within `STEPS_MAX` tokens.
    """
    depth = start = 0
    kept: list[str] = []
    for step, token in enumerate(_TOKEN.finditer(text)):
        if step == STEPS_MAX:
            return ""
        at, end = token.span()
        if text[at] in "[{":
            # The beginning of the outermost one's content, if this token opens it.
            top = at + 1 - depth
            depth += end - at
            if at <= top < end:
                kept.append(text[start:top])
        elif text[at] in "]}":
            top = at + depth - 1  # the end of that content
            depth -= end - at
            if at < top <= end:
                kept.append("null")
                start = top
    return "".join(kept) + text[start:] if depth == 0 else ""
