"""Readers of settings: each turns the text of an environment variable into a valid value.

Each raises ValueError with the end of a sentence that begins with the name of the setting. They
never repeat a secret.
"""

import errno
import re
from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final, Literal, TypeVar

from app.settings.address import url_parts
from configurator.activity.visitor import Consent

LogFormat = Literal["auto", "json", "text"]
Known = TypeVar("Known")

NODE_CHARACTERS: Final = 64


def integer(low: int, high: int) -> Callable[[str], int]:
    """A whole number in this range."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {value!r}")
        return int(value)

    return parse


def megabytes(low: int, high: int) -> Callable[[str], int]:
    """Like `integer`, for MB; the value is in bytes."""
    count = integer(low, high)
    return lambda value: 1_000_000 * count(value)


def home(value: str) -> Path:
    """A directory that exists, or that can be made as far as its path tells."""
    unusable = f"must be a directory, or the place for one, not {value[:200]!r}"
    try:
        home = Path(value).expanduser()
    except RuntimeError:  # an unknown user
        raise ValueError(unusable) from None
    try:
        there = next(each for each in (home, *home.absolute().parents) if each.exists())
    except OSError as error:
        if error.errno in {errno.ENAMETOOLONG, errno.ELOOP}:
            raise ValueError(f"{unusable}: {error.strerror}") from None
        return home  # a directory that only another user can see
    if not there.is_dir():
        raise ValueError(f"{unusable}: {there} is not a directory")
    return home


def kept_days(value: str) -> int:
    """Days, at least 7; 0: without a limit."""
    if not re.fullmatch(r"\d{1,5}", value, re.ASCII) or 0 < int(value) < 7:
        raise ValueError(f"must be days from 7 to 99999, or 0 for no limit, not {value!r}")
    return int(value)


def webhook(value: str) -> str:
    """An address of http or https."""
    wanted = "must be an address like https://host/path, with a port from 1 to 65535 if it has one"
    parts = url_parts(value, wanted)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(wanted)
    return value


def lines(value: str) -> tuple[str, ...]:
    """Lines, separated by |."""
    return tuple(line.strip() for line in value.split("|") if line.strip())


def seconds(value: str) -> float:
    """Seconds of a deadline."""
    if not re.fullmatch(r"\d{1,4}(\.\d+)?", value, re.ASCII) or not 0.01 <= float(value) <= 3600:
        raise ValueError(f"must be seconds from 0.01 to 3600, not {value!r}")
    return float(value)


def pause(value: str) -> float:
    """Seconds of a pause; it may be 0."""
    if not re.fullmatch(r"\d{1,2}(\.\d+)?", value, re.ASCII) or not float(value) <= 60:
        raise ValueError(f"must be seconds from 0 to 60, not {value!r}")
    return float(value)


def scale(value: str) -> float:
    """A factor."""
    if not re.fullmatch(r"\d{1,6}(\.\d+)?", value, re.ASCII) or not float(value) >= 0.1:
        raise ValueError(f"must be a number from 0.1, not {value!r}")
    return float(value)


def switch(value: str) -> bool:
    """0 or 1, in several spellings."""
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if value.lower() not in known:
        raise ValueError(f"must be 0 or 1, not {value!r}")
    return known[value.lower()]


def one_of(*allowed: str) -> Callable[[str], str]:
    """One of these words, in any case."""
    return partial(_known, known={each: each for each in allowed})


def consent(value: str) -> Consent:
    """The consent under which interactions may be stored."""
    return _known(value, {"asked": "asked", "required": "required", "assumed": "assumed"})


def log_format(value: str) -> LogFormat:
    """The format of log lines."""
    return _known(value, {"auto": "auto", "json": "json", "text": "text"})


def _known(value: str, known: Mapping[str, Known]) -> Known:
    """The meaning of a word, in any case."""
    if value.lower() not in known:
        raise ValueError(f"must be one of {', '.join(known)}, not {value!r}")
    return known[value.lower()]


def host(value: str) -> str:
    """An address, or the name of a host."""
    bare = value.removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(bare))
    except ValueError:
        if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", bare):
            return bare
    raise ValueError(f"must be an address or a host name, not {value!r}")


def networks(value: str) -> tuple[str, ...]:
    """Addresses and networks, separated by commas."""
    return tuple(_network(each.strip()) for each in value.split(",") if each.strip())


def _network(value: str) -> str:
    try:
        return str(ip_network(value) if "/" in value else ip_address(value))
    except ValueError:
        raise ValueError(
            f"must be addresses or networks like 10.0.0.1, 10.0.0.0/8, not {value!r}"
        ) from None


def node(value: str) -> str:
    """The name of a process."""
    if not re.fullmatch(rf"[A-Za-z0-9._-]{{1,{NODE_CHARACTERS}}}", value):
        raise ValueError(
            f"must be 1 to {NODE_CHARACTERS} letters, digits, dots, dashes, not {value!r}"
        )
    return value


def token(value: str) -> str:
    """A token as a server gave it."""
    if not re.fullmatch(r"[!-~]{16,128}", value):  # not repeated here: it is a secret
        raise ValueError("must be 16 to 128 visible characters, as the server gave it")
    return value


def secret(value: str) -> str:
    """A secret that is long enough."""
    if not re.fullmatch(r"[!-~]{32,256}", value):  # not repeated here: it is a secret
        raise ValueError("must be 32 to 256 visible characters that nobody can guess")
    return value
