"""The roof from above: every panel and every free place can be counted."""

from configurator.preview import glazing
from configurator.preview.geometry import PANEL_KWP, RIDGE, WIDTH, House
from configurator.preview.keys import PreviewKey
from configurator.preview.materials import NAMES, SHELL_SHADE, palette
from configurator.preview.projection import View, axonometric, hull
from configurator.preview.shell import clad, joints
from configurator.preview.svg import Sheet, polygon, seen, segment
from configurator.preview.words import count_of, power

_TURN, _TILT = 24.0, 48.0
_SUN = (0.62, 0.5, -0.72)


def draw(key: PreviewKey) -> str:
    """The pv view as an SVG document."""
    house, shell = House(key.modules), key.shell or "holzlattung"
    most = 2 * key.modules
    caption = f"{count_of(key.panels, 'Modul', 'Module')}, {power(key.panels * PANEL_KWP)}"
    if not key.panels:
        caption = "Noch keine Photovoltaik"
    title = f"Photovoltaik Nest. {key.nest.removeprefix('nest')}"
    description = (
        f"Blick von oben auf das Dach, Hülle {NAMES[shell]}. {caption}; "
        f"Platz für {most} Module, freie Plätze gestrichelt."
    )
    light = shell == "fassadenplatten_weiss"
    dash = ("#6F716C", "#2A2C2C") if light else ("#F6F5F1", "#D8D6CF")
    sheet = Sheet(title, description, {**palette(shell=shell), "dash": dash})
    view = _camera(house)
    sheet.fill("paper", "M0 0H1600V1000H0Z")
    _ground(sheet, house, view)
    _body(sheet, house, view, shell)
    taken, free = house.panels(key.panels)
    sheet.line(
        "dash", "".join(polygon(house.roof.drawn(view, place)) for place in free), 2.2,
        extra=f' stroke-dasharray="10 8" data-free="{len(free)}"',
    )  # fmt: skip
    glazing.panels(sheet, view, house.roof, taken)
    sheet.text((70, 108), caption, size="h", anchor="start")
    sheet.text((70, 156), f"Platz für {most} Module, bis {power(most * PANEL_KWP)}", anchor="start", paint="quiet")  # fmt: skip
    return sheet.document()


def _camera(house: House) -> View:
    rough = axonometric(_TURN, _TILT, 1.0, (0, 0))
    points = [rough(corner) for corner in house.corners]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)
    scale = (1080 + (house.modules - 4) * 75) / (right - left)
    return axonometric(
        _TURN, _TILT, scale, (800 - (left + right) / 2 * scale, 585 - (low + high) / 2 * scale)
    )


def _ground(sheet: Sheet, house: House, view: View) -> None:
    length = house.length
    plot = [(-4.0, -5.0, 0.0), (length + 5, -5.0, 0.0), (length + 5, WIDTH + 5, 0.0)]
    sheet.fill("meadow", seen(view, [*plot, (-4.0, WIDTH + 5, 0.0)]))
    dx, dy, dz = _SUN
    for stretch, opacity in ((1.05, 0.14), (1.0, 0.24)):
        cast = [view((x - dx / dz * z * stretch, y - dy / dz * z * stretch, 0)) for x, y, z in house.corners]
        sheet.fill("shadow", polygon(hull(cast)), opacity=opacity)
    deck = [(length - 5.4, -2, 0.05), (length + 2.9, -2, 0.05), (length + 2.9, 7, 0.05), (length, 7, 0.05), (length, 0, 0.05), (length - 5.4, 0, 0.05)]
    sheet.fill("deck", seen(view, deck))


def _body(sheet: Sheet, house: House, view: View, shell: str) -> None:
    east, south, roof = house.facade("east"), house.facade("south"), house.roof
    for surface in (east, south, roof):
        clad(sheet, view, surface, shell)
    sheet.fill("black", polygon(east.drawn(view, east.outline)), opacity=SHELL_SHADE[shell])
    sheet.fill("black", polygon(south.drawn(view, south.outline)), opacity=0.14)
    sheen = sheet.gradient("sheen", [(0, "sun", 0.3), (1, "sun", 0.1)], 'x2="1" y2=".1"')
    sheet.wash(sheen, polygon(roof.drawn(view, roof.outline)))
    joints(sheet, view, roof, 1.8)
    outline = "".join(polygon(s.drawn(view, s.outline)) for s in (east, south, roof))
    sheet.line("edge", outline, 2)
    ridge = segment(view((0, WIDTH / 2, RIDGE)), view((house.length, WIDTH / 2, RIDGE)))
    sheet.line("edge", ridge, 3)
