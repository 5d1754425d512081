"""Connects to one of the hosts of an address; if all fail, the error says why for each."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
from asyncpg.exceptions import TargetServerAttributeNotMatched

from storage.postgres.failures import NoHostFitsError, describe


async def connect(url: str, **options: Any) -> asyncpg.Connection:  # noqa: ANN401 - asyncpg's
    """Like `asyncpg.connect`, but the error for an address of several hosts covers all of them.

    asyncpg's error covers one host only. Raises NoHostFitsError instead, without host names.
    """
    try:
        return await asyncpg.connect(url, **options)
    except TimeoutError:
        raise
    except (OSError, TargetServerAttributeNotMatched) as error:
        hosts = _hosts(url)
        if hosts == 1:
            raise
        asked = parse_qs(urlsplit(url).query).get("target_session_attrs", ["any"])[0]
        met = (
            "those that answer are standbys, or the other way round"
            if isinstance(error, TargetServerAttributeNotMatched)
            else f"of at least one: {describe(error)}"
        )
        raise NoHostFitsError(
            f"none of its {hosts} hosts is there and fits target_session_attrs={asked} ({met}); if "
            "the first server is lost, promote its standby"
        ) from None


def _hosts(url: str) -> int:
    parts = urlsplit(url)
    named = parts.netloc.rpartition("@")[2] or parse_qs(parts.query).get("host", [""])[0]
    return named.count(",") + 1
