"""The gabled room as a sectional perspective: cut open at its west gable, looking east.

Room coordinates: x across (0 in the middle, the garden side at -x), y into the depth from the cut,
z up, metres. The view looks east, with the garden on the right, so the sheet shows x mirrored.
"""

import math
from collections.abc import Sequence

from configurator.preview.scene.geometry import (
    EAVES,
    MODULE,
    PITCH,
    RIDGE,
    ROOM_WIDTH,
    WIDTH,
    Building,
)
from configurator.preview.scene.keys import PreviewKey
from configurator.preview.scene.projection import Projection, Pt, Vec, two_point
from configurator.preview.svg import furniture, landscape
from configurator.preview.svg.boards import floor, lining
from configurator.preview.svg.canvas import SHEET_WIDTH, Canvas, polygon, seen, segment
from configurator.preview.svg.indoors import (
    END_WALL,
    RoomWindow,
    draw_gable,
    draw_side,
    room_windows,
)
from configurator.preview.svg.materials import palette
from configurator.preview.svg.words import PictureWords

_SCALE = 149.0
_STAND = 6.4
_EYE: Vec = (0.35, -_STAND, 1.66)
_FLOOR_LINE = 868.0
_HALF = ROOM_WIDTH / 2
_WALL = 2.37
_PEAK = _WALL + _HALF * math.tan(PITCH)
"""The height of the room under the ridge, 5.0 m: the roof is 0.36 m thick."""
_SLAB = 0.32
_BOARD = 0.155
_SUN = (0.8, 0.34)
"""Metres that the light travels across and along for each metre that it falls."""


def draw(key: PreviewKey, words: PictureWords) -> str:
    """The interior as an SVG document."""
    house = Building(key.modules)
    cladding, covering = key.cladding or "kiefer", key.floor or "parkett"
    title = f"{words.say('Innenraum', 'Interior')} Nest. {key.nest.removeprefix('nest')}"
    across, high = words.metres(ROOM_WIDTH), words.metres(_PEAK)
    windows = room_windows(key.modules, key.glass_m2)
    glazed = _glazed(key, words)
    description = words.say(
        f"Blick in den offenen Raum unter dem Satteldach, {across} breit und bis zu {high} hoch, "
        f"{house.modules} Module tief. Wände und Dach: {words.name(cladding)}; "
        f"Boden: {words.name(covering)}; {glazed}.",
        f"View into the open room under the gabled roof, {across} wide and up to {high} high, "
        f"{house.modules} modules deep. Walls and roof: {words.name(cladding)}; "
        f"floor: {words.name(covering)}; {glazed}.",
    )
    paints = palette(frame=key.frame, room=(cladding, covering))
    canvas = Canvas(title, description, paints, words)
    view = _view()
    depth = house.length - 2 * END_WALL
    canvas.fill("paper", "M0 0H1600V1000H0Z")
    _site(canvas, view)
    _gable(canvas, view, windows, depth)
    floor(canvas, view, covering, _HALF, depth)
    for side in (-_HALF, _HALF):
        lining(canvas, view, cladding, ((side, 0.0), (side, _WALL)), depth)
        lining(canvas, view, cladding, ((side, _WALL), (0.0, _PEAK)), depth)
    _tones(canvas, view, depth)
    _frames(canvas, house, view, depth)
    _sunlight(canvas, view, windows, depth)
    draw_side(canvas, view, windows)
    _furnish(canvas, view, windows, depth)
    _cut(canvas, view)
    _measures(canvas, view)
    return canvas.document()


def _view() -> Projection:
    centre = (800 + _EYE[0] * _SCALE, _FLOOR_LINE - _EYE[2] * _SCALE)
    plain = two_point(_EYE, 0, _SCALE * _STAND, centre)

    def mirrored(point: Vec) -> Pt:
        x, y = plain(point)
        return SHEET_WIDTH - x, y

    return mirrored


def _glazed(key: PreviewKey, words: PictureWords) -> str:
    if not key.frame:
        return words.say("keine Fenster gewählt", "no windows chosen")
    glass, frame = words.area(key.glass_m2), words.name(key.frame)
    return words.say(f"{glass} Fenster, {frame}", f"{glass} of windows, {frame}")


