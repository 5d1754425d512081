"""The house from the garden: two-point perspective, sun from the left."""

import math

from configurator.preview.scene.geometry import EAVES, MODULE, RIDGE, SLOPE, WIDTH, Building
from configurator.preview.scene.keys import PreviewKey
from configurator.preview.scene.openings import DOOR_LEFT, DOOR_WIDTH, intended, openings
from configurator.preview.scene.projection import Projection, Pt, Vec, hull, two_point
from configurator.preview.svg import glazing, landscape
from configurator.preview.svg.canvas import Canvas, polygon, seen, segment
from configurator.preview.svg.materials import SHELL_SHADE, SHELL_SHEEN, palette
from configurator.preview.svg.shell import clad, joints
from configurator.preview.svg.words import PictureWords

_TURN = 36.0
_EYE = 3.0
_HORIZON = 540.0
_DECK = 0.1
_SUN = (0.62, 0.34, -0.72)
"""The direction in which the light travels."""


def camera(house: Building) -> Projection:
    """The same standpoint relative to the house; it steps back a little for longer ones."""
    distance = 19 + 0.8 * house.length
    turn = math.radians(_TURN)
    aim = (house.length * 0.56, WIDTH * 0.4)
    eye = (aim[0] + math.sin(turn) * distance, aim[1] - math.cos(turn) * distance, _EYE)
    rough = two_point(eye, _TURN, 1.0, (0, 0))
    outer = [rough(corner)[0] for corner in house.corners]
    span = 1130 + (house.modules - 4) * 54
    focal = span / (max(outer) - min(outer))
    middle = (max(outer) + min(outer)) / 2 * focal
    return two_point(eye, _TURN, focal, (784 - middle, _HORIZON))


def draw(key: PreviewKey, words: PictureWords) -> str:
    """The exterior as an SVG document."""
    house = Building(key.modules)
    shell = key.shell or "holzlattung"
    view = camera(house)
    paints = {**palette(shell=shell, frame=key.frame), "dash": glazing.dash_paint(shell)}
    title = f"{words.say('Außenansicht', 'Exterior')} {_nest(key)}"
    canvas = Canvas(title, _description(key, house, words), paints, words)
    _surroundings(canvas, house, view)
    _ground(canvas, house, view)
    _body(canvas, house, view, shell)
    _openings(canvas, house, view, key)
    taken, _ = house.panels(key.panels)
    glazing.panels(canvas, view, house.roof, taken)
    _outline(canvas, house, view)
    _foreground(canvas, house, view)
    return canvas.document()


def _nest(key: PreviewKey) -> str:
    return f"Nest. {key.nest.removeprefix('nest')}"


def _description(key: PreviewKey, house: Building, words: PictureWords) -> str:
    shell, length = words.name(key.shell or "holzlattung"), words.metres(house.length)
    glass = words.area(key.glass_m2)
    windows = words.say(
        "noch keine Fenster gewählt, mögliche Öffnungen gestrichelt",
        "no windows chosen yet, possible openings dashed",
    )
    if key.frame:
        frame = words.name(key.frame)
        windows = words.say(f"{glass} Fenster aus {frame}", f"{glass} of windows in {frame}")
    panels = words.count_of(
        key.panels,
        ("Photovoltaikmodul", "solar panel"),
        ("Photovoltaikmodule", "solar panels"),
    )
    return words.say(
        f"{_nest(key)} aus {house.modules} Modulen, {length} lang, mit Satteldach, von der "
        f"Gartenseite gesehen. Hülle: {shell}; {windows}; {panels} auf dem Dach.",
        f"{_nest(key)} of {house.modules} modules, {length} long, with a gabled roof, seen from "
        f"the garden. Shell: {shell}; {windows}; {panels} on the roof.",
    )


