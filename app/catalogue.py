"""The catalogue that new houses get."""

from functools import cache
from importlib import resources
from typing import Final

from configurator.catalogue import Catalogue, parse_catalogue

CURRENT_CATALOGUE: Final = "nest-haus-2025-2"


@cache
def current_catalogue() -> Catalogue:
    """Reads it from the package, once in a process."""
    file = resources.files("catalogues") / f"{CURRENT_CATALOGUE}.yaml"
    return parse_catalogue(file.read_text(encoding="utf-8"), source=file.name)
