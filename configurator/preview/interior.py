"""The gabled room as a sectional perspective: cut open at one end, looking at the glazed other."""

from configurator.preview import furniture, landscape
from configurator.preview.boards import floor, lining
from configurator.preview.geometry import EAVES, MODULE, PITCH, RIDGE, ROOM_WIDTH, WIDTH, House
from configurator.preview.keys import PreviewKey
from configurator.preview.materials import NAMES, palette
from configurator.preview.projection import Pt, Vec, View, two_point
from configurator.preview.svg import Sheet, polygon, seen, segment
from configurator.preview.words import metres

_SCALE = 152.0
_STAND = 6.6
EYE: Vec = (0.35, -_STAND, 1.72)
_GROUND = 915.0
HALF = ROOM_WIDTH / 2
WALL = 2.46
"""Height of the inner wall where the slope begins."""
PEAK = WALL + HALF * 0.70021
END_WALL = 0.3


def draw(key: PreviewKey) -> str:
    """The interior as an SVG document."""
    house = House(key.modules)
    cladding, covering = key.cladding or "kiefer", key.floor or "parkett"
    title = f"Innenraum Nest. {key.nest.removeprefix('nest')}"
    description = (
        f"Blick in den offenen Raum unter dem Satteldach, {metres(ROOM_WIDTH)} breit und bis zu "
        f"5 Meter hoch, {house.modules} Module tief, am Ende verglast. Wände und Dach: "
        f"{NAMES[cladding]}; Boden: {NAMES[covering]}."
    )
    sheet = Sheet(title, description, palette(room=(cladding, covering)))
    view = two_point(EYE, 0, _SCALE * _STAND, (800 + EYE[0] * _SCALE, _GROUND - EYE[2] * _SCALE))
    depth = house.length - 2 * END_WALL
    sheet.fill("paper", "M0 0H1600V1000H0Z")
    _site(sheet, view)
    _shell(sheet, house, view, depth, (cladding, covering))
    _furnish(sheet, view, depth)
    _cut(sheet, view)
    return sheet.document()


def _site(sheet: Sheet, view: View) -> None:
    ground = view((0, 0, -0.34))[1]
    landscape.tree(sheet, (92, ground), 430, 27, strength=0.8)
    landscape.tree(sheet, (1520, ground), 330, 5, strength=0.7)
    landscape.person(sheet, (1452, ground), _SCALE)
    sheet.fill("meadow", f"M0 {ground:.1f}H1600V1000H0Z")
    sheet.line("quiet", f"M0 {ground:.1f}H1600", 2)


def _section(z0: float = 0.0) -> list[Pt]:
    return [(-HALF, z0), (HALF, z0), (HALF, WALL), (0, PEAK), (-HALF, WALL)]


def _shell(
    sheet: Sheet, house: House, view: View, depth: float, materials: tuple[str, str]
) -> None:
    cladding, covering = materials
    _gable(sheet, view, depth)
    floor(sheet, view, covering, HALF, depth)
    for side in (-1.0, 1.0):
        lining(sheet, view, cladding, ((side * HALF, 0.0), (side * HALF, WALL)), depth)
        lining(sheet, view, cladding, ((side * HALF, WALL), (0.0, PEAK)), depth)
    _tones(sheet, view, depth)
    bays = [index for index in range(1, house.modules, 2)]
    windows = [(b * MODULE - END_WALL + 0.3, b * MODULE - END_WALL + 2.4) for b in bays]
    _side_windows(sheet, view, windows)
    _sunlight(sheet, view, windows, depth)
    rings = ""
    for index in range(1, house.modules):
        y = index * MODULE - END_WALL
        points = [(x, y, z) for x, z in _section()]
        for a, b in ((1, 2), (2, 3), (3, 4), (4, 0)):
            rings += segment(view(points[a]), view(points[b]))
    sheet.line("c4", rings, 1.8, opacity=0.75)
    edges = ""
    for x, z in _section():
        edges += segment(view((x, 0, z)), view((x, depth, z)))
    sheet.line("c4", edges, 2, opacity=0.9)


def _gable(sheet: Sheet, view: View, depth: float) -> None:
    """The far end: landscape behind glass, frames in front of it."""
    outline = seen(view, [(x, depth, z) for x, z in _section()])
    horizon = view((0, depth, EYE[2] - 0.25))[1]
    clip = sheet.window("gable", outline)
    sheet.open(clip)
    left, right = view((-HALF, depth, 0))[0], view((HALF, depth, 0))[0]
    sky = sheet.gradient("outside", [(0, "white", 1), (1, "sky", 1)])
    sheet.wash(sky, outline)
    width = right - left
    far = [(left, horizon + 2), (left, horizon - 0.07 * width)]
    far += [(left + width * 0.35, horizon - 0.13 * width), (left + width * 0.7, horizon - 0.05 * width)]
    sheet.fill("hill1", polygon([*far, (right, horizon - 0.1 * width), (right, horizon + 2)]))
    near = [(left, horizon + 2), (left, horizon - 0.03 * width), (left + width * 0.5, horizon - 0.05 * width)]
    sheet.fill("hill2", polygon([*near, (right, horizon - 0.02 * width), (right, horizon + 2)]))
    ground = view((0, depth, -0.5))[1]
    sheet.fill("meadow2", f"M{left:.1f} {horizon:.1f}H{right:.1f}V{ground:.1f}H{left:.1f}Z")
    landscape.tree(sheet, (left + width * 0.2, horizon + width * 0.07), width * 0.62, 12)
    landscape.tree(sheet, (left + width * 0.86, horizon + width * 0.03), width * 0.4, 5, strength=0.7)
    sheet.close()
    frames = ""
    for x in (-HALF, -HALF / 2, 0.0, HALF / 2, HALF):
        top = PEAK - abs(x) * 0.70021
        frames += segment(view((x, depth, 0)), view((x, depth, top)))
    frames += segment(view((-HALF, depth, WALL)), view((HALF, depth, WALL)))
    sheet.line("frame2", frames, max(2.5, width * 0.011))
    sheet.line("frame2", outline, max(4, width * 0.018))


