"""The roof from above: every panel and every free place can be counted."""

import math

from configurator.preview.scene.geometry import MODULE, PANEL_KWP, RIDGE, WIDTH, Building, rectangle
from configurator.preview.scene.keys import PreviewKey
from configurator.preview.scene.projection import Projection, Vec, axonometric, hull
from configurator.preview.svg import glazing, landscape
from configurator.preview.svg.canvas import Canvas, polygon, seen, segment
from configurator.preview.svg.materials import SHELL_SHADE, SHELL_SHEEN, palette
from configurator.preview.svg.shell import clad, joints
from configurator.preview.svg.words import PictureWords

_TURN, _TILT = 17.0, 42.0
_SUN = (0.62, 0.5, -0.72)
_CENTRE = (775.0, 560.0)


def draw(key: PreviewKey, words: PictureWords) -> str:
    """The pv view as an SVG document."""
    house, shell = Building(key.modules), key.shell or "holzlattung"
    most = 2 * key.modules
    modules = words.count_of(key.panels, ("Modul", "panel"), ("Module", "panels"))
    caption = words.say("Noch keine Photovoltaik", "No solar panels yet")
    if key.panels:
        caption = f"{modules}, {words.power(key.panels * PANEL_KWP)}"
    title = f"{words.say('Photovoltaik', 'Solar panels')} Nest. {key.nest.removeprefix('nest')}"
    description = words.say(
        f"Blick von oben auf das Dach, Hülle {words.name(shell)}. {caption}; Platz für {most} "
        "Module, freie Plätze gestrichelt.",
        f"View of the roof from above, shell {words.name(shell)}. {caption}; room for {most} "
        "panels, free places dashed.",
    )
    canvas = Canvas(
        title, description, {**palette(shell=shell), "dash": glazing.dash_paint(shell)}, words
    )
    view = _camera(house)
    canvas.fill("paper", "M0 0H1600V1000H0Z")
    _ground(canvas, house, view)
    _body(canvas, house, view, shell)
    taken, free = house.panels(key.panels)
    inset = [rectangle(place[0][0] + 0.07, place[0][1] + 0.07, 1.0, 1.58) for place in free]
    canvas.line(
        "dash", "".join(polygon(house.roof.drawn(view, place)) for place in inset), 2.2,
        extra=f' stroke-dasharray="10 8" data-free="{len(free)}"',
    )  # fmt: skip
    glazing.panels(canvas, view, house.roof, taken)
    _near_tree(canvas, house, view)
    _north(canvas)
    up_to = words.power(most * PANEL_KWP)
    room = words.say(
        f"Platz für {most} Module, bis {up_to}", f"room for {most} panels, up to {up_to}"
    )
    canvas.text((70, 104), caption, size="h", anchor="start")
    canvas.text((70, 104), room, size="t below", anchor="start", paint="quiet")
    return canvas.document()


def _camera(house: Building) -> Projection:
    rough = axonometric(_TURN, _TILT, 1.0, (0, 0))
    points = [rough(corner) for corner in house.corners]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)
    scale = (960 + (house.modules - 4) * 97) / (right - left)
    x, y = _CENTRE
    return axonometric(
        _TURN, _TILT, scale, (x - (left + right) / 2 * scale, y - (low + high) / 2 * scale)
    )


def _ground(canvas: Canvas, house: Building, view: Projection) -> None:
    length = house.length
    meadow = canvas.gradient(
        "meadow", [(0, "meadow", 0), (0.3, "meadow", 0.9), (0.8, "meadow", 0.9), (1, "meadow", 0.2)]
    )
    canvas.wash(meadow, "M0 0H1600V1000H0Z")
    canvas.line("tree2", landscape.grass(150, (260, 1400), count=90, seed=9), 1.2, opacity=0.4)
    soft = canvas.soften("soft", 5)
    _tree(
        canvas,
        view,
        (length * 0.66, WIDTH + 1.4 + 0.4 * house.modules, 0.0),
        3.2 + 0.4 * house.modules,
        12,
    )
    apron = [(-0.5, -0.5, 0.0), (length + 0.5, -0.5, 0.0), (length + 0.5, WIDTH + 0.5, 0.0)]
    canvas.fill("gravel", seen(view, [*apron, (-0.5, WIDTH + 0.5, 0.0)]))
    slabs = ""
    for index in range(5):
        y = -0.8 - index * 0.95
        slabs += seen(view, [(0.6, y, 0), (2.1, y, 0), (2.1, y - 0.7, 0), (0.6, y - 0.7, 0)])
    canvas.fill("gravel", slabs)
    canvas.line("kerb", slabs, 1.2)
    _deck(canvas, house, view)
    dx, dy, dz = _SUN
    cast = [view((x - dx / dz * z, y - dy / dz * z, 0)) for x, y, z in house.corners]
    canvas.fill("shadow", polygon(hull(cast)), opacity=0.36, extra=soft)


