"""The servers that a command uses: from the settings, or those of the running `nest run`."""

from collections.abc import Mapping
from dataclasses import replace

from app.settings.settings import Settings, SettingsError
from app.supervisor.running import beside_running


def with_database(settings: Settings, command: str, environ: Mapping[str, str]) -> Settings:
    """The settings with the running stack's servers. Raises SettingsError without a PostgreSQL."""
    found = beside_running(settings, environ)
    _require(command, {"DATABASE_URL": found.database_url})
    return found


def with_servers(settings: Settings, command: str, environ: Mapping[str, str]) -> Settings:
    """Like `with_database`, for a command that also needs Redis."""
    found = beside_running(settings, environ)
    _require(command, {"DATABASE_URL": found.database_url, "REDIS_URL": found.redis_url})
    return found


def for_process(settings: Settings, command: str, environ: Mapping[str, str]) -> Settings:
    """Like `with_servers`, for an additional process, which needs its own port."""
    found = with_servers(settings, command, environ)
    return replace(found, host=settings.host, port=settings.port, public_url=settings.public_url)


def _require(command: str, urls: Mapping[str, str]) -> None:
    missing = [name for name, url in urls.items() if not url]
    if missing:
        sentence = (
            f"`nest {command}` needs {' and '.join(missing)}. "
            "`nest run` starts servers of its own; while it runs, this command finds them through "
            "NEST_HOME."
        )
        raise SettingsError((sentence,))