def _surroundings(canvas: Canvas, house: Building, view: Projection) -> None:
    canvas.fill("paper", "M0 0H1600V1000H0Z")
    sky = canvas.gradient("sky", [(0, "paper", 1), (1, "sky", 1)])
    canvas.wash(sky, f"M0 0H1600V{_HORIZON:g}H0Z")
    landscape.hills(canvas, _HORIZON)
    left = view((0, WIDTH / 2, RIDGE))[0]
    landscape.tree(canvas, (max(70, left - 120), _HORIZON + 34), 330, 5, strength=0.75)
    landscape.tree(canvas, (left + 190, _HORIZON + 20), 420, 12, strength=0.6)
    meadow = canvas.gradient("meadow", [(0, "meadow2", 1), (0.4, "meadow", 1), (1, "meadow", 0.35)])
    canvas.wash(meadow, f"M0 {_HORIZON:g}H1600V1000H0Z")
    canvas.line(
        "tree2", landscape.grass(_HORIZON, (200, 1450), count=110, seed=4), 1.2, opacity=0.45
    )
    right = view((house.length, WIDTH, 0))
    landscape.tree(canvas, (min(1490, right[0] + 105), right[1] + 6), 520, 27)


def _cast(points: list[Vec], height: float = 0.0) -> list[Vec]:
    """The shadows of points on a plane at ``height``."""
    dx, dy, dz = _SUN
    return [
        (x - dx / dz * (z - height), y - dy / dz * (z - height), height)
        for x, y, z in points
        if z >= height
    ]


def _ground(canvas: Canvas, house: Building, view: Projection) -> None:
    length = house.length
    soft = canvas.soften("soft", 4)
    cast = [view(point) for point in _cast(house.corners)]
    canvas.fill("shadow", polygon(hull(cast)), opacity=0.34, extra=soft)
    apron = [(-0.5, -0.5, 0.0), (length + 0.4, -0.5, 0.0), (length + 0.4, WIDTH, 0.0)]
    canvas.fill("gravel", seen(view, [*apron, (-0.5, WIDTH, 0.0)]), opacity=0.9)
    _path(canvas, view)
    _terrace(canvas, house, view)


def _terrace(canvas: Canvas, house: Building, view: Projection) -> None:
    """A deck around the corner, in the sun on the garden side, in the shade of the gable."""
    start, end, front, back = house.length - 2 * MODULE, house.length + 2.3, -1.4, WIDTH - 0.9
    corners: list[Pt] = [(start, front), (end, front), (end, back)]
    corners += [(house.length, back), (house.length, 0.0), (start, 0.0)]
    low, top = [(x, y, 0.0) for x, y in corners], [(x, y, _DECK) for x, y in corners]
    under = [(x + 0.1, y - 0.12, 0.0) for x, y in corners]
    canvas.fill("shadow", seen(view, under), opacity=0.4, extra=' filter="url(#soft)"')
    canvas.fill("deck2", seen(view, [low[0], low[1], top[1], top[0]]))
    canvas.fill("deck2", seen(view, [low[1], low[2], top[2], top[1]]))
    canvas.fill("deck", seen(view, top))
    boards = ""
    for index in range(1, 55):
        y = front + index * 0.16
        x = start if y < 0 else house.length
        if y < back:
            boards += segment(view((x, y, _DECK)), view((end, y, _DECK)))
    canvas.line("deck2", boards, 0.9, opacity=0.5)
    clip = canvas.window("terrace", seen(view, top))
    shade = hull([view(point) for point in _cast([*house.corners, *_corner(house)], _DECK)])
    canvas.open(clip)
    canvas.fill("shadow", polygon(shade), opacity=0.46, extra=' filter="url(#soft)"')
    canvas.close()
    canvas.line("deck2", seen(view, top), 1.2)


def _corner(house: Building) -> list[Vec]:
    return [(house.length, 0.0, _DECK), (house.length, WIDTH, _DECK)]


def _path(canvas: Canvas, view: Projection) -> None:
    """Stepping slabs to the entrance."""
    path = ""
    for index in range(6):
        y = -0.75 - index * 0.95
        x0, x1 = DOOR_LEFT - 0.15, DOOR_LEFT + DOOR_WIDTH + 0.15
        path += seen(view, [(x0, y, 0), (x1, y, 0), (x1, y - 0.7, 0), (x0, y - 0.7, 0)])
    canvas.fill("gravel", path)
    canvas.line("kerb", path, 1.2)


