"""Certificates that are not accepted, shown by real servers: the log and the doctor say why."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from storage.errors import StorageUnavailable
from storage.postgres.engine import Database
from storage.redis.client import Redis
from tests.support.programs.installing import OPENSSL

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a key and the certificate for "elsewhere" that it signed itself."""
    key, found = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [OPENSSL.required(), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", key, "-out", found, "-days", "2", "-subj", "/CN=elsewhere",
         "-addext", "subjectAltName=DNS:elsewhere"],
        check=True, capture_output=True,
    )  # fmt: skip
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + found.read_bytes())
    return both


@asynccontextmanager
async def server(certificate: Path, *, greets: bool) -> AsyncIterator[int]:
    """Speaks TLS with this certificate; `greets`: after a request for it, as PostgreSQL does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if greets:
                await reader.readexactly(8)
                writer.write(b"S")
                await writer.start_tls(context)
            await reader.read()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=None if greets else context)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


UNKNOWN = "from an authority that is not trusted: name that as"
ELSEWHERE = "for another (host name|address) than the one in the URL"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("ssl_cert_reqs=required", f"{UNKNOWN} ssl_ca_certs"),
        ("ssl_ca_certs={known}&ssl_check_hostname=true", ELSEWHERE),
    ],
)
async def test_redis_with_a_certificate_that_is_not_accepted(
    certificate: Path, query: str, said: str
) -> None:
    async with server(certificate, greets=False) as port:
        url = f"rediss://127.0.0.1:{port}/0?{query.format(known=certificate)}"
        async with Redis(url) as redis:
            with pytest.raises(StorageUnavailable, match=said):
                await redis.ping()


@pytest.mark.parametrize(
    ("root", "said"), [("system", f"{UNKNOWN} sslrootcert"), ("its own", ELSEWHERE)]
)
async def test_postgresql_with_a_certificate_that_is_not_accepted(
    certificate: Path, root: str, said: str
) -> None:
    trusted = ssl.get_default_verify_paths().cafile if root == "system" else str(certificate)
    if trusted is None:
        pytest.skip("this machine trusts nobody")
    async with server(certificate, greets=True) as port:
        url = f"postgresql://nest@127.0.0.1:{port}/nest?sslmode=verify-full&sslrootcert={trusted}"
        async with Database(url) as database:
            with pytest.raises(StorageUnavailable, match=said):
                await database.ping()
