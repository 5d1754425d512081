"""The envelope: ribs, battens or panels as real lines on a surface of the house."""

from configurator.preview.scene.geometry import EAVES, MODULE, Surface
from configurator.preview.scene.projection import Projection, Pt, clip, span
from configurator.preview.svg.canvas import Canvas, dot, polygon, segment
from configurator.preview.svg.materials import scatter

_RIB = 0.25
_BATTEN = 0.1
_BATTEN_TONES = {0: "w5", 3: "w2", 5: "w2", 7: "w3", 9: "w3"}
_ROW = 1.3


def clad(canvas: Canvas, view: Projection, surface: Surface, shell: str) -> None:
    """Covers a surface with the material of the envelope, without light and shade."""
    canvas.fill("w1", polygon(surface.drawn(view, surface.outline)))
    match shell:
        case "trapezblech":
            _ribs(canvas, view, surface)
        case "holzlattung":
            _battens(canvas, view, surface)
        case _:
            _panels(canvas, view, surface)


def joints(canvas: Canvas, view: Projection, surface: Surface, width: float) -> None:
    """The lines where modules meet; only the long sides and the roof have them."""
    length = _extent(surface)[0]
    path = ""
    for index in range(1, round(length / MODULE)):
        path += _upright(view, surface, index * MODULE)
    canvas.line("edge", path, width, opacity=0.85)


def _extent(surface: Surface) -> Pt:
    return max(u for u, _ in surface.outline), max(v for _, v in surface.outline)


def _upright(view: Projection, surface: Surface, u: float) -> str:
    crossing = span(surface.outline, u)
    if crossing is None:
        return ""
    return segment(view(surface.at(u, crossing[0])), view(surface.at(u, crossing[1])))


def _strip(view: Projection, surface: Surface, u: float, width: float) -> str:
    """An upright strip as one line where it is narrow: its four corners, following the edge."""
    left, right = span(surface.outline, u), span(surface.outline, u + width)
    if left is None or right is None:
        return ""
    corners = ((u, left[0]), (u + width, right[0]), (u + width, right[1]), (u, left[1]))
    return polygon(surface.drawn(view, corners))


def _ribs(canvas: Canvas, view: Projection, surface: Surface) -> None:
    length = _extent(surface)[0]
    light = dark = face = ""
    for index in range(round(length / _RIB)):
        u = index * _RIB + 0.06
        face += _strip(view, surface, u, 0.11)
        light += _upright(view, surface, u)
        dark += _upright(view, surface, u + 0.125)
    canvas.fill("w2", face)
    canvas.line("w4", dark, 1.6, opacity=0.9)
    canvas.line("w5", light, 1.1, opacity=0.8)


def _battens(canvas: Canvas, view: Projection, surface: Surface) -> None:
    length = _extent(surface)[0]
    count = round(length / _BATTEN)
    step = length / count
    seed = round(surface.origin[2] * 10) + round(surface.u[0] * 3)
    boards = {"w2": "", "w3": "", "w5": ""}
    gaps = ""
    for index in range(count):
        paint = _BATTEN_TONES.get(scatter(index, seed) % 12)
        if paint:
            boards[paint] += _strip(view, surface, index * step, step)
        if index:
            gaps += _upright(view, surface, index * step)
    for paint, path in boards.items():
        canvas.fill(paint, path, opacity=0.7)
    canvas.line("w4", gaps, 1.4, opacity=0.66)


def _panels(canvas: Canvas, view: Projection, surface: Surface) -> None:
    length, height = _extent(surface)
    row = _ROW if surface.origin[2] == 0.0 else height / 4
    columns, rows = round(length / MODULE), max(1, round(height / row + 0.3))
    tones = {"w2": "", "w3": ""}
    screws = seams = ""
    for column in range(columns):
        for index in range(rows):
            cell = _cell(surface, column, index, row)
            if not cell:
                continue
            tone = scatter(column, index, rows) % 3
            if tone:
                tones["w2" if tone == 1 else "w3"] += polygon(surface.drawn(view, cell))
            screws += "".join(
                dot(view(surface.at(u, v))) for u, v in _screws(surface, column, index, row)
            )
    for paint, path in tones.items():
        canvas.fill(paint, path)
    for index in range(1, rows):
        crossing = span(surface.outline, index * row, axis=1)
        if crossing:
            seams += segment(
                view(surface.at(crossing[0], index * row)),
                view(surface.at(crossing[1], index * row)),
            )
    for column in range(1, columns):
        seams += _upright(view, surface, column * MODULE)
    canvas.line("w4", seams, 2.2, opacity=0.9)
    canvas.line("w5", screws, 2.2, opacity=0.9)


def _cell(surface: Surface, column: int, index: int, row: float) -> list[Pt]:
    """The outline of one panel, cut to the surface (gables)."""
    u0, u1 = column * MODULE, (column + 1) * MODULE
    v0, v1 = index * row, (index + 1) * row
    top = _extent(surface)[1]
    if top - EAVES < 0.01 or surface.v[2] < 1.0:
        return [(u0, v0), (u1, v0), (u1, min(v1, top)), (u0, min(v1, top))]
    return clip([(u0, v0), (u1, v0), (u1, v1), (u0, v1)], surface.outline)


def _screws(surface: Surface, column: int, index: int, row: float) -> list[Pt]:
    places: list[Pt] = []
    for part in range(4):
        u = column * MODULE + 0.12 + part * (MODULE - 0.24) / 3
        crossing = span(surface.outline, u)
        top = crossing[1] - 0.06 if crossing else 0.0
        places += [(u, v) for v in (index * row + 0.1, (index + 1) * row - 0.1) if v < top]
    return places
