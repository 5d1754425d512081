"""Converts a REDIS_URL as hosting companies write it into a URL for the driver.

redis-py passes an unknown parameter to the constructor of a connection, which then fails with a
TypeError at the first use, and a parameter can replace one of our deadlines. So each parameter is
passed on, left out, or reported as a mistake.
"""

import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from app.settings.address import require_places, url_parts

SCHEMES: Final = {
    "redis": "redis", "rediss": "rediss", "unix": "unix", "valkey": "redis", "valkeys": "rediss",
}  # fmt: skip
"""The allowed schemes, with the driver's name of each."""

CLUSTER: Final = re.compile(r"(redis|valkey)s?\+(cluster|sentinel)|(redis|valkey)s?-sentinel")
PASSED_ON: Final = frozenset({"db", "username", "password", "client_name"})
TLS_ONLY: Final = frozenset(
    {
        "ssl_cert_reqs", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile",
        "ssl_password", "ssl_check_hostname", "ssl_min_version", "ssl_ciphers",
    }
)  # fmt: skip
FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
LEFT_OUT: Final = frozenset(
    {
        "decode_responses", "encoding", "health_check_interval", "max_connections", "protocol",
        "retry_on_timeout", "socket_connect_timeout", "socket_keepalive", "socket_read_size",
        "socket_timeout", "timeout",
    }
)  # fmt: skip
"""NEST_REDIS_POOL_SIZE, NEST_REDIS_DEADLINE_SECONDS and the code decide these."""

NUMBERS: Final = LEFT_OUT - {"decode_responses", "encoding", "retry_on_timeout", "socket_keepalive"}
PLACE: Final = "must have a host and a port from 1 to 65535, like redis://host:6379/0"


def redis_driver_url(value: str) -> str:
    """The URL for redis-py: `redis`, `rediss` or `unix`, with the parameters that have an effect.

    Raises ValueError with the end of a sentence that begins with the setting's name. It never
    repeats the URL, which can hold a password.
    """
    written, separator, rest = value.partition("://")
    if CLUSTER.fullmatch(written.lower()):
        raise ValueError(
            "names a cluster or sentinels; NEST-Haus Live uses one server: write the address of a "
            "single Redis or Valkey, like redis://host:6379/0"
        )
    scheme = SCHEMES.get(written.lower())
    if scheme is None or not separator:
        raise ValueError("must be like redis://host:6379/0, or rediss:// with TLS")
    given = dict(parse_qsl(value.partition("?")[2]))
    if unknown := sorted(given.keys() - PASSED_ON - TLS_ONLY - LEFT_OUT):
        raise ValueError(f"has parameters that are not known: {', '.join(unknown)}; remove them")
    if scheme != "rediss" and (tls := sorted(given.keys() & TLS_ONLY)):
        raise ValueError(f"has {', '.join(tls)}, but no TLS: write rediss://")
    _check(scheme, rest, given)
    kept = urlencode(
        [each for each in given.items() if each[0] not in LEFT_OUT], quote_via=quote, safe="/"
    )
    return f"{scheme}://{rest.partition('?')[0]}{'?' if kept else ''}{kept}"


def left_out_of_redis(value: str) -> tuple[str, ...]:
    """The names of the parameters of a REDIS_URL that have no effect here, sorted."""
    return tuple(sorted({name for name, _ in parse_qsl(value.partition("?")[2])} & LEFT_OUT))


def _check(scheme: str, rest: str, given: dict[str, str]) -> None:
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if scheme != "unix":
        if len(require_places(place, PLACE)) > 1:
            raise ValueError("names several hosts; NEST-Haus Live uses one server")
        path = url_parts(f"redis://{rest}", PLACE).path
        if "db" not in given and not re.fullmatch(r"(/\d{1,5})?/?", path):
            raise ValueError("must end with the number of a database, like redis://host:6379/0")
    elif not rest.partition("?")[0].strip("/"):
        raise ValueError("must name a socket, like unix:///run/valkey.sock?db=0")
    _check_parameters(given)


def _check_parameters(given: dict[str, str]) -> None:
    for name in sorted(given.keys() & NUMBERS):
        if not re.fullmatch(r"\d{1,9}(\.\d+)?|none", given[name], re.ASCII | re.IGNORECASE):
            raise ValueError(f"must have a number as {name}")
    if given.get("protocol", "3") not in {"2", "3"}:
        raise ValueError("must have 2 or 3 as protocol")
    if not re.fullmatch(r"\d{1,5}", given.get("db", "0")):
        raise ValueError("must have the number of a database as db")
    if given.get("ssl_cert_reqs", "none") not in {"none", "optional", "required"}:
        raise ValueError("must have one of none, optional, required as ssl_cert_reqs")
    for name in FILES:
        if name in given and not Path(given[name]).is_file():
            raise ValueError(f"has {name}={given[name]}, a file that does not exist")
