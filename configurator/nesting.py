"""JSON that is nested beyond what a decoder reads: what stands at its top can still be told."""

import re
from typing import Final

# A text without an end is taken to the end, so that every character is looked at once.
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def shallow(text: str) -> str:
    """The same JSON with null for every array and object in the outermost one; empty if that has no end."""
    depth = start = 0
    kept: list[str] = []
    for token in _TOKEN.finditer(text):
        if token[0] in ("[", "{"):
            if depth == 1:
                kept.append(text[start : token.start()])
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
            if depth == 1:
                kept += "null"
                start = token.end()
    return "".join(kept) + text[start:] if depth == 0 else ""
