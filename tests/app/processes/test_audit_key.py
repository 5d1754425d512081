"""The key of the audit: another text is refused, and signed lines get no second key."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.audit_key import FILE, audit_key
from app.doctor.logins import wrong_key
from app.settings.settings import Settings, SettingsError, parse_settings
from storage.postgres.engine import Database
from storage.postgres.service.audit import Actor, Audit


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    environ = {"NEST_HOME": str(tmp_path), "DATABASE_URL": database_url}
    return parse_settings(environ, node="test")


async def test_a_file_without_a_key_is_refused_with_a_sentence(settings: Settings) -> None:
    file = settings.home / FILE
    for written in (b"", b"x", b"x" * 31, b"\n" * 64):
        file.write_bytes(written)
        with pytest.raises(SettingsError, match="must have at least 32"):
            audit_key(settings)
        assert any("fewer than 32" in text for text in await wrong_key(settings))
    file.unlink()
    file.mkdir()
    with pytest.raises(SettingsError, match="cannot be used"):
        audit_key(settings)
    assert any("cannot be read" in text for text in await wrong_key(settings))


async def test_no_second_key_is_made_beside_signed_lines(
    settings: Settings, tmp_path: Path
) -> None:
    key = audit_key(settings)
    assert audit_key(settings).id == key.id
    assert await wrong_key(settings) == ()
    async with Database(settings.database_url) as database:
        await Audit(database, key).record(actor=Actor("Anna"), action="jobs.run", subject="x")
    (settings.home / FILE).chmod(0o644)
    (others,) = await wrong_key(settings)
    assert "by others" in others
    elsewhere = replace(settings, home=tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match=f"signed with a key .{key.id}."):
        audit_key(elsewhere)
    assert not (elsewhere.home / FILE).exists()
    another = replace(elsewhere, audit_key="x" * 32)
    assert audit_key(another).id != key.id
    (other,) = await wrong_key(another)
    assert "another key" in other
