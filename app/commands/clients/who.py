"""The identity of a command without a token: with a database, a person of its own."""

import os
import secrets
from pathlib import Path
from uuid import uuid4

from app.commands.clients.asking import NobodyError
from configurator.house_code import as_code, as_id
from configurator.people.roles import Role
from realtime.people.principal import token_sha256
from storage.postgres.configurations.configurations import Configurations
from storage.postgres.configurations.stored import StoredConfiguration
from storage.postgres.engine import Database
from storage.postgres.people.people import People
from storage.postgres.people.shares import Shares

EDITOR_NAME = "nest edit"
TOKEN_FILE = "nest-edit.token"  # noqa: S105 - a name of a file
TOKEN_LENGTH_MIN = 16


async def editor_token(database_url: str, home: Path, reference: str) -> str:
    """The token of the person "nest edit", who gets the role of an advisor in this house.

    Raises NobodyError, StorageUnavailable.
    """
    async with Database(database_url, pool_size=1, application_name="nest edit") as database:
        stored = await _find(Configurations(database), reference)
        if stored is None:
            raise NobodyError(f"There is no house {reference}.")
        people = People(database)
        token = _kept_token(home)
        person = await people.by_token(token_sha256(token))
        if person is None:
            person = await people.create(
                person_id=uuid4(), token_sha256=token_sha256(token), name=EDITOR_NAME, colour=6
            )
        await Shares(database).grant(stored.id, person.id, Role.ADVISOR)
    return token


async def _find(configurations: Configurations, reference: str) -> StoredConfiguration | None:
    code, configuration_id = as_code(reference), as_id(reference)
    if code is not None:
        return await configurations.find(code)
    return await configurations.load(configuration_id) if configuration_id else None


def _kept_token(home: Path) -> str:
    """The token in NEST_HOME, made at the first call; only its owner may read the file."""
    path, token = home / TOKEN_FILE, secrets.token_urlsafe(32)
    try:
        home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(token + "\n")
    except FileExistsError:
        return _read_token(path)
    except OSError as error:
        raise NobodyError(f"{path} cannot be written: {error.strerror}.") from error
    return token


def _read_token(path: Path) -> str:
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise NobodyError(f"{path} cannot be read: {error}.") from error
    if len(token) < TOKEN_LENGTH_MIN:
        raise NobodyError(f"{path} holds no token; remove it.")
    return token
