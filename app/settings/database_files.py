"""The files that a DATABASE_URL names: certificates, keys, passwords.

asyncpg reads them when it connects, and a missing file then looks like a server that is away, or like
a wrong password. So they are checked earlier, as libpq 18 would do it (PostgreSQL manual,
34.1.2 and 34.19).
"""

import configparser
import ssl
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

TLS_FILES: Final = {
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
"""The parameters, with the variable that libpq reads if the parameter is missing."""
SYSTEM: Final = "system"
SYSTEM_ROOTS: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""The places of trusted certificates in distributions, if OpenSSL does not name one."""

Given = list[tuple[str, str]]


def with_files(given: Given, url: str, environ: Mapping[str, str]) -> Given:
    """The parameters, with the path of the system's certificates for `sslrootcert=system`.

    Raises ValueError with the end of a sentence that names the parameter and the file.
    """
    found = dict(given)
    mode = found.get("sslmode") or environ.get("PGSSLMODE", "")
    chosen = {
        name: (found.get(name) or environ.get(variable, ""), name if found.get(name) else variable)
        for name, variable in TLS_FILES.items()
    }
    if chosen["sslrootcert"][0] == SYSTEM:
        if mode not in ("", "verify-full"):
            raise ValueError(f"has sslmode={mode} with sslrootcert=system: write verify-full")
        mode, chosen["sslrootcert"] = "verify-full", (_system_roots(), "sslrootcert")
        found |= {"sslmode": mode, "sslrootcert": chosen["sslrootcert"][0]}
    if mode != "disable":
        _check_tls(mode, chosen, found.get("sslpassword", ""))
    if service := found.get("service"):
        _check_service(service, environ)
    if not (urlsplit(url).password or found.get("password") or environ.get("PGPASSWORD")):
        _check_passwords(found.get("passfile", ""), "passfile")
        if "passfile" not in found:
            _check_passwords(environ.get("PGPASSFILE", ""), "PGPASSFILE")
    once = [each for each in given if each[0] not in {"sslmode", "sslrootcert"}]
    return once + [(name, found[name]) for name in ("sslmode", "sslrootcert") if name in found]


def _check_service(service: str, environ: Mapping[str, str]) -> None:
    """Raises ValueError for a missing service: asyncpg would ignore it and connect somewhere else."""
    file = Path(environ.get("PGSERVICEFILE", "") or _home() / ".pg_service.conf")
    services = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        services.read(file)
    except (OSError, configparser.Error):
        raise ValueError(f"has service={service}, but {file} cannot be read") from None
    if service not in services:
        raise ValueError(f"has service={service}, which {file} does not have")


def _system_roots() -> str:
    for each in (ssl.get_default_verify_paths().cafile, *SYSTEM_ROOTS):
        if each and Path(each).is_file():
            return each
    raise ValueError(
        "has sslrootcert=system, but this machine has no file of trusted certificates: install "
        "ca-certificates, or write the path of one as sslrootcert"
    )


def _check_tls(mode: str, chosen: Mapping[str, tuple[str, str]], password: str) -> None:
    for path, name in chosen.values():
        if path:
            _require_readable(path, name)
    root, root_name = chosen["sslrootcert"]
    if not root and mode in {"verify-ca", "verify-full"} and not _own_roots().is_file():
        raise ValueError(
            f"has sslmode={mode}, and nothing to verify the server with: add sslrootcert=system, or "
            "sslrootcert with the path of the certificate that its provider gave you"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for path, name in ((root, root_name), chosen["sslcrl"]):
        if path:
            try:
                context.load_verify_locations(cafile=path)
            except ssl.SSLError:
                raise ValueError(
                    f"{_with(name)} {name}={path}, a file without a certificate"
                ) from None
    cert, cert_name = chosen["sslcert"]
    if cert:
        try:
            context.load_cert_chain(cert, chosen["sslkey"][0] or None, lambda: password)
        except ssl.SSLError:
            raise ValueError(
                f"{_with(cert_name)} {cert_name}={cert}, to which the key does not belong, or whose key needs "
                "another sslpassword"
            ) from None


def _own_roots() -> Path:
    return _home() / ".postgresql" / "root.crt"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # the home directory is unknown
        return Path("/nonexistent")


def _check_passwords(path: str, name: str) -> None:
    """Refuses a password file that others may read, because PostgreSQL's clients ignore such a file."""
    if not path:
        return
    _require_readable(path, name)
    if Path(path).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ValueError(
            f"{_with(name)} {name}={path}, which others may read too: chmod 600 {path}"
        )


def _with(name: str) -> str:
    return "is used with" if name.startswith("PG") else "has"


def _require_readable(path: str, name: str) -> None:
    try:
        with Path(path).open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        raise ValueError(f"{_with(name)} {name}={path}, a file that does not exist") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ValueError(f"{_with(name)} {name}={path}, which cannot be read: {reason}") from None
