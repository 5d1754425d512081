"""The four sides of the house as measured drawings, with every window and its size."""

from configurator.preview import glazing, landscape
from configurator.preview.geometry import EAVES, RIDGE, WIDTH, House, Surface
from configurator.preview.keys import PreviewKey
from configurator.preview.materials import NAMES, palette
from configurator.preview.openings import Opening, intended, openings
from configurator.preview.projection import Pt, View
from configurator.preview.shell import clad, joints
from configurator.preview.svg import Sheet, polygon, segment
from configurator.preview.words import area, metres

_SIDES = (
    ("south", "Gartenseite"),
    ("east", "Giebel Terrasse"),
    ("north", "Eingangsseite"),
    ("west", "Giebel"),
)
_GAP = 2.4


def glazed_area_m2(key: PreviewKey) -> float:
    """The sum of the drawn window openings in m²."""
    return sum(opening.area for opening in openings(key.modules, key.glass_m2))


def draw(key: PreviewKey) -> str:
    """The fenster view as an SVG document."""
    house, shell = House(key.modules), key.shell or "holzlattung"
    light = shell == "fassadenplatten_weiss"
    dash = ("#6F716C", "#2A2C2C") if light else ("#F6F5F1", "#D8D6CF")
    chosen = openings(key.modules, key.glass_m2)
    caption = f"{area(key.glass_m2)} Fenster, {NAMES[key.frame]}" if key.frame else "Fenster noch nicht gewählt"  # fmt: skip
    description = (
        f"Alle vier Ansichten, Länge {metres(house.length)}, Breite {metres(WIDTH)}. {caption}; "
        + (f"{len(chosen)} Öffnungen." if chosen else "mögliche Öffnungen gestrichelt.")
    )
    title = f"Fenster Nest. {key.nest.removeprefix('nest')}"
    sheet = Sheet(title, description, {**palette(shell=shell, frame=key.frame), "dash": dash})
    sheet.fill("paper", "M0 0H1600V1000H0Z")
    glazing.glass(sheet)
    sheet.text((70, 96), caption, size="h", anchor="start")
    scale = 1440 / (house.length + WIDTH + _GAP)
    for index, (side, name) in enumerate(_SIDES):
        left = 80 + (0 if index % 2 == 0 else (house.length + _GAP) * scale)
        base = 505 if index < 2 else 900
        _side(sheet, house, side, name, (left, base, min(scale, 62)), chosen, shell)
    return sheet.document()


def _view(surface: Surface, left: float, base: float, scale: float) -> View:
    ox, oy, _ = surface.origin
    ux, uy, _ = surface.u

    def view(point: tuple[float, float, float]) -> Pt:
        along = (point[0] - ox) * ux + (point[1] - oy) * uy
        return left + along * scale, base - point[2] * scale

    return view


def _side(
    sheet: Sheet, house: House, side: str, name: str, place: tuple[float, float, float],
    chosen: tuple[Opening, ...], shell: str,
) -> None:  # fmt: skip
    left, base, scale = place
    surface = house.facade(side)
    view = _view(surface, left, base, scale)
    width = max(u for u, _ in surface.outline)
    if side in ("south", "north"):
        lid = [(0.0, EAVES), (width, EAVES), (width, RIDGE), (0.0, RIDGE)]
        roof = Surface((*surface.origin[:2], EAVES), surface.u, surface.v, tuple((u, v - EAVES) for u, v in lid), surface.inward)  # fmt: skip
        clad(sheet, view, roof, shell)
        sheet.fill("sun", polygon(roof.drawn(view, roof.outline)), opacity=0.14)
        joints(sheet, view, roof, 1.2)
        sheet.line("edge", polygon(roof.drawn(view, roof.outline)), 1.8)
    clad(sheet, view, surface, shell)
    if side in ("south", "north"):
        joints(sheet, view, surface, 1.2)
    sheet.line("edge", polygon(surface.drawn(view, surface.outline)), 1.8)
    if side == "south":
        glazing.door(sheet, view, surface, depth=0.0)
    for opening in (o for o in chosen or intended(house.modules) if o.facade == side):
        if chosen:
            glazing.window(sheet, view, surface, opening, depth=0.0, line=1.4)
        else:
            glazing.promised(sheet, view, surface, opening)
    sheet.line("ink", f"M{left - 26:.1f} {base:.1f}H{left + width * scale + 26:.1f}", 2.4)
    _dimension(sheet, view, surface, [o for o in chosen if o.facade == side], width, base)
    sheet.text((left, base - RIDGE * scale - 22), name, size="n", paint="quiet", anchor="start")
    if side == "south":
        landscape.person(sheet, (left - 40, base), scale)


def _dimension(
    sheet: Sheet, view: View, surface: Surface, here: list[Opening], width: float, base: float
) -> None:
    marks = {0.0, width}
    for opening in here:
        if not opening.triangle:
            marks |= {opening.left, opening.left + opening.width}
    xs = sorted(view(surface.at(mark, 0))[0] for mark in marks)
    y = base + 26
    path = f"M{xs[0]:.1f} {y:.1f}H{xs[-1]:.1f}"
    path += "".join(segment((x - 5, y + 5), (x + 5, y - 5)) for x in xs)
    sheet.line("quiet", path, 1.2)
    for opening in here:
        if not opening.triangle:
            middle = view(surface.at(opening.left + opening.width / 2, 0))[0]
            sheet.text((middle, y + 26), f"{opening.width:.2f}".replace(".", ","), size="n wide", paint="quiet")  # fmt: skip
    sheet.text((xs[-1], y + 56), metres(width), size="n", paint="quiet", anchor="end")
