"""The error sentence of a command whose store fails: which store, why, and what to do."""

from app.settings.settings import Settings, without_secrets
from storage.errors import OutcomeUnknown, StorageError, StorageUnavailable


def away(error: StorageError, settings: Settings) -> str:
    """One sentence or two, without secrets; only the error's text if it says everything."""
    if isinstance(error, OutcomeUnknown):
        return f"{error}. Whether it was done is not known; `nest doctor` says more."
    if not isinstance(error, StorageUnavailable) or error.store is None:
        return str(error)
    setting, url = {
        "PostgreSQL": ("DATABASE_URL", settings.database_url),
        "Redis": ("REDIS_URL", settings.redis_url),
    }[error.store]
    where = without_secrets(url) if url else f"of NEST_HOME {settings.home}"
    check = f"that {setting} is right" if url else "the output of `nest run`"
    return (
        f"{error.store} {'at ' if url else ''}{where} cannot be used: {error.why}."
        f" See that it runs, and {check}; `nest doctor` says more."
    )
