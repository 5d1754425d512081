"""What `nest doctor` says about the logins of processes, and about the key of the audit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.settings import Settings
from storage.errors import StorageError
from storage.postgres.roles import login_at

MEND: Final = "Make a login for each kind of process: docs/operations.md, Logins."


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """Sentences: what is well, what could be better, what cannot work."""

    well: str
    better: tuple[str, ...]
    wrong: tuple[str, ...]


async def look_at_logins(settings: Settings) -> Logins:
    """Who the processes log in as, and who of them may do more than it needs."""
    kinds = {
        "web processes": settings.for_web,
        "workers": settings.for_worker,
        "figures": settings.for_analytics,
    }
    said, better, wrong = [], [], []
    for kind, url in kinds.items():
        try:
            login = await login_at(url)
        except (StorageError, OSError, ValueError) as error:
            wrong.append(f"the login of the {kind} does not work: {error}")
            continue
        said.append(f"{kind} {login.name}")
        if login.owns:
            better.append(
                f"{kind} log in as {login.name}, who may change everything, also the audit"
            )
    return Logins(well=", ".join(said), better=tuple(better), wrong=tuple(wrong))


def key_in_file(settings: Settings, environ: Mapping[str, str]) -> str | None:
    """What to say where processes of several machines would not have the same key."""
    if settings.audit_key or not environ.get("DATABASE_URL", "").strip():
        return None
    return (
        f"NEST_AUDIT_KEY is not set: the audit is signed with {settings.home}/audit.key, which other "
        "machines do not have"
    )
