"""A table, chairs, a sofa, a lamp: boxes in a one-point perspective, painted from far to near.

Room coordinates: x across (0 in the middle), y into the depth from the cut, z up, metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from configurator.preview.scene.projection import Projection, Vec
from configurator.preview.svg.canvas import Canvas, seen, segment

Tones = tuple[str, str, str]
"""Paints of the top, the side and the front."""

OAK: Tones = ("oak3", "oak", "oak2")
STEEL: Tones = ("steel2", "steel2", "steel")
CLOTH: Tones = ("cloth3", "cloth", "cloth2")
WHITE: Tones = ("white", "white2", "white3")


@dataclass(frozen=True, slots=True)
class Box:
    """An upright box: low corner, high corner, paints."""

    low: Vec
    high: Vec
    tones: Tones


@dataclass(frozen=True, slots=True)
class Sticks:
    """Thin steel uprights: foot, height and thickness in metres."""

    feet: tuple[Vec, ...]
    heights: tuple[float, ...]
    thickness: float = 0.032


def paint(canvas: Canvas, view: Projection, eye: Vec, pieces: Sequence[Box | Sticks]) -> None:
    """Draws the pieces given in painting order (far first); only faces that can be seen."""
    for box in pieces:
        if isinstance(box, Sticks):
            _sticks(canvas, view, box)
            continue
        (x0, y0, z0), (x1, y1, z1) = box.low, box.high
        top, side, front = box.tones
        if z1 < eye[2]:
            canvas.fill(top, seen(view, [(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)]))
        if x1 < eye[0] or x0 > eye[0]:
            x = x1 if x1 < eye[0] else x0
            canvas.fill(side, seen(view, [(x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1)]))
        canvas.fill(front, seen(view, [(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)]))


def _sticks(canvas: Canvas, view: Projection, sticks: Sticks) -> None:
    path = ""
    for (x, y, z), height in zip(sticks.feet, sticks.heights, strict=True):
        path += segment(view((x, y, z)), view((x, y, z + height)))
    x, y, z = sticks.feet[0]
    width = view((x + sticks.thickness, y, z))[0] - view((x, y, z))[0]
    canvas.line("steel", path, width)


def dining(x: float, y: float) -> list[Box | Sticks]:
    """A long table with three chairs a side; (x, y) is the near end's middle."""
    boxes: list[Box | Sticks] = []
    half, length = 0.46, 2.6
    for index in (2, 1, 0):
        at = y + 0.28 + index * 0.8
        boxes += _chair(x - half - 0.2, at, facing=1)
        boxes += _chair(x + half + 0.2, at, facing=-1)
    legs = [(x - half + 0.04, x - half + 0.1), (x + half - 0.1, x + half - 0.04)]
    for near in (y + length - 0.16, y + 0.1):
        boxes += [Box((a, near, 0.0), (b, near + 0.06, 0.72), OAK) for a, b in legs]
    boxes.append(Box((x - half, y, 0.71), (x + half, y + length, 0.75), OAK))
    boxes.append(Box((x - 0.13, y + 1.2, 0.75), (x + 0.13, y + 1.46, 0.79), WHITE))
    boxes.append(Box((x - 0.05, y + 1.28, 0.79), (x + 0.05, y + 1.38, 0.98), CLOTH))
    return boxes


def _chair(x: float, y: float, *, facing: int) -> list[Box | Sticks]:
    """A chair whose seat is centred on (x, y); ``facing`` 1 looks to the right."""
    half = 0.21
    back = x - facing * half
    low, high = sorted((back, back + facing * 0.035))
    feet = tuple((a, b, 0.0) for b in (y + half, y - half) for a in (x - half, x + half))
    heights = tuple(0.62 if a == back else 0.44 for a, _, _ in feet)
    legs = Sticks(feet, heights)
    seat = Box((x - half, y - half, 0.43), (x + half, y + half, 0.46), STEEL)
    rest = Box((low, y - half, 0.6), (high, y + half, 0.84), STEEL)
    return [legs, rest, seat] if facing > 0 else [legs, seat, rest]


def sofa(x: float, y: float) -> list[Box]:
    """A low sofa along the left wall, looking to the right; (x, y) is its near left corner."""
    return [
        Box((x, y + 2.2, 0.06), (x + 0.9, y + 2.4, 0.56), CLOTH),
        Box((x, y, 0.06), (x + 0.22, y + 2.2, 0.76), CLOTH),
        Box((x + 0.2, y + 1.2, 0.06), (x + 0.9, y + 2.2, 0.4), CLOTH),
        Box((x + 0.2, y + 0.2, 0.06), (x + 0.9, y + 1.19, 0.4), CLOTH),
        Box((x, y, 0.06), (x + 0.9, y + 0.2, 0.56), CLOTH),
    ]


def armchair(x: float, y: float) -> list[Box]:
    """A small chair with arms, looking to the left; (x, y) is its near left corner."""
    return [
        Box((x, y + 0.62, 0.1), (x + 0.72, y + 0.74, 0.54), CLOTH),
        Box((x, y + 0.12, 0.14), (x + 0.6, y + 0.62, 0.38), CLOTH),
        Box((x + 0.56, y + 0.12, 0.1), (x + 0.76, y + 0.62, 0.78), CLOTH),
        Box((x, y, 0.1), (x + 0.72, y + 0.12, 0.54), CLOTH),
    ]


def low_table(x: float, y: float) -> list[Box]:
    """A low oak table; (x, y) is its near left corner."""
    legs = [(x + 0.05, y + 0.95), (x + 0.6, y + 0.95), (x + 0.05, y + 0.05), (x + 0.6, y + 0.05)]
    boxes = [Box((a, b, 0.0), (a + 0.05, b + 0.05, 0.3), OAK) for a, b in legs]
    return [*boxes, Box((x, y, 0.3), (x + 0.7, y + 1.05, 0.34), OAK)]


def kitchen(x: float, y: float, length: float, *, shelf: bool) -> list[Box]:
    """A run of units along the wall at x, from y on; with a shelf above it where the wall is free."""
    count = round(length / 0.9)
    boxes = [
        Box((x - 0.6, y + i * 0.9 + 0.006, 0.1), (x, y + i * 0.9 + 0.894, 0.88), WHITE)
        for i in range(count - 1, -1, -1)
    ]
    plinth = Box((x - 0.54, y, 0.0), (x, y + count * 0.9, 0.1), STEEL)
    board = Box((x - 0.24, y + 0.3, 1.55), (x, y + count * 0.9 - 0.3, 1.59), OAK)
    top = Box((x - 0.63, y - 0.02, 0.88), (x, y + count * 0.9 + 0.02, 0.92), OAK)
    jars = [
        Box((x - 0.18, y + 0.5 + i * 0.34, 1.59), (x - 0.08, y + 0.6 + i * 0.34, 1.7 + i % 3 * 0.05), tone)
        for i, tone in ((6, CLOTH), (5, WHITE), (3, STEEL), (2, WHITE), (1, CLOTH))
    ]  # fmt: skip
    return [plinth, *boxes, top, *((board, *jars) if shelf else ())]
