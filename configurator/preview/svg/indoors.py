"""Windows seen from inside: holes in the lined walls, with the landscape behind.

Room coordinates as in ``interior``: x across, -x the garden side (south); y into the depth from the
cut, which is the west gable, to the east gable; z up from the floor, metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from configurator.preview.scene.geometry import ROOM_WIDTH, WIDTH, Building
from configurator.preview.scene.openings import Opening, openings
from configurator.preview.scene.projection import Projection, Pt, Vec, clip
from configurator.preview.svg import landscape
from configurator.preview.svg.canvas import Canvas, polygon, segment

END_WALL: Final = 0.3
_FLOOR: Final = 0.08
"""The floor lies this high above the foot of a facade, in metres."""
_REVEAL: Final = 0.2
_HALF: Final = ROOM_WIDTH / 2


@dataclass(frozen=True, slots=True)
class RoomWindow:
    """A hole in a wall of the room: its corners on the inner and on the outer face."""

    opening: Opening
    hole: tuple[Vec, ...]
    outside: tuple[Vec, ...]

    @property
    def along(self) -> Pt:
        """The extent of a window of a long wall in the depth of the room: from, to."""
        depths = [y for _, y, _ in self.hole]
        return min(depths), max(depths)


def room_windows(modules: int, area_m2: float) -> tuple[RoomWindow, ...]:
    """The windows that are visible from inside: all but those of the gable behind the viewer."""
    house = Building(modules)
    return tuple(
        _placed(house, opening)
        for opening in openings(modules, area_m2)
        if opening.facade != "west"
    )


def _placed(house: Building, opening: Opening) -> RoomWindow:
    surface = house.facade(opening.facade)
    outward = {"south": (-_REVEAL, 0.0), "north": (_REVEAL, 0.0), "east": (0.0, END_WALL)}
    hole: list[Vec] = []
    for u, v in opening.outline:
        along, across, height = surface.at(u, v)
        x, y = across - WIDTH / 2, along - END_WALL
        match opening.facade:
            case "south":
                x = -_HALF
            case "north":
                x = _HALF
            case _:
                y = house.length - 2 * END_WALL
        hole.append((x, y, max(0.0, height - _FLOOR)))
    dx, dy = outward[opening.facade]
    return RoomWindow(opening, tuple(hole), tuple((x + dx, y + dy, z) for x, y, z in hole))


def draw_side(canvas: Canvas, view: Projection, windows: Sequence[RoomWindow]) -> None:
    """The windows of the long walls, the farthest first, frames set back to the outer face."""
    here = [window for window in windows if window.opening.facade in ("south", "north")]
    if not here:
        return
    stops = [(0.0, "day", 1.0), (0.6, "sky", 1.0), (0.605, "hill2", 1.0), (1.0, "meadow2", 1.0)]
    daylight = canvas.gradient("daylight", stops)
    for window in sorted(here, key=lambda each: -each.along[0]):
        hole = [view(corner) for corner in window.hole]
        glass = [view(corner) for corner in window.outside]
        marked = f' data-window="{window.opening.facade}"'
        canvas.fill("c3", polygon(hole), extra=marked)
        canvas.wash(daylight, polygon(clip(glass, hole)))
        for index in (0, 2):
            corner = (hole[index - 1], glass[index - 1], glass[index], hole[index])
            canvas.fill("c1", polygon(clip(corner, hole)), opacity=0.9 if index else 0.5)
        for post in _posts(window):
            canvas.fill("frame", polygon(clip([view(corner) for corner in post], hole)))
        canvas.line("frame2", polygon(hole), 2)


def _posts(window: RoomWindow) -> list[list[Vec]]:
    """Uprights between and beside the panes, and the rails below and above, in the glass plane."""
    x = window.outside[0][0]
    near, far = window.along
    low = min(z for _, _, z in window.outside)
    high = max(z for _, _, z in window.outside)
    lights = window.opening.lights
    uprights = [near + (far - near) * part / lights for part in range(lights + 1)]

    def bar(y0: float, y1: float, z0: float, z1: float) -> list[Vec]:
        return [(x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1)]

    rails = [bar(near, far, low, low + 0.09), bar(near, far, high - 0.09, high)]
    return [*rails, *(bar(y - 0.06, y + 0.06, low, high) for y in uprights)]


def draw_gable(
    canvas: Canvas, view: Projection, windows: Sequence[RoomWindow], depth: float
) -> None:
    """The windows of the far gable, one landscape behind all of them."""
    here = [window for window in windows if window.opening.facade == "east"]
    if not here:
        return
    holes = [[view(corner) for corner in window.hole] for window in here]
    whole = "".join(polygon(hole) for hole in holes)
    (left, ground), right = view((-_HALF, depth, -0.4)), view((_HALF, depth, 0))[0]
    left, right = min(left, right), max(left, right)
    width, horizon = right - left, view((0, depth, 1.46))[1]

    def ridge(*heights: float) -> str:
        step = width / (len(heights) - 1)
        points = [(left + i * step, horizon - h * width) for i, h in enumerate(heights)]
        return polygon([(left, horizon + 2), *points, (right, horizon + 2)])

    canvas.open(canvas.window("gable", whole))
    canvas.wash(canvas.gradient("outside", [(0, "day", 1), (1, "sky", 1)]), whole)
    canvas.fill("hill1", ridge(0.07, 0.11, 0.13, 0.1, 0.06, 0.07, 0.1))
    canvas.fill("hill2", ridge(0.03, 0.04, 0.03, 0.045, 0.05, 0.035, 0.02))
    fields = f"M{left:.1f} {horizon:.1f}H{right:.1f}V{ground:.1f}H{left:.1f}Z"
    canvas.fill("meadow2", fields)
    landscape.tree(canvas, (left + width * 0.74, horizon + width * 0.07), width * 0.62, 12)
    canvas.close()
    thick = max(2.5, width * 0.014)
    for window, hole in zip(here, holes, strict=True):
        canvas.line("frame2", _mullions(view, window), thick)
        canvas.line("frame", _mullions(view, window), thick * 0.6)
        outline = polygon(hole)
        canvas.line("frame2", outline, thick * 1.5, extra=' data-window="east"')
        canvas.line("frame", outline, thick * 0.9)


def _mullions(view: Projection, window: RoomWindow) -> str:
    y = window.hole[0][1]
    across = [x for x, _, _ in window.hole]
    low, high = min(z for _, _, z in window.hole), max(z for _, _, z in window.hole)
    left, right, lights = min(across), max(across), window.opening.lights
    path = ""
    for part in range(1, lights):
        x = left + (right - left) * part / lights
        path += segment(view((x, y, low)), view((x, y, high)))
    return path
