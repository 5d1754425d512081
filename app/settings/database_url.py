"""Converts a DATABASE_URL as hosting companies write it into a URL for the driver.

libpq knows more parameters than asyncpg, and asyncpg passes unknown ones to the server, which then
refuses the connection. So each parameter is passed on, left out, or reported as a mistake. The
lists are those of libpq 18 (PostgreSQL manual, 34.1.2) and asyncpg 0.32 (`connect_utils`).
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from app.settings.address import is_port, require_places
from app.settings.database_files import with_files

DATABASE_SCHEMES: Final = {"postgresql", "postgres", "postgresql+asyncpg"}

PASSED_ON: Final = frozenset(
    {
        "host", "port", "dbname", "user", "password", "passfile", "service", "options",
        "sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "sslnegotiation",
        "ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs",
        "krbsrvname", "gsslib",
    }
)  # fmt: skip
LEFT_OUT: Final = frozenset(
    {
        "application_name", "channel_binding", "client_encoding", "connect_timeout",
        "fallback_application_name", "gssdelegation", "gssencmode", "hostaddr", "keepalives",
        "keepalives_count", "keepalives_idle", "keepalives_interval", "load_balance_hosts",
        "max_protocol_version", "min_protocol_version", "scram_client_key", "scram_server_key",
        "sslcertmode", "sslcompression", "sslcrldir", "sslkeylogfile", "sslsni", "tcp_user_timeout",
    }
)  # fmt: skip
"""Our own code does their work (deadlines, name, keep-alive), or asyncpg does not support them."""
ALLOWED: Final = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "target_session_attrs": (
        "any", "primary", "standby", "read-write", "read-only", "prefer-standby",
    ),
}  # fmt: skip

NUMBERS: Final = frozenset(
    {
        "connect_timeout", "keepalives", "keepalives_count", "keepalives_idle",
        "keepalives_interval", "tcp_user_timeout",
    }
)  # fmt: skip
PLACE: Final = (
    "must have hosts with ports from 1 to 65535, like postgresql://user:password@host:5432/name; "
    "write / of a password as %2F"
)


def driver_url(value: str, environ: Mapping[str, str]) -> str:
    """The URL for asyncpg: with known parameters, without those of LEFT_OUT, its files checked.

    `environ` has libpq's variables for parameters that are not in the URL (like `PGSSLROOTCERT`).
    Raises ValueError with the end of a sentence that begins with the setting's name. It never
    repeats the URL, which can hold a password.
    """
    scheme, separator, rest = value.partition("://")
    if scheme not in DATABASE_SCHEMES or not separator:
        raise ValueError("must be like postgresql://user:password@host:5432/name")
    if rest.partition("?")[0].partition("/")[0].count("@") > 1:
        raise ValueError("has more than one @ before the host: write those of a password as %40")
    places = require_places(re.split(r"[/?]", rest, maxsplit=1)[0], PLACE)
    given = _parameters(value)
    if unknown := sorted({name for name, _ in given} - PASSED_ON - LEFT_OUT):
        raise ValueError(
            f"has parameters that PostgreSQL's clients do not know: {', '.join(unknown)}; "
            "remove them"
        )
    for name, chosen in given:
        if name in ALLOWED and chosen not in ALLOWED[name]:
            raise ValueError(f"must have one of {', '.join(ALLOWED[name])} as {name}")
        if name in NUMBERS and not re.fullmatch(r"-?\d{1,9}", chosen, re.ASCII):
            raise ValueError(f"must have a whole number as {name}")
    _check_ports(places, dict(given), environ)
    given = with_files([each for each in given if each[0] in PASSED_ON], value, environ)
    kept = urlencode(given, quote_via=quote, safe="/,")
    place = rest.partition("?")[0].replace("#", "%23")
    return f"postgresql://{place}{'?' if kept else ''}{kept}"


def _check_ports(places: list[str], given: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Checks ports that are not written with a host: one for all hosts, or one for each."""
    hosts = len(given["host"].split(",") if "host" in given and places == [""] else places)
    name, ports = ("port", given["port"]) if "port" in given else ("PGPORT", environ.get("PGPORT"))
    if not ports:
        return
    each = ports.split(",")
    if not all(is_port(port) for port in each) or len(each) not in {1, hosts}:
        has = "has" if name == "port" else "is used with"
        raise ValueError(
            f"{has} {name}={ports}, which is not one port from 1 to 65535, or one for each host"
        )


def left_out(value: str) -> tuple[str, ...]:
    """The names of the parameters of a DATABASE_URL that have no effect here, sorted."""
    return tuple(sorted({name for name, _ in _parameters(value)} & LEFT_OUT))


def _parameters(value: str) -> list[tuple[str, str]]:
    """Name and value of each parameter; one without a value counts as absent, as in libpq."""
    pairs = parse_qsl(value.partition("?")[2], keep_blank_values=True)
    renamed = [("dbname" if name == "database" else name, chosen) for name, chosen in pairs]
    return [(name, chosen) for name, chosen in renamed if chosen or name not in PASSED_ON]