def _site(canvas: Canvas, view: Projection) -> None:
    ground = view((0, 0, -_SLAB))[1]
    landscape.tree(canvas, (84, ground), 460, 5, strength=0.8)
    landscape.tree(canvas, (1540, ground), 350, 27, strength=0.7)
    canvas.fill("meadow", f"M0 {ground:.1f}H1600V1000H0Z")
    canvas.line("quiet", f"M0 {ground:.1f}H1600", 2)


def _section() -> list[Pt]:
    return [(-_HALF, 0.0), (_HALF, 0.0), (_HALF, _WALL), (0.0, _PEAK), (-_HALF, _WALL)]


def _ceiling(x: float) -> float:
    return _PEAK - abs(x) * math.tan(PITCH)


def _gable(canvas: Canvas, view: Projection, windows: Sequence[RoomWindow], depth: float) -> None:
    """The far end: upright boards, and what its windows show."""
    canvas.fill("c1", seen(view, [(x, depth, z) for x, z in _section()]))
    seams = "".join(
        segment(view((x, depth, 0)), view((x, depth, _ceiling(x))))
        for x in (-_HALF + _BOARD * index for index in range(1, round(ROOM_WIDTH / _BOARD)))
    )
    canvas.line("c4", seams, 1.1, opacity=0.5)
    canvas.fill("umber", seen(view, [(x, depth, z) for x, z in _section()]), opacity=0.1)
    draw_gable(canvas, view, windows, depth)


def _tones(canvas: Canvas, view: Projection, depth: float) -> None:
    """Light from the garden: surfaces on that side are dark, the opposite ones bright."""

    def plane(a: Pt, b: Pt) -> str:
        corners = [(*a, 0.0), (*b, 0.0), (*b, depth), (*a, depth)]
        return seen(view, [(x, y, z) for x, z, y in corners])

    canvas.fill("umber", plane((-_HALF, 0), (-_HALF, _WALL)), opacity=0.24)
    canvas.fill("umber", plane((-_HALF, _WALL), (0, _PEAK)), opacity=0.14)
    canvas.fill("sun", plane((_HALF, 0), (_HALF, _WALL)), opacity=0.12)
    canvas.fill("sun", plane((_HALF, _WALL), (0, _PEAK)), opacity=0.2)


def _frames(canvas: Canvas, house: Building, view: Projection, depth: float) -> None:
    """Joints of the modules around the room, and its long edges."""
    rings = edges = ""
    section = _section()
    for index in range(1, house.modules):
        y = index * MODULE - END_WALL
        for (ax, az), (bx, bz) in zip(section[1:], [*section[2:], section[0]], strict=True):
            rings += segment(view((ax, y, az)), view((bx, y, bz)))
    for x, z in section:
        edges += segment(view((x, 0, z)), view((x, depth, z)))
    canvas.line("c4", rings, 2, opacity=0.8)
    canvas.line("c4", edges, 2, opacity=0.9)
    skirting = ""
    for x in (-_HALF, _HALF):
        skirting += segment(view((x, 0, 0.07)), view((x, depth, 0.07)))
    canvas.line("c4", skirting, 1.4, opacity=0.7)


def _sunlight(
    canvas: Canvas, view: Projection, windows: Sequence[RoomWindow], depth: float
) -> None:
    """The patches of sunlight on the floor, one for each pane of the garden side."""
    path = ""
    for window in windows:
        if window.opening.facade != "south":
            continue
        near, far = window.along
        low = min(z for _, _, z in window.hole)
        high = max(z for _, _, z in window.hole)
        pane = (far - near) / window.opening.lights
        for part in range(window.opening.lights):
            a, b = near + part * pane + 0.07, near + (part + 1) * pane - 0.07
            spot = [
                (-_HALF + z / _SUN[0], y + z / _SUN[0] * _SUN[1])
                for z, y in ((low, a), (low, b), (high, b), (high, a))
            ]
            path += seen(view, [(min(x, _HALF), min(y, depth), 0.0) for x, y in spot])
    if path:
        canvas.fill("sun", path, opacity=0.4)