def _body(canvas: Canvas, house: Building, view: Projection, shell: str) -> None:
    east, south, roof = house.facade("east"), house.facade("south"), house.roof
    for surface in (east, south, roof):
        clad(canvas, view, surface, shell)
    canvas.fill("black", polygon(east.drawn(view, east.outline)), opacity=SHELL_SHADE[shell])
    falloff = canvas.gradient("fall", [(0, "black", 0), (1, "black", 0.16)], 'x2="1" y2=".25"')
    canvas.wash(falloff, polygon(south.drawn(view, south.outline)))
    sheen = canvas.gradient(
        "sheen", [(0, "sun", SHELL_SHEEN[shell]), (1, "sun", 0.05)], 'x2="1" y2=".1"'
    )
    canvas.wash(sheen, polygon(roof.drawn(view, roof.outline)))
    joints(canvas, view, south, 1.8)
    joints(canvas, view, roof, 1.8)
    plinth = [(0.0, 0.0), (house.length, 0.0), (house.length, 0.09), (0.0, 0.09)]
    canvas.fill("reveal", polygon(south.drawn(view, plinth)), opacity=0.75)
    end = [(0.0, 0.0), (WIDTH, 0.0), (WIDTH, 0.09), (0.0, 0.09)]
    canvas.fill("reveal", polygon(east.drawn(view, end)), opacity=0.85)
    drip = [(0.0, EAVES - 0.14), (house.length, EAVES - 0.14)]
    drip += [(house.length, EAVES), (0.0, EAVES)]
    canvas.fill("black", polygon(south.drawn(view, drip)), opacity=0.3)


def _openings(canvas: Canvas, house: Building, view: Projection, key: PreviewKey) -> None:
    glazing.glass(canvas)
    glazing.door(canvas, view, house.facade("south"), depth=0.16)
    chosen = openings(house.modules, key.glass_m2)
    for opening in chosen or intended(house.modules):
        if opening.facade not in ("south", "east"):
            continue
        surface = house.facade(opening.facade)
        if chosen:
            glazing.window(canvas, view, surface, opening, depth=0.16, line=1.4)
        else:
            glazing.promised(canvas, view, surface, opening)


def _outline(canvas: Canvas, house: Building, view: Projection) -> None:
    roof, east = house.roof, house.facade("east")
    verge = [(house.length, 0.0, EAVES), (house.length, WIDTH / 2, RIDGE)]
    verge.append((house.length, WIDTH, EAVES))
    inner = [(x, WIDTH / 2 + (y - WIDTH / 2) * 0.985, z - 0.16) for x, y, z in verge]
    canvas.fill("w4", seen(view, [*verge, *inner[::-1]]), opacity=0.8)
    path = polygon(roof.drawn(view, roof.outline)) + polygon(east.drawn(view, east.outline))
    path += polygon(house.facade("south").drawn(view, house.facade("south").outline))
    canvas.line("edge", path, 2)
    gutter = segment(view((0, 0, EAVES)), view((house.length, 0, EAVES)))
    canvas.line("edge", gutter, 3.4)
    ridge = segment(view(roof.at(0, SLOPE)), view(roof.at(house.length, SLOPE)))
    canvas.line("edge", ridge, 2.6)


def _foreground(canvas: Canvas, house: Building, view: Projection) -> None:
    for x, y, height in ((-2.0, 0.6, 1.78), (-1.45, 0.75, 1.14)):
        foot = view((x, y, 0.0))
        scale = foot[1] - view((x, y, 1.0))[1]
        reach = [
            (x - 0.1, y, 0.0),
            (x + 0.14, y, 0.0),
            (x + 1.4, y + 0.8, 0.0),
            (x + 1.2, y + 0.85, 0.0),
        ]
        canvas.fill("shadow", seen(view, reach), opacity=0.25)
        landscape.person(canvas, foot, scale, height=height)
    _dimension(canvas, house, view)


def _dimension(canvas: Canvas, house: Building, view: Projection) -> None:
    y = -1.9
    a, b = view((0, y, 0)), view((house.length, y, 0))
    path = segment(a, b)
    for index in range(house.modules + 1):
        x, reach = index * MODULE, 0.32 if index in (0, house.modules) else 0.14
        path += segment(view((x, y - reach, 0)), view((x, y + reach, 0)))
    canvas.line("quiet", path, 1.6)
    turn = math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))
    middle = view((house.length / 2, y, 0))
    drop = 44
    canvas.text((middle[0] - drop * math.sin(math.radians(turn)), middle[1] + drop), canvas.words.metres(house.length), paint="quiet", turn=turn)  # fmt: skip
