"""Projection from metres in space to units on the sheet.

Space: x along the house, y across it (away from the viewer), z up, in metres. Sheet: x to the
right, y down, in SVG user units. A ``Projection`` maps one to the other.
"""

import math
from collections.abc import Callable, Sequence

Vec = tuple[float, float, float]
Pt = tuple[float, float]
Projection = Callable[[Vec], Pt]


def two_point(eye: Vec, turn_degrees: float, focal: float, centre: Pt) -> Projection:
    """Perspective with upright verticals: the camera looks level, the picture is shifted.

    ``turn_degrees`` turns the camera to the left from looking along +y; 0 gives one-point
    perspective. ``focal`` is units per metre at one metre; ``centre`` is where the camera's own
    axis meets the sheet, so its y is the horizon.
    """
    sine, cosine = math.sin(math.radians(turn_degrees)), math.cos(math.radians(turn_degrees))
    ex, ey, ez = eye
    cx, cy = centre

    def view(point: Vec) -> Pt:
        dx, dy = point[0] - ex, point[1] - ey
        scale = focal / (cosine * dy - sine * dx)
        return cx + (cosine * dx + sine * dy) * scale, cy - (point[2] - ez) * scale

    return view


def axonometric(turn_degrees: float, tilt_degrees: float, scale: float, origin: Pt) -> Projection:
    """Parallel projection from above; ``origin`` is the image of (0, 0, 0), scale is units/m."""
    sine, cosine = math.sin(math.radians(turn_degrees)), math.cos(math.radians(turn_degrees))
    up, flat = math.cos(math.radians(tilt_degrees)), math.sin(math.radians(tilt_degrees))
    ox, oy = origin

    def view(point: Vec) -> Pt:
        x, y, z = point
        return (
            ox + (cosine * x + sine * y) * scale,
            oy - ((cosine * y - sine * x) * flat + z * up) * scale,
        )

    return view


def hull(points: Sequence[Pt]) -> list[Pt]:
    """Convex hull, counter-clockwise."""
    ordered = sorted(set(points))

    def half(sequence: Sequence[Pt]) -> list[Pt]:
        chain: list[Pt] = []
        for point in sequence:
            while len(chain) > 1 and _cross(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        return chain[:-1]

    return half(ordered) + half(ordered[::-1])


def clip(subject: Sequence[Pt], window: Sequence[Pt]) -> list[Pt]:
    """The part of a polygon inside a convex polygon (Sutherland and Hodgman); can be empty."""
    sign = 1.0 if _area(window) > 0 else -1.0
    result = list(subject)
    for start, end in zip(window, [*window[1:], window[0]], strict=True):
        points, result = result, []
        for index, point in enumerate(points):
            before = points[index - 1]
            here, there = sign * _cross(start, end, point), sign * _cross(start, end, before)
            if here * there < 0:
                part = there / (there - here)
                result.append(
                    (
                        before[0] + (point[0] - before[0]) * part,
                        before[1] + (point[1] - before[1]) * part,
                    )
                )
            if here >= 0:
                result.append(point)
    return result


def span(outline: Sequence[Pt], at: float, axis: int = 0) -> tuple[float, float] | None:
    """The part (low, high) of the line ``axis coordinate == at`` in a convex polygon, or None."""
    other = 1 - axis
    hits: list[float] = []
    for a, b in zip(outline, [*outline[1:], outline[0]], strict=True):
        low, high = sorted((a[axis], b[axis]))
        if low <= at <= high and high - low > 1e-9:
            part = (at - a[axis]) / (b[axis] - a[axis])
            hits.append(a[other] + (b[other] - a[other]) * part)
    if not hits or max(hits) - min(hits) < 1e-6:
        return None
    return min(hits), max(hits)


def _cross(a: Pt, b: Pt, c: Pt) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _area(points: Sequence[Pt]) -> float:
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2
