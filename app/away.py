"""The sentence of a command whose store does not do its part: which one, why, and what to do."""

from app.settings import Settings, without_secrets
from storage.errors import OutcomeUnknown, StorageError, StorageUnavailable


def away(error: StorageError, settings: Settings) -> str:
    """One sentence or two, without secrets; the text of the error where it says all by itself."""
    store, _, why = str(error).partition(": ")
    known = {
        "PostgreSQL": ("DATABASE_URL", settings.database_url),
        "Redis": ("REDIS_URL", settings.redis_url),
    }
    if isinstance(error, OutcomeUnknown):
        return f"{error}. Whether it was done is not known; `nest doctor` says more."
    if not isinstance(error, StorageUnavailable):
        return str(error)
    if store not in known or not why:
        return str(error)
    setting, url = known[store]
    where = without_secrets(url) if url else f"of NEST_HOME {settings.home}"
    check = f"that {setting} is right" if url else "the output of `nest run`"
    return (
        f"{store} {'at ' if url else ''}{where} cannot be used: {why}."
        f" See that it runs, and {check}; `nest doctor` says more."
    )