def _tones(sheet: Sheet, view: View, depth: float) -> None:
    """Light from the left: the left planes lie against it, the right ones catch it."""
    def plane(a: Pt, b: Pt) -> str:
        return seen(view, [(a[0], 0, a[1]), (b[0], 0, b[1]), (b[0], depth, b[1]), (a[0], depth, a[1])])

    sheet.fill("black", plane((-HALF, 0), (-HALF, WALL)), opacity=0.2)
    sheet.fill("black", plane((-HALF, WALL), (0, PEAK)), opacity=0.13)
    sheet.fill("white", plane((HALF, 0), (HALF, WALL)), opacity=0.1)
    sheet.fill("white", plane((HALF, WALL), (0, PEAK)), opacity=0.16)


def _side_windows(sheet: Sheet, view: View, windows: list[tuple[float, float]]) -> None:
    daylight = sheet.gradient("daylight", [(0, "white", 1), (0.62, "sky", 1), (0.63, "hill2", 1), (1, "meadow2", 1)])
    for y0, y1 in reversed(windows):
        pane = [(-HALF, y0, 0.06), (-HALF, y1, 0.06), (-HALF, y1, 2.2), (-HALF, y0, 2.2)]
        sheet.wash(daylight, seen(view, pane))
        far = [(-HALF, y1, 0.06), (-HALF - 0.22, y1, 0.06), (-HALF - 0.22, y1, 2.2), (-HALF, y1, 2.2)]
        sheet.fill("c2", seen(view, far))
        middle = (y0 + y1) / 2
        sheet.line("frame2", seen(view, pane) + segment(view((-HALF, middle, 0.06)), view((-HALF, middle, 2.2))), 4)


def _sunlight(sheet: Sheet, view: View, windows: list[tuple[float, float]], depth: float) -> None:
    """Where the sun through each half window falls on the floor."""
    path = ""
    for y0, y1 in windows:
        middle = (y0 + y1) / 2
        for a, b in ((y0 + 0.06, middle - 0.04), (middle + 0.04, y1 - 0.06)):
            reach, drift = 2.2 / 0.8, 2.2 / 0.8 * 0.42
            spot = [(-HALF, a), (-HALF, b), (-HALF + reach, b + drift), (-HALF + reach, a + drift)]
            path += seen(view, [(x, min(y, depth), 0.0) for x, y in spot])
    sheet.fill("sun", path, opacity=0.42)


def _furnish(sheet: Sheet, view: View, depth: float) -> None:
    sofa_y = depth - 4.1
    rug = [(-2.6, sofa_y - 0.1, 0), (0.1, sofa_y - 0.1, 0), (0.1, sofa_y + 2.7, 0), (-2.6, sofa_y + 2.7, 0)]
    sheet.fill("cloth3", seen(view, rug), opacity=0.85)
    furniture.paint(sheet, view, EYE, furniture.sofa(-3.3, sofa_y))
    foot = view((1.75, depth - 1.3, 0.0))
    landscape.person(sheet, foot, foot[1] - view((1.75, depth - 1.3, 1.0))[1])
    furniture.paint(sheet, view, EYE, furniture.kitchen(HALF, 1.5, 4.5))
    table = 2.5
    shade = [(-0.35, table + 0.1, 0), (1.75, table + 0.1, 0), (1.75, table + 2.9, 0), (-0.35, table + 2.9, 0)]
    sheet.fill("black", seen(view, shade), opacity=0.16)
    furniture.paint(sheet, view, EYE, furniture.dining(0.45, table))
    for at in (table + 1.95, table + 0.65):
        _lamp(sheet, view, (0.45, at))


def _lamp(sheet: Sheet, view: View, at: Pt) -> None:
    x, y = at
    ceiling = PEAK - abs(x) * 0.70021
    sheet.line("steel", segment(view((x, y, ceiling)), view((x, y, 1.93))), 1.8)
    sheet.fill("steel", seen(view, [(x - 0.05, y, 1.95), (x + 0.05, y, 1.95), (x + 0.23, y, 1.7), (x - 0.23, y, 1.7)]))
    sheet.fill("lamp", seen(view, [(x - 0.21, y, 1.7), (x + 0.21, y, 1.7), (x + 0.18, y, 1.675), (x - 0.18, y, 1.675)]))


def _cut(sheet: Sheet, view: View) -> None:
    """What the section plane cuts: floor, walls and roof in one line, insulation hatched."""
    out, base = WIDTH / 2, -0.34
    outer = [(-out, base), (out, base), (out, EAVES), (0, RIDGE), (-out, EAVES)]
    outside = polygon(view((x, 0, z)) for x, z in outer)
    inside = polygon(view((x, 0, z)) for x, z in _section()[::-1])
    sheet.fill("insulation", outside + inside, extra=' fill-rule="evenodd"')
    clip = sheet.window("cut", outside)
    hatch = "".join(f"M{x} 1000l560-1000" for x in range(-400, 1500, 17))
    sheet.define(f'<mask id="ring"><path fill="#fff" d="{outside}"/><path d="{inside}"/></mask>')
    sheet.open(clip)
    sheet.line("quiet", hatch, 1, opacity=0.5, extra=' mask="url(#ring)"')
    sheet.close()
    sheet.line("cut", outside, 5)
    sheet.line("cut", inside, 4)
    _ = PITCH
