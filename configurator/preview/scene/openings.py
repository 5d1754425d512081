"""Layout of the windows: the chosen area, spread over the four sides of the house.

Windows are sold by the area of their opening, which "glazed area" means here. Places are taken in a
fixed order until they can hold a little more than the area; then all their rectangular windows are
narrowed by the same factor, so the sum is exact. No window is larger than 6.0 x 3.2 m, none crosses
a joint between modules. The entrance takes the first bay of the garden side and is no window.
"""

from dataclasses import dataclass
from typing import Final

from configurator.preview.scene.geometry import MODULE, WIDTH, rectangle
from configurator.preview.scene.projection import Pt

HEAD: Final = 2.3
DOOR_WIDTH: Final = 1.15
DOOR_LEFT: Final = (MODULE - DOOR_WIDTH) / 2
_AIR: Final = 1.2
_NARROWEST: Final = 0.45
_TRIANGLE: Final = (3.6, 1.26)


@dataclass(frozen=True, slots=True)
class Opening:
    """A window on a facade; ``left`` and ``sill`` are metres on that facade's surface."""

    facade: str
    left: float
    sill: float
    width: float
    height: float
    triangle: bool = False

    @property
    def area(self) -> float:
        """Area of the opening in m²."""
        return self.width * self.height * (0.5 if self.triangle else 1.0)

    @property
    def outline(self) -> tuple[Pt, ...]:
        """Corners on the facade, counter-clockwise."""
        return self.inset(0.0)

    def inset(self, border: float) -> tuple[Pt, ...]:
        """The outline moved inwards by about ``border`` metres."""
        if not self.triangle:
            width, height = self.width - 2 * border, self.height - 2 * border
            return rectangle(self.left + border, self.sill + border, width, height)
        slope = self.height / (self.width / 2)
        side = border * ((1 + slope**2) ** 0.5 + 1) / slope
        middle, base = self.left + self.width / 2, self.sill + border
        half = self.width / 2 - side
        return ((middle - half, base), (middle + half, base), (middle, base + half * slope))

    @property
    def lights(self) -> int:
        """The number of panes of the window."""
        return 2 if self.triangle else max(1, round(self.width / 1.25))


def openings(modules: int, area_m2: float) -> tuple[Opening, ...]:
    """Windows whose areas sum to ``area_m2``; none for 0. The largest area of each nest fits."""
    if area_m2 <= 0:
        return ()
    places = _places(modules)
    count = next(
        (n for n in range(1, len(places) + 1) if _sum(places[:n]) >= area_m2 * _AIR), len(places)
    )
    taken = places[:count]
    fixed = sum(place.area for place in taken if place.triangle)
    factor = (area_m2 - fixed) / (_sum(taken) - fixed)
    return tuple(place if place.triangle else _narrowed(place, factor) for place in taken)


def intended(modules: int) -> tuple[Opening, ...]:
    """The places that a first choice would take, shown dashed while no window is chosen."""
    return openings(modules, 18 + modules)


def _narrowed(place: Opening, factor: float) -> Opening:
    flat = min(1.0, factor / _NARROWEST)
    width, height = place.width * factor / flat, place.height * flat
    top = place.sill + place.height
    sill = place.sill if flat == 1.0 else top - height
    return Opening(
        place.facade, place.left + (place.width - width) / 2, sill, width, height, triangle=False
    )


def _places(modules: int) -> list[Opening]:
    right = list(range(modules - 1, 0, -1))
    garden = [_bay("south", bay, 0.1, 2.15, HEAD - 0.1) for bay in right[::2] + right[1::2]]
    back = [
        _bay("north", bay, 1.2, 2.0, 1.1) for bay in [*range(1, modules, 2), *range(0, modules, 2)]
    ]
    east, west = _gable("east"), _gable("west")
    return [
        *garden[:2], east[0], east[1], *garden[2:3], *back[:1], *garden[3:5], west[0], *back[1:2],
        *garden[5:], west[1], *back[2:],
    ]  # fmt: skip


def _bay(facade: str, bay: int, sill: float, width: float, height: float) -> Opening:
    return Opening(facade, bay * MODULE + (MODULE - width) / 2, sill, width, height)


def _gable(facade: str) -> tuple[Opening, Opening]:
    base, rise = _TRIANGLE
    lower = Opening(facade, (WIDTH - 5.3) / 2, 0.1, 5.3, HEAD - 0.1)
    return lower, Opening(facade, (WIDTH - base) / 2, HEAD + 0.22, base, rise, triangle=True)


def _sum(places: list[Opening]) -> float:
    return sum(place.area for place in places)
