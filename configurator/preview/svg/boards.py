"""Boards on walls and slopes, planks and tiles on the floor, as projected polygons."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from configurator.preview.scene.projection import Projection, Pt, Vec
from configurator.preview.svg.canvas import Canvas, dot, polygon, seen, segment
from configurator.preview.svg.materials import scatter

_BOARD = 0.155
_LENGTH = 4.4
_TONED = 10.5
"""Beyond this depth boards are too small to tell their tones apart."""
_KNOTTED = 6.0
_TONES = {2: "c2", 3: "c3", 4: "c2"}

PlanePoint = Callable[[float, float], Vec]


@dataclass(slots=True)
class _Lining:
    """One plane of the room and the paths collected while it is lined."""

    view: Projection
    at: PlanePoint
    depth: float
    cladding: str
    tones: dict[str, str] = field(default_factory=lambda: {"c2": "", "c3": ""})
    seams: str = ""
    butts: str = ""
    figure: str = ""

    def point(self, part: float, y: float) -> Pt:
        """A point of the plane, projected onto the sheet; ``part`` runs 0 to 1 up the plane."""
        return self.view(self.at(part, y))

    def course(self, band: Pt, seed: tuple[int, int]) -> None:
        """Draw one course of boards, laid end to end from a scattered start."""
        low, high = band
        y, piece = -(scatter(*seed) % 440) / 100, 0
        while y < min(self.depth, _TONED):
            start, end = max(0.0, y), min(self.depth, y + _LENGTH)
            paint = _TONES.get(scatter(*seed, piece) % 5)
            if paint and end > 0:
                corners = ((low, start), (high, start), (high, end), (low, end))
                self.tones[paint] += polygon(self.point(*corner) for corner in corners)
            if y > 0:
                self.butts += segment(self.point(low, y), self.point(high, y))
            if start < _KNOTTED:
                mark = self._grain if self.cladding == "steirische_eiche" else self._knots
                self.figure += mark(band, (start, end), (*seed, piece))
            y += _LENGTH
            piece += 1

    def _grain(self, band: Pt, reach: Pt, seed: tuple[int, int, int]) -> str:
        """Two lines of oak grain along a board."""
        path = ""
        for number in range(scatter(*seed, 8) % 3):
            part = band[0] + (band[1] - band[0]) * (0.2 + scatter(*seed, number) % 60 / 100)
            start = reach[0] + (reach[1] - reach[0]) * (scatter(*seed, number, 3) % 50 / 100)
            end = start + (reach[1] - start) * (0.3 + scatter(*seed, number, 5) % 60 / 100)
            path += segment(self.point(part, start), self.point(part, end))
        return path

    def _knots(self, band: Pt, reach: Pt, seed: tuple[int, int, int]) -> str:
        """Scattered knots of pine, a few of spruce."""
        path = ""
        for number in range(3 if self.cladding == "kiefer" else 1):
            if scatter(*seed, number) % 3 == 0:
                y = reach[0] + (reach[1] - reach[0]) * (scatter(*seed, number, 4) % 100) / 100
                part = band[0] + (band[1] - band[0]) * (0.3 + scatter(*seed, number, 9) % 40 / 100)
                path += dot(self.point(part, y))
        return path


def lining(
    canvas: Canvas, view: Projection, cladding: str, strip: tuple[Pt, Pt], depth: float
) -> None:
    """Boards along the room on one plane; ``strip`` is its lower and upper edge as (x, z)."""
    (x0, z0), (x1, z1) = strip

    def at(part: float, y: float) -> Vec:
        return (x0 + (x1 - x0) * part, y, z0 + (z1 - z0) * part)

    count = round(math.hypot(x1 - x0, z1 - z0) / _BOARD)
    seed = round(x0 * 10) + round(z0 * 100)
    plane = _Lining(view, at, depth, cladding)
    for index in range(count):
        if index:
            plane.seams += segment(plane.point(index / count, 0), plane.point(index / count, depth))
        plane.course((index / count, (index + 1) / count), (index, seed))
    canvas.fill("c1", seen(view, [at(0, 0), at(1, 0), at(1, depth), at(0, depth)]))
    for paint, path in plane.tones.items():
        canvas.fill(paint, path, opacity=0.8)
    if cladding == "steirische_eiche":
        canvas.line("c4", plane.figure, 1, opacity=0.45)
    else:
        canvas.line("knot", plane.figure, 3.6 if cladding == "kiefer" else 2.2, opacity=0.4)
    canvas.line("c4", plane.seams, 1.1, opacity=0.6)
    canvas.line("c4", plane.butts, 1.1, opacity=0.6)


def floor(canvas: Canvas, view: Projection, covering: str, half: float, depth: float) -> None:
    """The floor from wall to wall, with a sheen towards the glazed end."""
    corners = [(-half, 0.0, 0.0), (half, 0.0, 0.0), (half, depth, 0.0), (-half, depth, 0.0)]
    canvas.fill("p1", seen(view, corners))
    match covering:
        case "parkett":
            _laid(canvas, view, half, depth, width=0.22, length=2.2, staggered=True)
        case "kalkstein_kanafar":
            _laid(canvas, view, half, depth, width=0.9375, length=0.9, staggered=False)
        case _:
            _laid(canvas, view, half, depth, width=0.625, length=1.2, staggered=True)
    sheen = canvas.gradient("floor", [(0, "white", 0.34), (0.5, "white", 0.06), (1, "black", 0.1)])
    canvas.wash(sheen, seen(view, corners))


def _laid(
    canvas: Canvas, view: Projection, half: float, depth: float, *, width: float, length: float, staggered: bool
) -> None:  # fmt: skip
    tones = {"p2": "", "p3": ""}
    joints = ""
    rows = round(2 * half / width)
    for row in range(rows):
        x0, x1 = -half + row * width, -half + (row + 1) * width
        if row:
            joints += segment(view((x0, 0, 0)), view((x0, depth, 0)))
        y = -length * (scatter(row, 77) % 100) / 100 if staggered else -0.2
        piece = 0
        while y < depth:
            start, end = max(0.0, y), min(depth, y + length)
            tone = scatter(row, piece, 5) % 4
            if tone > 1 and end > 0 and start < _TONED:
                tones["p2" if tone == 2 else "p3"] += seen(
                    view, [(x0, start, 0), (x1, start, 0), (x1, end, 0), (x0, end, 0)]
                )
            if 0 < y < depth:
                joints += segment(view((x0, y, 0)), view((x1, y, 0)))
            y += length
            piece += 1
    for paint, path in tones.items():
        canvas.fill(paint, path, opacity=0.85)
    canvas.line("p4", joints, 1.3, opacity=0.7)