def _deck(canvas: Canvas, house: Building, view: Projection) -> None:
    end, start, back = house.length + 2.3, house.length - 2 * MODULE, WIDTH - 0.9
    corners = [(start, -1.9), (end, -1.9), (end, back), (house.length, back)]
    corners += [(house.length, 0.0), (start, 0.0)]
    canvas.fill("deck", seen(view, [(x, y, 0.0) for x, y in corners]))
    boards = ""
    for index in range(1, 55):
        y = -1.9 + index * 0.16
        if y < back:
            x = start if y < 0 else house.length
            boards += segment(view((x, y, 0)), view((end, y, 0)))
    canvas.line("deck2", boards, 0.9, opacity=0.5)
    canvas.line("deck2", seen(view, [(x, y, 0.0) for x, y in corners]), 1.4)


def _body(canvas: Canvas, house: Building, view: Projection, shell: str) -> None:
    east, south, roof = house.facade("east"), house.facade("south"), house.roof
    for surface in (east, south, roof):
        clad(canvas, view, surface, shell)
    canvas.fill("black", polygon(east.drawn(view, east.outline)), opacity=SHELL_SHADE[shell])
    canvas.fill("black", polygon(south.drawn(view, south.outline)), opacity=0.14)
    sheen = canvas.gradient(
        "sheen", [(0, "sun", SHELL_SHEEN[shell]), (1, "sun", 0.04)], 'x2="1" y2=".1"'
    )
    canvas.wash(sheen, polygon(roof.drawn(view, roof.outline)))
    joints(canvas, view, roof, 1.8)
    glazing.door(canvas, view, south, depth=0.1)
    outline = "".join(polygon(s.drawn(view, s.outline)) for s in (east, south, roof))
    canvas.line("edge", outline, 2)
    ridge = segment(view((0, WIDTH / 2, RIDGE)), view((house.length, WIDTH / 2, RIDGE)))
    canvas.line("edge", ridge, 3)


def _tree(canvas: Canvas, view: Projection, foot: Vec, height: float, seed: int) -> None:
    x, y, _ = foot
    ground, top = view(foot), view((x, y, height))
    dx, dy, dz = _SUN
    crown = height * 0.5
    middle = (x - dx / dz * crown, y - dy / dz * crown, 0.0)
    reach = height * 0.24
    round_ = [(middle[0] + a * reach, middle[1] + b * reach, 0.0) for a, b in _COMPASS]
    cast = hull([ground, *(view(point) for point in round_)])
    canvas.fill("shadow", polygon(cast), opacity=0.17, extra=' filter="url(#soft)"')
    landscape.tree(canvas, ground, ground[1] - top[1], seed)


_COMPASS = [(math.cos(part * math.tau / 20), math.sin(part * math.tau / 20)) for part in range(20)]


def _near_tree(canvas: Canvas, house: Building, view: Projection) -> None:
    _tree(canvas, view, (house.length * 0.4, -3.5, 0.0), 2.9, 27)
    _tree(canvas, view, (house.length + 5.6, -0.6, 0.0), 5.2, 5)


def _north(canvas: Canvas) -> None:
    """The arrow to the north: the garden slope looks south, so north is up and to the right."""
    x, y = 1500, 118
    canvas.line("quiet", f"M{x} {y}m-34 0a34 34 0 1 0 68 0a34 34 0 1 0-68 0", 1.4)
    rough = axonometric(_TURN, 90, 1.0, (0, 0))((0, 1, 0))
    tip = (x + rough[0] * 34, y + rough[1] * 34)
    tail = (x - rough[0] * 34, y - rough[1] * 34)
    side = (-rough[1] * 10, rough[0] * 10)
    canvas.fill("ink", polygon([tip, (x + side[0], y + side[1]), (x - side[0], y - side[1])]))
    canvas.line("quiet", segment((float(x), float(y)), tail), 1.4)
    canvas.text((x + rough[0] * 56, y + rough[1] * 56 + 6), "N", size="n", paint="quiet")
