"""Restrained surroundings: hills, meadow, trees, people. Sheet units unless said otherwise."""

import math

from configurator.preview.scene.projection import Pt
from configurator.preview.svg.canvas import Canvas, dot, number, polygon, segment
from configurator.preview.svg.materials import scatter

_ADULT = (
    "M0 1.53A.115 .125 0 1 1 0 1.78A.115 .125 0 1 1 0 1.53Z"
    "M-.08 1.49C-.2 1.47-.24 1.36-.25 1.2L-.27 .84L-.2 .83L-.17 1.1L-.17 .86L-.15 .45L-.19 .03L-.07 0"
    "L-.01 .45L.03 .76L.09 .44L.15 0L.27 .03L.2 .45L.18 .9L.17 1.12L.22 .84L.28 .86L.26 1.22C.25 1.36 .2 1.47 .08 1.49Z"
)


def person(canvas: Canvas, foot: Pt, scale: float, *, height: float = 1.76) -> None:
    """A standing figure; ``scale`` is units per metre, ``height`` in metres."""
    size = scale * height / 1.78
    x, y = number(foot[0]), number(foot[1])
    canvas.open(f' transform="translate({x} {y}) scale({size:.2f} {-size:.2f})"')
    canvas.fill("figure", _ADULT)
    canvas.close()


def hills(canvas: Canvas, horizon: float) -> None:
    """Two far ridges across the sheet."""
    for paint, height, seed in (("hill1", 64, 3), ("hill2", 30, 8)):
        points: list[Pt] = [(0, horizon + 4)]
        for index in range(41):
            wave = math.sin(index * 0.21 + seed) + 0.5 * math.sin(index * 0.53 + seed * 2)
            bumps = (scatter(index, seed) % 100 - 50) / 700
            points.append((index * 40, horizon - height * (0.55 + 0.25 * wave + bumps)))
        canvas.fill(paint, polygon([*points, (1600, horizon + 4)]))


def tree(canvas: Canvas, foot: Pt, height: float, seed: int, *, strength: float = 1.0) -> None:
    """A tree: a fine skeleton in a light crown, sun from the left.

    The crown is made of round-capped strokes without length: they cost ten bytes each.
    """
    twigs: list[tuple[Pt, Pt, int]] = []
    _grow(twigs, foot, (-math.pi / 2, height * 0.3), 0, seed)
    large = small = dim = core = ""
    for index, (_, end, level) in enumerate(twigs):
        if level == 2:
            large += dot(end)
            core += dot((end[0] + height * 0.03, end[1] + height * 0.045))
        if level == 3:
            small += dot(end)
            if end[0] - foot[0] > height * 0.04 or index % 4 == 0:
                dim += dot((end[0] + height * 0.012, end[1] + height * 0.015))
    for paint, path, reach, opacity in (
        ("tree", large, 0.19, 0.34),
        ("tree", small, 0.125, 0.42),
        ("tree2", dim, 0.1, 0.3),
        ("tree2", core, 0.15, 0.26),
    ):
        canvas.line(paint, path, height * reach, opacity=round(opacity * strength, 2))
    for level, width in enumerate((0.017, 0.009, 0.005, 0.003)):
        path = "".join(segment(a, b) for a, b, depth in twigs if depth == level)
        canvas.line("bark", path, max(0.8, height * width), opacity=round(0.8 * strength, 2))


def _grow(
    twigs: list[tuple[Pt, Pt, int]], start: Pt, reach: tuple[float, float], level: int, seed: int
) -> None:
    """Add a branch of a direction and length, and the twigs at its end."""
    angle, length = reach
    end = (start[0] + math.cos(angle) * length, start[1] + math.sin(angle) * length)
    twigs.append((start, end, level))
    if level == 3:
        return
    branches = 4 if level < 2 else 3
    for branch in range(branches):
        noise = (scatter(len(twigs), seed, branch) % 200 - 100) / 100
        turn = (branch - (branches - 1) / 2) * 0.56 + noise * 0.22
        upward = 1.0 - 0.22 * abs(turn)
        onward = (angle + turn, length * (0.66 + 0.12 * noise) * upward)
        _grow(twigs, end, onward, level + 1, seed)


def grass(horizon: float, clear: tuple[float, float], *, count: int, seed: int) -> str:
    """Short strokes on the meadow, larger towards the viewer; ``clear`` is an x range left out."""
    path = ""
    for index in range(count):
        x = scatter(index, seed) % 1600
        depth = (scatter(index, seed, 1) % 1000) / 1000
        y = horizon + 30 + depth**1.4 * (985 - horizon - 30)
        if clear[0] < x < clear[1] and y < 900:
            continue
        size = 2 + 9 * depth
        path += segment((x, y), (x + size * 0.35, y - size)) + segment(
            (x + size * 0.5, y), (x + size * 1.1, y - size * 0.7)
        )
    return path
