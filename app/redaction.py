"""Texts of a log line without what may stand in no log: secrets, full addresses, forged lines.

A library logs what it was sent: a path, a header, the message of an error. Nobody can list every
place where a client can put a token, so a text is judged by its form and not by where it comes from:

- What follows `?` or `#` is cut, and the user part of a URL.
- A value after a name such as `token` or `Bearer` is cut, and whatever looks like random characters:
  20 and more that are no words. Names in snake case and of classes of errors are words.
- Of an IP address only the network is kept (/24 or /48), as in the database; a larger network stays
  what it is. Loopback is nobody's.
- An e-mail address is cut.
- A character that cannot be printed, line ends included, is written as its escape, so that a text
  stays one line in JSON, in a terminal, and for whoever prints the decoded JSON.

Pure. The time is linear in the length of the text, of which at most `TEXT_CHARACTERS_MAX` are read.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final

from configurator.visitor import network_of

TEXT_CHARACTERS_MAX: Final = 2_000
"""A text is cut here: a line for each of a million requests must not fill the disk."""

DEPTH_MAX: Final = 4
ITEMS_MAX: Final = 50
"""Of a list or a dictionary in a line, so many entries and levels are written."""

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
    """The same for any value of a line: numbers stay, everything else becomes safe text."""
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
    r"""The text with an escape (`\n`, `\x1b`, `\u202e`) for every character that has no shape."""
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
    """The quotation marks and brackets that stood after what is cut."""
    return found[0][len(found[0].rstrip(_CLOSING)) :]


def _network(found: re.Match[str]) -> str:
    """The network instead of the address; what is written there where it is nobody's."""
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
        if mask is not None and int(mask) < network.prefixlen:  # a network that is larger
            network = network.supernet(new_prefix=int(mask))
        return f"{network}{closing}"
    return found[0] if found["v6"] else f"[address]{closing}"
