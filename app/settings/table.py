"""The table of settings for people, and suggestions for unknown names."""

from collections.abc import Mapping
from difflib import get_close_matches

from app.settings.settings import SETTINGS


def unknown_settings(environ: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each unknown NEST_ variable, with the name that was probably meant."""
    names = [each.name for each in SETTINGS.values()]
    sentences = []
    for name in sorted(environ):
        if name.startswith("NEST_") and name not in names:
            near = get_close_matches(name, names, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            sentences.append(f"{name} is not a setting.{meant}")
    return tuple(sentences)


def settings_table() -> str:
    """The table of all settings, aligned for a terminal."""
    rows = [("name", "unit", "default", "reason")]
    rows += [(each.name, each.unit, each.default, each.reason) for each in SETTINGS.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(row[column].ljust(widths[column]) for column in range(3)), row[3]])
        for row in rows
    ]
    return "\n".join(lines)
