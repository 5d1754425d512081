"""The four sides of the house as measured drawings, with every window and its size."""

from typing import Final

from configurator.preview.scene.geometry import EAVES, RIDGE, WIDTH, Building, Surface
from configurator.preview.scene.keys import PreviewKey
from configurator.preview.scene.openings import Opening, intended, openings
from configurator.preview.scene.projection import Projection, Pt, Vec
from configurator.preview.svg import glazing, landscape
from configurator.preview.svg.canvas import Canvas, polygon, segment
from configurator.preview.svg.materials import SHELL_SHEEN, palette
from configurator.preview.svg.shell import clad, joints
from configurator.preview.svg.words import PictureWords

SidePlace = tuple[float, float, float]
"""Left edge and ground line on the sheet, units per metre."""

_SIDES: Final = {
    "south": ("Gartenseite", "Garden side"),
    "east": ("Giebel Terrasse", "Terrace gable"),
    "north": ("Rückseite", "Back"),
    "west": ("Giebel hinten", "Rear gable"),
}
_GAP = 3.0
_BASES = (480.0, 905.0)
_LARGEST = 54.0


def draw(key: PreviewKey, words: PictureWords) -> str:
    """The fenster view as an SVG document."""
    house, shell = Building(key.modules), key.shell or "holzlattung"
    chosen = openings(key.modules, key.glass_m2)
    caption, note = _captions(key, len(chosen), words)
    title = f"{words.say('Fenster', 'Windows')} Nest. {key.nest.removeprefix('nest')}"
    length, width = words.metres(house.length), words.metres(WIDTH)
    description = words.say(
        f"Alle vier Ansichten, Länge {length}, Breite {width}, Hülle {words.name(shell)}. "
        f"{caption}: {note}.",
        f"All four sides, length {length}, width {width}, shell {words.name(shell)}. "
        f"{caption}: {note}.",
    )
    dash = glazing.dash_paint(shell)
    canvas = Canvas(
        title, description, {**palette(shell=shell, frame=key.frame), "dash": dash}, words
    )
    canvas.fill("paper", "M0 0H1600V1000H0Z")
    glazing.glass(canvas)
    canvas.text((70, 92), caption, size="h", anchor="start")
    canvas.text((1530, 92), note, size="n wide", anchor="end", paint="quiet")
    scale = min(_LARGEST, 1385 / (house.length + WIDTH + _GAP))
    left = 800 - (house.length + WIDTH + _GAP) * scale / 2 + 12
    gable = left + (house.length + _GAP) * scale
    for index, side in enumerate(_SIDES):
        place = (gable if index % 2 else left, _BASES[index // 2], scale)
        _side(canvas, key, side, place, chosen)
    return canvas.document()


def _captions(key: PreviewKey, count: int, words: PictureWords) -> tuple[str, str]:
    if not key.frame:
        return (
            words.say("Noch keine Fenster gewählt", "No windows chosen yet"),
            words.say("mögliche Öffnungen gestrichelt", "possible openings dashed"),
        )
    glass, frame = words.area(key.glass_m2), words.name(key.frame)
    return (
        words.say(f"{glass} Fenster, {frame}", f"{glass} of windows, {frame}"),
        words.count_of(count, ("Öffnung", "opening"), ("Öffnungen", "openings")),
    )


def _view(surface: Surface, left: float, base: float, scale: float) -> Projection:
    ox, oy, _ = surface.origin
    ux, uy, _ = surface.u

    def view(point: Vec) -> Pt:
        along = (point[0] - ox) * ux + (point[1] - oy) * uy
        return left + along * scale, base - point[2] * scale

    return view


def _side(
    canvas: Canvas, key: PreviewKey, side: str, place: SidePlace, chosen: tuple[Opening, ...]
) -> None:
    house = Building(key.modules)
    left, base, scale = place
    surface = house.facade(side)
    view = _view(surface, left, base, scale)
    width = max(u for u, _ in surface.outline)
    _behind(canvas, side, place, width)
    _walls(canvas, view, surface, key.shell or "holzlattung", long=side in ("south", "north"))
    if side == "south":
        glazing.door(canvas, view, surface, depth=0.0)
    here = [opening for opening in chosen if opening.facade == side]
    for opening in here:
        glazing.window(canvas, view, surface, opening, depth=0.0, line=1.4)
    for opening in intended(house.modules) if not chosen else ():
        if opening.facade == side:
            glazing.promised(canvas, view, surface, opening)
    canvas.line("ink", f"M{left - 46:.1f} {base:.1f}H{left + width * scale + 30:.1f}", 2.4)
    _widths(canvas, view, surface, here, base)
    above = (left, base - RIDGE * scale - 18)
    size = f", {canvas.words.metres(width)}"
    canvas.text(
        above, canvas.words.say(*_SIDES[side]), size="n", paint="quiet", anchor="start", aside=size
    )
    if side == "south":
        _heights(canvas, left + width * scale + 46, base, scale)


def _behind(canvas: Canvas, side: str, place: SidePlace, width: float) -> None:
    """A pale tree and a person, which give the measured drawing its scale."""
    left, base, scale = place
    right = left + width * scale
    if side == "north":
        landscape.tree(canvas, (right + 1.35 * scale, base), 5 * scale, 5, strength=0.5)
    if side == "south":
        landscape.person(canvas, (left - 26, base), scale)


def _walls(canvas: Canvas, view: Projection, surface: Surface, shell: str, *, long: bool) -> None:
    """Wall, and on the long sides the roof above it as seen straight on."""
    width = surface.outline[1][0]
    if long:
        rise = RIDGE - EAVES
        lid = ((0.0, 0.0), (width, 0.0), (width, rise), (0.0, rise))
        origin = (surface.origin[0], surface.origin[1], EAVES)
        roof = Surface(origin, surface.u, surface.v, lid, surface.inward)
        clad(canvas, view, roof, shell)
        canvas.fill("sun", polygon(roof.drawn(view, lid)), opacity=SHELL_SHEEN[shell] / 1.6)
        joints(canvas, view, roof, 1.2)
        canvas.line("edge", polygon(roof.drawn(view, lid)), 1.8)
    clad(canvas, view, surface, shell)
    if long:
        joints(canvas, view, surface, 1.2)
        band = ((0.0, EAVES - 0.16), (width, EAVES - 0.16), (width, EAVES), (0.0, EAVES))
        canvas.fill("black", polygon(surface.drawn(view, band)), opacity=0.28)
    canvas.line("edge", polygon(surface.drawn(view, surface.outline)), 1.8)


def _widths(
    canvas: Canvas, view: Projection, surface: Surface, here: list[Opening], base: float
) -> None:
    """A chain of dimensions under the wall: its ends, every window, and the window widths."""
    width = max(u for u, _ in surface.outline)
    marks = {0.0, width}
    for opening in here:
        if not opening.triangle:
            marks |= {opening.left, opening.left + opening.width}
    xs = sorted(view(surface.at(mark, 0))[0] for mark in marks)
    y = base + 24
    path = segment((xs[0], y), (xs[-1], y))
    path += "".join(segment((x - 5, y + 5), (x + 5, y - 5)) for x in xs)
    canvas.line("quiet", path, 1.2)
    for opening in here:
        if not opening.triangle:
            middle = view(surface.at(opening.left + opening.width / 2, 0))[0]
            canvas.text(
                (middle, y + 27), canvas.words.figure(opening.width), size="n wide", paint="quiet"
            )


def _heights(canvas: Canvas, x: float, base: float, scale: float) -> None:
    levels = [base - z * scale for z in (0.0, EAVES, RIDGE)]
    path = segment((x, levels[0]), (x, levels[-1]))
    path += "".join(segment((x - 5, y + 5), (x + 5, y - 5)) for y in levels)
    canvas.line("quiet", path, 1.2)
    for y, z in ((levels[1], EAVES), (levels[2], RIDGE)):
        canvas.text(
            (x + 12, y + 7), canvas.words.figure(z), size="n wide", paint="quiet", anchor="start"
        )
