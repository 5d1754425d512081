"""The server behind a proxy of the tests: how it is reached, and its URL through the proxy."""

import asyncio
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit


@dataclass(frozen=True, slots=True)
class Upstream:
    """A redis:// or unix:// of Redis, or a postgresql:// with a host or `?host=<directory>`."""

    url: str

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the server itself. Raises OSError while it is away."""
        target = urlsplit(self.url)
        directory = parse_qs(target.query).get("host")
        if target.scheme == "unix":
            return await asyncio.open_unix_connection(target.path)
        if directory:
            return await asyncio.open_unix_connection(f"{directory[0]}/.s.PGSQL.5432")
        return await asyncio.open_connection(target.hostname, target.port)

    def through(self, proxy: asyncio.Server | None) -> str:
        """The URL that leads to it through this proxy, which listens."""
        assert proxy is not None
        port = proxy.sockets[0].getsockname()[1]
        target = urlsplit(self.url)
        if target.scheme == "unix":
            database = parse_qs(target.query).get("db", ["0"])[0]
            return f"redis://127.0.0.1:{port}/{database}"
        credentials, at, _ = target.netloc.rpartition("@")
        netloc = f"{credentials}{at}127.0.0.1:{port}"
        return urlunsplit(target._replace(netloc=netloc, query=""))
