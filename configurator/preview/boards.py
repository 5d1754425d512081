"""Boards on walls and slopes, planks and tiles on the floor, as projected polygons."""

from configurator.preview.materials import scatter
from configurator.preview.projection import Pt, View
from configurator.preview.svg import Sheet, dot, polyline, seen, segment

_BOARD = 0.155
_LENGTH = 4.4


def lining(sheet: Sheet, view: View, cladding: str, strip: tuple[Pt, Pt], depth: float) -> None:
    """Boards along the room on one plane; ``strip`` is its lower and upper edge as (x, z)."""
    (x0, z0), (x1, z1) = strip
    height = ((x1 - x0) ** 2 + (z1 - z0) ** 2) ** 0.5
    count = round(height / _BOARD)
    seed = round(x0 * 10) + round(z0 * 100)

    def at(part: float, y: float) -> tuple[float, float, float]:
        return (x0 + (x1 - x0) * part, y, z0 + (z1 - z0) * part)

    sheet.fill("c1", seen(view, [at(0, 0), at(1, 0), at(1, depth), at(0, depth)]))
    tones = {"c2": "", "c3": ""}
    seams = butts = knots = ""
    for index in range(count):
        low, high = index / count, (index + 1) / count
        if index:
            seams += segment(view(at(low, 0)), view(at(low, depth)))
        y = -(scatter(index, seed) % 440) / 100
        piece = 0
        while y < depth:
            start, end = max(0.0, y), min(depth, y + _LENGTH)
            tone = scatter(index, piece, seed) % 5
            if tone > 1 and end > 0:
                path = seen(view, [at(low, start), at(high, start), at(high, end), at(low, end)])
                tones["c2" if tone == 2 else "c3" if tone == 3 else "c2"] += path
            if 0 < y < depth:
                butts += segment(view(at(low, y)), view(at(high, y)))
            if start < 9:
                knots += _figure(view, at, (low, high), (start, end), cladding, (index, piece, seed))
            y += _LENGTH
            piece += 1
    for paint, path in tones.items():
        sheet.fill(paint, path, opacity=0.8)
    if cladding == "steirische_eiche":
        sheet.line("c4", knots, 0.9, opacity=0.4)
    else:
        sheet.line("knot", knots, 4 if cladding == "kiefer" else 2.6, opacity=0.5)
    sheet.line("c4", seams, 1.1, opacity=0.6)
    sheet.line("c4", butts, 1.1, opacity=0.6)


def _figure(view, at, band, reach, cladding, seed) -> str:  # type: ignore[no-untyped-def]
    """Knots of pine and spruce, grain of oak."""
    (low, high), (start, end) = band, reach
    if cladding == "steirische_eiche":
        part = low + (high - low) * (0.3 + (scatter(*seed, 1) % 40) / 100)
        a = start + (end - start) * 0.1
        b = start + (end - start) * (0.4 + (scatter(*seed, 2) % 50) / 100)
        return polyline([view(at(part, a)), view(at(part, b))])
    path = ""
    for number in range(3 if cladding == "kiefer" else 1):
        if scatter(*seed, number) % 3 == 0:
            y = start + (end - start) * (scatter(*seed, number, 4) % 100) / 100
            path += dot(view(at(low + (high - low) * 0.5, y)))
    return path


def floor(sheet: Sheet, view: View, covering: str, half: float, depth: float) -> None:
    """The floor from wall to wall, with a sheen towards the glazed end."""
    corners = [(-half, 0.0, 0.0), (half, 0.0, 0.0), (half, depth, 0.0), (-half, depth, 0.0)]
    sheet.fill("p1", seen(view, corners))
    match covering:
        case "parkett":
            _laid(sheet, view, half, depth, width=0.22, length=2.2, staggered=True)
        case "kalkstein_kanafar":
            _laid(sheet, view, half, depth, width=0.9375, length=0.9, staggered=False)
        case _:
            _laid(sheet, view, half, depth, width=0.625, length=1.2, staggered=True)
    sheen = sheet.gradient("floor", [(0, "white", 0.34), (0.5, "white", 0.06), (1, "black", 0.1)])
    sheet.wash(sheen, seen(view, corners))


def _laid(
    sheet: Sheet, view: View, half: float, depth: float, *, width: float, length: float, staggered: bool
) -> None:  # fmt: skip
    tones = {"p2": "", "p3": ""}
    joints = ""
    rows = round(2 * half / width)
    for row in range(rows):
        x0, x1 = -half + row * width, -half + (row + 1) * width
        if row:
            joints += segment(view((x0, 0, 0)), view((x0, depth, 0)))
        y = -length * (scatter(row, 77) % 100) / 100 if staggered else -0.2
        piece = 0
        while y < depth:
            start, end = max(0.0, y), min(depth, y + length)
            tone = scatter(row, piece, 5) % 4
            if tone > 1 and end > 0:
                tones["p2" if tone == 2 else "p3"] += seen(
                    view, [(x0, start, 0), (x1, start, 0), (x1, end, 0), (x0, end, 0)]
                )
            if 0 < y < depth:
                joints += segment(view((x0, y, 0)), view((x1, y, 0)))
            y += length
            piece += 1
    for paint, path in tones.items():
        sheet.fill(paint, path, opacity=0.85)
    sheet.line("p4", joints, 1.3, opacity=0.7)
