"""The lock files: hashed, without addresses, in step with pyproject, above known advisories."""

import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")

# The oldest version without a known advisory, or without a defect that we met ourselves.
OLDEST_SAFE = {
    "nicegui": "3.18.0",
    "python-socketio": "5.16.3",
    "python-engineio": "4.13.3",
    "starlette": "1.3.1",
    "uvicorn": "0.50.0",
    "websockets": "16.1",
    "redis": "8.1.0",
    "asyncpg": "0.32.0",
    "sqlalchemy": "2.1.9",
    "python-multipart": "0.0.32",
    "h11": "0.16.0",
    "orjson": "3.11.5",
    "aiohttp": "3.14.0",
    "httpx2": "2.12",
    "jinja2": "3.1.6",
}


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def locked(lock: str) -> dict[str, str]:
    text = (CHECKOUT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


def wanted() -> list[str]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return sorted({re.split(r"[\[<>=;~! ]", line)[0].lower() for line in lines})


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_a_hash_for_everything_and_no_address(lock: str) -> None:
    text = (CHECKOUT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    assert "--trusted-host" not in text
    for entry in re.split(r"\n(?=[a-z])", text.strip()):
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("lock", LOCKS)
def test_locked_versions_are_not_older_than_the_oldest_safe_ones(lock: str) -> None:
    versions = locked(lock)
    unsafe = {
        name: versions[name]
        for name, least in OLDEST_SAFE.items()
        if name in versions and numbers(versions[name]) < numbers(least)
    }
    assert unsafe == {}


def test_both_locks_agree_and_cover_pyproject() -> None:
    run, dev = (locked(lock) for lock in LOCKS)
    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}
    assert [name for name in wanted() if name not in dev] == []
    assert "setuptools" in run  # the package itself is installed without the network


def test_every_direct_dependency_has_its_reason_written_down() -> None:
    decision = CHECKOUT / "docs" / "decisions" / "0001-dependencies.md"
    text = decision.read_text(encoding="utf-8").lower()
    assert [name for name in wanted() if f"| {name} |" not in text] == []
