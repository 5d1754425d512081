"""The four sides of the house as measured drawings, with every window and its size."""

from typing import Final

from configurator.preview import glazing, landscape
from configurator.preview.geometry import EAVES, RIDGE, WIDTH, House, Surface
from configurator.preview.keys import PreviewKey
from configurator.preview.materials import SHELL_SHEEN, palette
from configurator.preview.openings import Opening, intended, openings
from configurator.preview.projection import Pt, Vec, View
from configurator.preview.shell import clad, joints
from configurator.preview.svg import Sheet, polygon, segment
from configurator.preview.words import Words

Place = tuple[float, float, float]
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


def glazed_area_m2(key: PreviewKey) -> float:
    """The sum of the drawn window openings in m²."""
    return sum(opening.area for opening in openings(key.modules, key.glass_m2))


def draw(key: PreviewKey, words: Words) -> str:
    """The fenster view as an SVG document."""
    house, shell = House(key.modules), key.shell or "holzlattung"
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
    sheet = Sheet(
        title, description, {**palette(shell=shell, frame=key.frame), "dash": dash}, words
    )
    sheet.fill("paper", "M0 0H1600V1000H0Z")
    glazing.glass(sheet)
    sheet.text((70, 92), caption, size="h", anchor="start")
    sheet.text((1530, 92), note, size="n wide", anchor="end", paint="quiet")
    scale = min(_LARGEST, 1385 / (house.length + WIDTH + _GAP))
    left = 800 - (house.length + WIDTH + _GAP) * scale / 2 + 12
    gable = left + (house.length + _GAP) * scale
    for index, side in enumerate(_SIDES):
        place = (gable if index % 2 else left, _BASES[index // 2], scale)
        _side(sheet, key, side, place, chosen)
    return sheet.document()


def _captions(key: PreviewKey, count: int, words: Words) -> tuple[str, str]:
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


def _view(surface: Surface, left: float, base: float, scale: float) -> View:
    ox, oy, _ = surface.origin
    ux, uy, _ = surface.u

    def view(point: Vec) -> Pt:
        along = (point[0] - ox) * ux + (point[1] - oy) * uy
        return left + along * scale, base - point[2] * scale

    return view


def _side(
    sheet: Sheet, key: PreviewKey, side: str, place: Place, chosen: tuple[Opening, ...]
) -> None:
    house = House(key.modules)
    left, base, scale = place
    surface = house.facade(side)
    view = _view(surface, left, base, scale)
    width = max(u for u, _ in surface.outline)
    _behind(sheet, side, place, width)
    _walls(sheet, view, surface, key.shell or "holzlattung", long=side in ("south", "north"))
    if side == "south":
        glazing.door(sheet, view, surface, depth=0.0)
    here = [opening for opening in chosen if opening.facade == side]
    for opening in here:
        glazing.window(sheet, view, surface, opening, depth=0.0, line=1.4)
    for opening in intended(house.modules) if not chosen else ():
        if opening.facade == side:
            glazing.promised(sheet, view, surface, opening)
    sheet.line("ink", f"M{left - 46:.1f} {base:.1f}H{left + width * scale + 30:.1f}", 2.4)
    _widths(sheet, view, surface, here, base)
    above = (left, base - RIDGE * scale - 18)
    size = f", {sheet.words.metres(width)}"
    sheet.text(
        above, sheet.words.say(*_SIDES[side]), size="n", paint="quiet", anchor="start", aside=size
    )
    if side == "south":
        _heights(sheet, left + width * scale + 46, base, scale)


def _behind(sheet: Sheet, side: str, place: Place, width: float) -> None:
    """A pale tree and a person give the measured drawing its scale."""
    left, base, scale = place
    right = left + width * scale
    if side == "north":
        landscape.tree(sheet, (right + 1.35 * scale, base), 5 * scale, 5, strength=0.5)
    if side == "south":
        landscape.person(sheet, (left - 26, base), scale)


def _walls(sheet: Sheet, view: View, surface: Surface, shell: str, *, long: bool) -> None:
    """Wall, and on the long sides the roof above it as seen straight on."""
    width = surface.outline[1][0]
    if long:
        rise = RIDGE - EAVES
        lid = ((0.0, 0.0), (width, 0.0), (width, rise), (0.0, rise))
        origin = (surface.origin[0], surface.origin[1], EAVES)
        roof = Surface(origin, surface.u, surface.v, lid, surface.inward)
        clad(sheet, view, roof, shell)
        sheet.fill("sun", polygon(roof.drawn(view, lid)), opacity=SHELL_SHEEN[shell] / 1.6)
        joints(sheet, view, roof, 1.2)
        sheet.line("edge", polygon(roof.drawn(view, lid)), 1.8)
    clad(sheet, view, surface, shell)
    if long:
        joints(sheet, view, surface, 1.2)
        band = ((0.0, EAVES - 0.16), (width, EAVES - 0.16), (width, EAVES), (0.0, EAVES))
        sheet.fill("black", polygon(surface.drawn(view, band)), opacity=0.28)
    sheet.line("edge", polygon(surface.drawn(view, surface.outline)), 1.8)


def _widths(sheet: Sheet, view: View, surface: Surface, here: list[Opening], base: float) -> None:
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
    sheet.line("quiet", path, 1.2)
    for opening in here:
        if not opening.triangle:
            middle = view(surface.at(opening.left + opening.width / 2, 0))[0]
            sheet.text(
                (middle, y + 27), sheet.words.figure(opening.width), size="n wide", paint="quiet"
            )


def _heights(sheet: Sheet, x: float, base: float, scale: float) -> None:
    levels = [base - z * scale for z in (0.0, EAVES, RIDGE)]
    path = segment((x, levels[0]), (x, levels[-1]))
    path += "".join(segment((x - 5, y + 5), (x + 5, y - 5)) for y in levels)
    sheet.line("quiet", path, 1.2)
    for y, z in ((levels[1], EAVES), (levels[2], RIDGE)):
        sheet.text(
            (x + 12, y + 7), sheet.words.figure(z), size="n wide", paint="quiet", anchor="start"
        )
