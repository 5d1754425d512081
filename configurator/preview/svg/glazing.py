"""Windows, the entrance and photovoltaic panels as they sit in or on a surface."""

from collections.abc import Sequence

from configurator.preview.scene.geometry import PANEL_HEIGHT, PANEL_WIDTH, Surface, rectangle
from configurator.preview.scene.openings import DOOR_LEFT, DOOR_WIDTH, HEAD, Opening
from configurator.preview.scene.projection import Projection, Pt, clip
from configurator.preview.svg.canvas import Canvas, polygon, segment

_FRAME = 0.085
_MULLION = 0.1


def glass(canvas: Canvas) -> str:
    """Defines the glass of a sheet once: sky above, ground below."""
    return canvas.gradient(
        "glass", [(0, "glass1", 1), (0.55, "glass2", 1), (1, "glass3", 1)], 'x2=".35" y2="1"'
    )


def window(
    canvas: Canvas,
    view: Projection,
    surface: Surface,
    opening: Opening,
    *,
    depth: float,
    line: float,
) -> None:
    """A window set ``depth`` metres into the wall; needs ``glass`` defined."""
    hole = surface.drawn(view, opening.outline)
    canvas.fill("w3", polygon(hole), extra=f' data-window="{opening.facade}"')
    canvas.fill("black", polygon(hole), opacity=0.4)
    if depth and not opening.triangle:
        sill = [(opening.left, opening.sill), (opening.left + opening.width, opening.sill)]
        near, far = surface.drawn(view, sill), surface.drawn(view, sill, depth)
        canvas.fill("frame2", polygon([*near, *far[::-1]]))
    frame = clip(surface.drawn(view, opening.inset(0.015), depth), hole)
    canvas.fill("frame", polygon(frame))
    panes = [clip(surface.drawn(view, pane, depth), hole) for pane in _panes(opening)]
    whole = "".join(polygon(pane) for pane in panes)
    canvas.wash("glass", whole)
    glints = "".join(
        polygon(clip(surface.drawn(view, glint, depth), pane))
        for pane, glint in zip(panes, _glints(opening), strict=True)
    )
    canvas.fill("white", glints, opacity=0.2)
    if not opening.triangle:
        top = opening.sill + opening.height
        left, right = opening.left, opening.left + opening.width
        cast = [(left, top), (right, top), (right, top - 0.2), (left + 0.17, top - 0.2)]
        cast += [(left + 0.17, opening.sill), (left, opening.sill)]
        canvas.fill("black", polygon(clip(surface.drawn(view, cast, depth), hole)), opacity=0.26)
    canvas.line("frame2", whole, line * 0.7)
    canvas.line("edge", polygon(hole), line)


def dash_paint(shell: str) -> tuple[str, str]:
    """The paint of dashed lines on this envelope, in daylight and at dusk."""
    return ("#77776F", "#2A2C2C") if shell == "fassadenplatten_weiss" else ("#FBF8F1", "#C9C5BC")


def promised(canvas: Canvas, view: Projection, surface: Surface, opening: Opening) -> None:
    """A dashed outline of a window that could be there."""
    canvas.line(
        "dash", polygon(surface.drawn(view, opening.outline)), 2, opacity=0.8,
        extra=' stroke-dasharray="9 8"',
    )  # fmt: skip


def door(canvas: Canvas, view: Projection, surface: Surface, *, depth: float) -> None:
    """The entrance in the first bay: a larch leaf with a long handle."""
    outline = rectangle(DOOR_LEFT, 0.08, DOOR_WIDTH, HEAD - 0.08)
    hole = surface.drawn(view, outline)
    canvas.fill("reveal", polygon(hole))
    leaf = rectangle(DOOR_LEFT + 0.05, 0.1, DOOR_WIDTH - 0.1, HEAD - 0.15)
    canvas.fill("door", polygon(clip(surface.drawn(view, leaf, depth), hole)))
    boards = ""
    for part in range(1, 6):
        u = DOOR_LEFT + 0.05 + part * (DOOR_WIDTH - 0.1) / 6
        boards += segment(view(surface.at(u, 0.1, depth)), view(surface.at(u, HEAD - 0.05, depth)))
    canvas.line("black", boards, 1.2, opacity=0.35)
    u = DOOR_LEFT + DOOR_WIDTH - 0.2
    handle = segment(view(surface.at(u, 0.75, depth)), view(surface.at(u, 1.6, depth)))
    canvas.line("reveal", handle, 3.2)
    canvas.line("edge", polygon(hole), 1.4)


def panels(
    canvas: Canvas, view: Projection, surface: Surface, places: Sequence[tuple[Pt, ...]]
) -> None:
    """Draw one element for each panel, counted by ``data-panel``, then their cells and frames."""
    if not places:
        return
    canvas.gradient("cells", [(0, "panel2", 1), (1, "panel", 1)], 'x1="0" y1="0" x2=".7" y2="1"')
    lift = -0.12
    shadow = [[(u + 0.16, v - 0.1) for u, v in place] for place in places]
    canvas.fill(
        "black", "".join(polygon(surface.drawn(view, place)) for place in shadow), opacity=0.32
    )
    cells = ""
    for index, place in enumerate(places):
        canvas.wash(
            "cells", polygon(surface.drawn(view, place, lift)), extra=f' data-panel="{index + 1}"'
        )
        cells += _cells(view, surface, place[0], lift)
    canvas.line("cell", cells, 0.9, opacity=0.75)
    canvas.line("trim", "".join(polygon(surface.drawn(view, place, lift)) for place in places), 1.5)


def _cells(view: Projection, surface: Surface, corner: Pt, lift: float) -> str:
    u, v = corner
    path = ""
    for part in range(1, 6):
        at = u + part * PANEL_WIDTH / 6
        path += segment(view(surface.at(at, v, lift)), view(surface.at(at, v + PANEL_HEIGHT, lift)))
    for share in (0.25, 0.49, 0.51, 0.75):
        at = v + share * PANEL_HEIGHT
        path += segment(view(surface.at(u, at, lift)), view(surface.at(u + PANEL_WIDTH, at, lift)))
    return path


def _panes(opening: Opening) -> list[tuple[Pt, ...]]:
    if opening.triangle:
        a, b, peak = opening.inset(_FRAME)
        middle, half = peak[0], _MULLION / 2
        slope = (peak[1] - a[1]) / (middle - a[0])
        height = peak[1] - half * slope
        return [
            (a, (middle - half, a[1]), (middle - half, height)),
            ((middle + half, b[1]), b, (middle + half, height)),
        ]
    inner = opening.inset(_FRAME)
    (left, sill), (right, top) = inner[0], inner[2]
    width = (right - left - (opening.lights - 1) * _MULLION) / opening.lights
    return [
        rectangle(left + index * (width + _MULLION), sill, width, top - sill)
        for index in range(opening.lights)
    ]


def _glints(opening: Opening) -> list[tuple[Pt, ...]]:
    """Slanting bands of reflected sky, one a pane."""
    glints: list[tuple[Pt, ...]] = []
    for pane in _panes(opening):
        left, right = min(u for u, _ in pane), max(u for u, _ in pane)
        low, high = min(v for _, v in pane), max(v for _, v in pane)
        width, height = right - left, high - low
        glints.append(
            (
                (left - 0.1 * width, low + 0.35 * height),
                (left + 0.25 * width, low + 0.35 * height - 0.1),
                (right, high - 0.05 * height),
                (right - 0.3 * width, high + 0.3 * height),
                (left, high),
            )
        )
    return glints
