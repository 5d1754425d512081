"""The model of the house from which all views are drawn; lengths are in metres.

Outer width 8.1 m (room 7.5 m), 2.7 m a module, eaves 2.6 m, pitch 35 degrees: the ridge is at
5.44 m and a slope 4.94 m long. x runs along the house, the garden side lies at y = 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from configurator.preview.scene.projection import Projection, Pt, Vec

MODULE: Final = 2.7
WIDTH: Final = 8.1
ROOM_WIDTH: Final = 7.5
EAVES: Final = 2.6
PITCH: Final = math.radians(35)
RIDGE: Final = EAVES + WIDTH / 2 * math.tan(PITCH)
SLOPE: Final = WIDTH / 2 / math.cos(PITCH)

PANEL_WIDTH: Final = 1.134
PANEL_HEIGHT: Final = 1.722
PANEL_PITCH: Final = 1.16
PANEL_BELOW_RIDGE: Final = 0.55
PANEL_KWP: Final = 0.4


@dataclass(frozen=True, slots=True)
class Surface:
    """A flat piece of the house: ``outline`` is convex, in metres along u and v from origin."""

    origin: Vec
    u: Vec
    v: Vec
    outline: tuple[Pt, ...]
    inward: Vec

    def at(self, u: float, v: float, depth: float = 0.0) -> Vec:
        """The point in space; ``depth`` metres behind the surface."""
        o, a, b, n = self.origin, self.u, self.v, self.inward
        return (
            o[0] + a[0] * u + b[0] * v + n[0] * depth,
            o[1] + a[1] * u + b[1] * v + n[1] * depth,
            o[2] + a[2] * u + b[2] * v + n[2] * depth,
        )

    def drawn(self, view: Projection, outline: Sequence[Pt], depth: float = 0.0) -> list[Pt]:
        """A polygon of this surface, projected onto the sheet."""
        return [view(self.at(u, v, depth)) for u, v in outline]


@dataclass(frozen=True, slots=True)
class Building:
    """A nest of 4 to 8 modules."""

    modules: int

    @property
    def length(self) -> float:
        """10.8 to 21.6 m."""
        return self.modules * MODULE

    @property
    def joints(self) -> list[float]:
        """The x coordinates at which modules meet, without the two ends."""
        return [index * MODULE for index in range(1, self.modules)]

    def facade(self, name: str) -> Surface:
        """``south`` (garden), ``north``, ``east`` or ``west`` (gables), seen from outside."""
        length = self.length
        long = ((0.0, 0.0), (length, 0.0), (length, EAVES), (0.0, EAVES))
        end = ((0.0, 0.0), (WIDTH, 0.0), (WIDTH, EAVES), (WIDTH / 2, RIDGE), (0.0, EAVES))
        up = (0.0, 0.0, 1.0)
        match name:
            case "south":
                return Surface((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), up, long, (0.0, 1.0, 0.0))
            case "north":
                return Surface((length, WIDTH, 0.0), (-1.0, 0.0, 0.0), up, long, (0.0, -1.0, 0.0))
            case "east":
                return Surface((length, 0.0, 0.0), (0.0, 1.0, 0.0), up, end, (-1.0, 0.0, 0.0))
            case _:
                return Surface((0.0, WIDTH, 0.0), (0.0, -1.0, 0.0), up, end, (1.0, 0.0, 0.0))

    @property
    def roof(self) -> Surface:
        """The garden slope, v running from the eaves to the ridge."""
        length, cosine, sine = self.length, math.cos(PITCH), math.sin(PITCH)
        return Surface(
            (0.0, 0.0, EAVES),
            (1.0, 0.0, 0.0),
            (0.0, cosine, sine),
            ((0.0, 0.0), (length, 0.0), (length, SLOPE), (0.0, SLOPE)),
            (0.0, sine, -cosine),
        )

    @property
    def panel_slots(self) -> list[tuple[Pt, ...]]:
        """The places for panels on the roof: two for each module, in one row under the ridge."""
        count = 2 * self.modules
        first = (self.length - count * PANEL_PITCH) / 2 + (PANEL_PITCH - PANEL_WIDTH) / 2
        top = SLOPE - PANEL_BELOW_RIDGE
        return [
            rectangle(first + index * PANEL_PITCH, top - PANEL_HEIGHT, PANEL_WIDTH, PANEL_HEIGHT)
            for index in range(count)
        ]

    def panels(self, quantity: int) -> tuple[list[tuple[Pt, ...]], list[tuple[Pt, ...]]]:
        """The places that carry a panel, centred on the roof, and the free places."""
        slots = self.panel_slots
        first = (len(slots) - quantity + 1) // 2
        return slots[first : first + quantity], slots[:first] + slots[first + quantity :]

    @property
    def corners(self) -> list[Vec]:
        """The ten corners of the body, ground first."""
        ends = (0.0, self.length)
        ground = [(x, y, 0.0) for x in ends for y in (0.0, WIDTH)]
        eaves = [(x, y, EAVES) for x in ends for y in (0.0, WIDTH)]
        return ground + eaves + [(x, WIDTH / 2, RIDGE) for x in ends]


def rectangle(u: float, v: float, width: float, height: float) -> tuple[Pt, ...]:
    """An upright rectangle, counter-clockwise from its lower left corner."""
    return ((u, v), (u + width, v), (u + width, v + height), (u, v + height))
