"""Captions and figures inside the pictures, in German and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from configurator.text import Language

_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "trapezblech": ("Trapezblech schwarz", "black trapezoidal sheet"),
    "holzlattung": ("Holzlattung Lärche natur", "natural larch battens"),
    "fassadenplatten_schwarz": ("Fassadenplatten schwarz", "black facade panels"),
    "fassadenplatten_weiss": ("Fassadenplatten weiß", "white facade panels"),
    "kiefer": ("Kiefer", "pine"),
    "fichte": ("Fichte", "spruce"),
    "steirische_eiche": ("Steirische Eiche", "Styrian oak"),
    "parkett": ("Parkett Eiche", "oak parquet"),
    "kalkstein_kanafar": ("Kalkstein Kanafar", "Kanafar limestone"),
    "schiefer_massiv": ("Schiefer massiv", "solid slate"),
    "pvc": ("PVC weiß", "white PVC"),
    "aluminium": ("Aluminium", "aluminium"),
}


@dataclass(frozen=True, slots=True)
class PictureWords:
    """The words in a picture, in one language."""

    language: Language = "de"

    def say(self, de: str, en: str) -> str:
        """The sentence of this language."""
        return de if self.language == "de" else en

    def name(self, option: str) -> str:
        """The name of a material."""
        return self.say(*_NAMES[option])

    def figure(self, value: float) -> str:
        """``13,50`` or ``13.50``."""
        return self._decimal(f"{value:.2f}")

    def metres(self, value: float) -> str:
        """``13,50 m``, with a space that does not break."""
        return self.figure(value) + "\u00a0m"

    def area(self, value: float) -> str:
        """``20 m²``."""
        return self._decimal(f"{value:g}") + "\u00a0m²"

    def power(self, value: float) -> str:
        """``4,0 kWp``."""
        return self._decimal(f"{value:.1f}") + "\u00a0kWp"

    def count_of(self, number: int, one: tuple[str, str], many: tuple[str, str]) -> str:
        """``kein Modul``, ``1 Modul``, ``10 Module``; each word as (German, English)."""
        if number == 0:
            return f"{self.say('kein', 'no')} {self.say(*(one if self.language == 'de' else many))}"
        return f"{number}\u00a0{self.say(*(one if number == 1 else many))}"

    def _decimal(self, text: str) -> str:
        return text.replace(".", ",") if self.language == "de" else text
