"""The stores of a web process in a test, with some of the test's own kind."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.chance import Chance
from app.parts.stores import StoresPart
from app.settings.settings import Settings
from tests.realtime.conftest import StoresOf


def with_own(**made: Callable[[StoresPart], Any]) -> StoresOf:
    """Makes these of the stores of configurations from the usual ones: `people=lambda usual: ...`."""

    def stores_of(settings: Settings, chance: Chance) -> StoresPart:
        usual = StoresPart.of(settings, chance)
        own = {name: make(usual) for name, make in made.items()}
        return replace(usual, configuration_stores=replace(usual.configuration_stores, **own))

    return stores_of
