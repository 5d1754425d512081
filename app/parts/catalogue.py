"""The catalogue of new houses."""

from functools import cache
from importlib import resources
from typing import Final

from configurator.catalogue.model import Catalogue
from configurator.catalogue.reading import parse_catalogue

CURRENT_CATALOGUE: Final = "nest-haus-2025-2"


@cache
def current_catalogue() -> Catalogue:
    """The catalogue, read from the package once per process."""
    file = resources.files("catalogues") / f"{CURRENT_CATALOGUE}.yaml"
    return parse_catalogue(file.read_text(encoding="utf-8"), source=file.name)
