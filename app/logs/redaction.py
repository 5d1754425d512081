"""Removes from the texts of a log line what no log may contain: secrets, full addresses, forged lines.

Libraries log what a client sent: a path, a header, the message of an error. A client can put a token
in any of these, so a text is judged by its form and not by its source:

- The part after `?` or `#` is cut, and the user part of a URL.
- A value after a name such as `token` or `Bearer` is cut, and every sequence that looks random: 20 or
  more characters that are not words. Names in snake case and names of error classes are words.
- Only the network of an IP address is kept (/24 or /48), as in the database; a larger network stays
  unchanged. Loopback addresses belong to no person and stay.
- An e-mail address is cut.
- A character that cannot be printed, including line ends, is written as its escape, so that a text
  stays one line in JSON, in a terminal, and when somebody prints the decoded JSON.

Pure. The time is linear in the length of the text, of which at most `TEXT_CHARACTERS_MAX` are read.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final

from configurator.activity.visitor import network_of

TEXT_CHARACTERS_MAX: Final = 2_000
"""Longer texts are cut: a line for each of a million requests must not fill the disk."""

DEPTH_MAX: Final = 4
ITEMS_MAX: Final = 50
"""The most entries and levels of a list or dictionary that are written."""

CUT: Final = "[...]"

_USER = re.compile(r"(?<=://)[^\s/'\"]*@")
_AFTER_PATH = re.compile(r"(?:[?？]|(?<=\S)[#＃]|%(?:25){0,8}(?:3[Ff]|23))(?=\S)\S*")
_CLOSING = "\"'])>},.;:"
_HEADER = re.compile(r"(?i)\b((?:set-)?cookie|(?:proxy-)?authorization)\b([\"']?\s*[=:]\s*)\S.*")
_SCHEME = re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;)]+")
_NAMED = re.compile(
    r"(?i)\b((?:\w+[_-])?(?:token|secret|passw(?:or)?d|ticket|credential|session(?:_?id)?|sid|nonce|"
    r"api[_-]?key|nest_person|nest_admin))\b([\"']?\s*[=:]\s*[\"']?)[^\s\"',;&)\]}]+"
)
_MAIL = re.compile(
    r"(?:\"[^\"\s]{1,64}\"|[^\s\"'<>(),;=\[\]]{1,64})(?:@|%40|＠)[^\s\"'<>(),;=\[\]]{1,255}"
)
_RUN = re.compile(r"[A-Za-z0-9_+=~-]{20,}")
_WORDS = re.compile(
    r"_*(?:(?:[a-z]+|[0-9]{1,4})(?:[_-](?:[a-z]+|[0-9]{1,4}))*"
    r"|(?:[A-Z]+|[0-9]{1,4})(?:_(?:[A-Z]+|[0-9]{1,4}))+"
    r"|(?:[A-Z]+[a-z]+)+(?:Error|Exception|Warning))_*|([=~+_-])\1*"
)
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2}){8,}")
_ADDRESS = re.compile(
    r"(?<![0-9A-Za-z:.])(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:)(?P<v6>[0-9A-Fa-f:.]{2,45})(?:%\w+|/(?P<m6>\d{1,3})(?!\d))?"
    r"|(?<![\d.])(?P<v4>\d{1,3}(?:\.\d{1,3}){3})(?!\.?\d)"
    r"(?::\d{1,5}|(?P<q>['\"]), ?\d{1,5}|/(?P<m4>\d{1,2})(?!\d))?"
)


def redacted(text: str) -> str:
    """The text without secrets and full addresses, on one line."""
    if len(text) > TEXT_CHARACTERS_MAX:
        text = text[:TEXT_CHARACTERS_MAX] + CUT
    return _without_secrets(visible(text))


def redacted_value(value: object, depth: int = 0) -> object:
    """Like `redacted`, for any value of a line: numbers stay, everything else becomes safe text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redacted(value)
    if depth < DEPTH_MAX and isinstance(value, Mapping):
        some = list(value.items())[:ITEMS_MAX]
        return {redacted(str(name)): redacted_value(each, depth + 1) for name, each in some}
    if depth < DEPTH_MAX and isinstance(value, list | tuple | set | frozenset):
        return [redacted_value(each, depth + 1) for each in list(value)[:ITEMS_MAX]]
    return redacted(str(value))


def visible(text: str) -> str:
    r"""The text with an escape (`\n`, `\x1b`, `\u202e`) for every character that is not printable."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def _without_secrets(text: str) -> str:
    text = _USER.sub("", text)
    text = _AFTER_PATH.sub(_closing, text)
    text = _HEADER.sub(rf"\1\2{CUT}", text)
    text = _SCHEME.sub(rf"\1 {CUT}", text)
    text = _NAMED.sub(rf"\1\2{CUT}", text)
    text = _MAIL.sub("[e-mail]", text)
    text = _ADDRESS.sub(_network, text)
    text = _ESCAPED.sub(CUT, text)
    return _RUN.sub(lambda found: found[0] if _WORDS.fullmatch(found[0]) else CUT, text)


def _closing(found: re.Match[str]) -> str:
    """The quotation marks and brackets after the part that is cut."""
    return found[0][len(found[0].rstrip(_CLOSING)) :]


def _network(found: re.Match[str]) -> str:
    """The network of the address; the text itself if it is not a person's address."""
    written, closing = found["v6"] or found["v4"], found["q"] or ""
    mask = found["m6"] or found["m4"]
    for address in (written, written.rpartition(":")[0]):  # with a port, as some write it
        try:
            parsed = ip_address(address)
        except ValueError:
            continue
        if parsed.is_loopback or parsed.is_unspecified:
            return found[0]
        network = ip_network(str(network_of(address)))
        if mask is not None and int(mask) < network.prefixlen:  # a larger network
            network = network.supernet(new_prefix=int(mask))
        return f"{network}{closing}"
    return found[0] if found["v6"] else f"[address]{closing}"