def _furnish(canvas: Canvas, view: Projection, windows: Sequence[RoomWindow], depth: float) -> None:
    at = (1.5, depth - 1.1, 0.0)
    foot = view(at)
    landscape.person(canvas, foot, foot[1] - view((*at[:2], 1.0))[1])
    rug = [(-2.9, 5.1, 0.0), (0.0, 5.1, 0.0), (0.0, 8.0, 0.0), (-2.9, 8.0, 0.0)]
    canvas.fill("cloth3", seen(view, rug), opacity=0.9)
    lounge = [*furniture.sofa(-3.45, 5.3), *furniture.low_table(-2.05, 5.9)]
    _shadow(canvas, view, (-3.4, -2.2), (5.3, 7.7))
    _shadow(canvas, view, (-1.95, -1.1), (5.95, 6.95))
    _shadow(canvas, view, (-0.8, 0.1), (6.0, 6.8))
    furniture.paint(canvas, view, _EYE, [*lounge, *furniture.armchair(-0.95, 6.0)])
    _shadow(canvas, view, (_HALF - 0.75, _HALF), (0.9, 5.5))
    behind = [each for each in windows if each.opening.facade == "north" and each.along[0] < 5.5]
    kitchen = furniture.kitchen(_HALF, 1.0, 4.5, shelf=not behind)
    furniture.paint(canvas, view, _EYE, kitchen)
    x, y = 0.3, 1.2
    _shadow(canvas, view, (x - 0.75, x + 1.15), (y + 0.05, y + 2.75))
    furniture.paint(canvas, view, _EYE, furniture.dining(x, y))
    _lamp(canvas, view, (x, y + 1.3))


def _shadow(canvas: Canvas, view: Projection, across: Pt, along: Pt) -> None:
    (x0, x1), (y0, y1) = across, along
    corners = [(x0, y0, 0.0), (x1, y0, 0.0), (x1, y1, 0.0), (x0, y1, 0.0)]
    canvas.fill("umber", seen(view, corners), opacity=0.22)


def _lamp(canvas: Canvas, view: Projection, at: Pt) -> None:
    """A pendant on a long cable."""
    x, y = at

    def ring(half: float, z: float) -> list[Vec]:
        return [(x - half, y, z), (x + half, y, z)]

    canopy = segment(view((x, y, _ceiling(x))), view((x, y, _ceiling(x) - 0.06)))
    canvas.line("steel", canopy, 9)
    canvas.line("steel", segment(view((x, y, _ceiling(x))), view((x, y, 1.86))), 1.6)
    low, high = ring(0.24, 1.64), ring(0.05, 1.9)
    canvas.fill("steel", seen(view, [*low, high[1], high[0]]))
    glow = ring(0.19, 1.615)
    canvas.fill("lamp", seen(view, [*low, glow[1], glow[0]]))


def _cut(canvas: Canvas, view: Projection) -> None:
    """The parts in the section plane: floor, walls and roof in one line, insulation hatched."""
    out = WIDTH / 2
    outer = [(-out, -_SLAB), (out, -_SLAB), (out, EAVES), (0.0, RIDGE), (-out, EAVES)]
    outside = polygon(view((x, 0, z)) for x, z in outer)
    inside = polygon(view((x, 0, z)) for x, z in _section()[::-1])
    canvas.fill("insulation", outside + inside, extra=' fill-rule="evenodd"')
    canvas.define(f'<mask id="ring"><path fill="#fff" d="{outside}"/><path d="{inside}"/></mask>')
    hatch = "".join(f"M{x} 1000l480-1000" for x in range(-360, 1480, 19))
    canvas.line("quiet", hatch, 1, opacity=0.5, extra=' mask="url(#ring)"')
    canvas.line("cut", outside, 4.5)
    canvas.line("cut", inside, 3.5)


def _measures(canvas: Canvas, view: Projection) -> None:
    """Width under the floor, height beside the wall."""
    (left, base), right = view((-_HALF, 0, 0)), view((_HALF, 0, 0))[0]
    y = view((0, 0, -_SLAB))[1] + 30
    path = segment((left, y), (right, y))
    path += "".join(segment((x - 6, y + 6), (x + 6, y - 6)) for x in (left, right))
    x = view((-WIDTH / 2, 0, 0))[0] + 42
    top = view((0, 0, _PEAK))[1]
    path += segment((x, base), (x, top))
    path += "".join(segment((x - 6, z + 6), (x + 6, z - 6)) for z in (base, top))
    canvas.line("quiet", path, 1.4)
    canvas.text(
        ((left + right) / 2, y + 32), canvas.words.metres(ROOM_WIDTH), size="n", paint="quiet"
    )
    canvas.text(
        (x - 14, top + 24), canvas.words.metres(_PEAK), size="n", paint="quiet", anchor="end"
    )
