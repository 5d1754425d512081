"""A sheet of paper that becomes a standalone SVG document.

Colours are paints: a name with a light and a dark value. Shapes carry classes; only the paints that
were used reach the style sheet. The document refers to nothing outside itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from configurator.preview.scene.projection import Projection, Pt, Vec
from configurator.preview.svg.words import PictureWords

SHEET_WIDTH: Final = 1600
SHEET_HEIGHT: Final = 1000
Paints = Mapping[str, tuple[str, str]]


class Canvas:
    """Collects shapes in painting order; ``document`` returns the result."""

    def __init__(self, title: str, description: str, paints: Paints, words: PictureWords) -> None:
        self.words = words
        self._title = title
        self._description = description
        self._paints = paints
        self._used: dict[str, set[str]] = {"f": set(), "s": set(), "g": set()}
        self._defs: list[str] = []
        self._parts: list[str] = []

    def fill(self, paint: str, path: str, *, opacity: float = 1.0, extra: str = "") -> None:
        """A filled path. ``extra`` is markup for further attributes, with a leading space."""
        self._used["f"].add(paint)
        self._parts.append(f'<path class="f-{paint}"{_opacity(opacity)}{extra} d="{path}"/>')

    def wash(self, gradient: str, path: str, *, opacity: float = 1.0, extra: str = "") -> None:
        """A path filled with a gradient made by ``gradient``."""
        self._parts.append(f'<path fill="url(#{gradient})"{_opacity(opacity)}{extra} d="{path}"/>')

    def line(
        self, paint: str, path: str, width: float, *, opacity: float = 1.0, extra: str = ""
    ) -> None:
        """A stroked path, ``width`` in sheet units."""
        if not path:
            return
        self._used["s"].add(paint)
        self._parts.append(
            f'<path class="s-{paint}" stroke-width="{number(width)}"{_opacity(opacity)}{extra} d="{path}"/>'
        )

    def text(
        self, at: Pt, words: str, *, size: str = "t", paint: str = "ink", anchor: str = "middle",
        turn: float = 0.0, aside: str = "",
    ) -> None:  # fmt: skip
        """Words at a base line. ``size`` is a class: t (note), n (quiet note) or h (heading).

        ``aside`` follows the words and is left out where the sheet is shown small.
        """
        self._used["f"].add(paint)
        x, y = number(at[0]), number(at[1])
        more = f'<tspan class="wide">{escape(aside)}</tspan>' if aside else ""
        turned = f' transform="rotate({number(turn)} {x} {y})"' if turn else ""
        self._parts.append(
            f'<text class="{size} f-{paint}" x="{x}" y="{y}" text-anchor="{anchor}"{turned}>'
            f"{escape(words)}{more}</text>"
        )

    def gradient(
        self, name: str, stops: Sequence[tuple[float, str, float]], box: str = 'x2="0" y2="1"'
    ) -> str:
        """Defines a linear gradient of (offset, paint, opacity) and returns its name."""
        for _, paint, _ in stops:
            self._used["g"].add(paint)
        body = "".join(
            f'<stop class="g-{paint}" offset="{number(offset)}"'
            + (f' stop-opacity="{opacity:g}"' if opacity < 1 else "")
            + "/>"
            for offset, paint, opacity in stops
        )
        self._defs.append(f'<linearGradient id="{name}" {box}>{body}</linearGradient>')
        return name

    def window(self, name: str, path: str) -> str:
        """Defines a clipping region and returns the attribute that uses it."""
        self._defs.append(f'<clipPath id="{name}"><path d="{path}"/></clipPath>')
        return f' clip-path="url(#{name})"'

    def define(self, markup: str) -> None:
        """Adds a definition."""
        self._defs.append(markup)

    def soften(self, name: str, deviation: float) -> str:
        """Defines a blur for shadows and returns the attribute that uses it."""
        self._defs.append(
            f'<filter id="{name}" x="-10%" y="-20%" width="120%" height="140%">'
            f'<feGaussianBlur stdDeviation="{deviation:g}"/></filter>'
        )
        return f' filter="url(#{name})"'

    def open(self, attributes: str) -> None:
        """Starts a group."""
        self._parts.append(f"<g{attributes}>")

    def close(self) -> None:
        """Ends the innermost group."""
        self._parts.append("</g>")

    def document(self) -> str:
        """The whole document."""
        light = "".join(self._rules(0))
        dark = "".join(self._rules(1))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SHEET_WIDTH} {SHEET_HEIGHT}" '
            f'width="{SHEET_WIDTH}" height="{SHEET_HEIGHT}" role="img" lang="{self.words.language}" aria-labelledby="title desc">'
            f'<title id="title">{escape(self._title)}</title>'
            f'<desc id="desc">{escape(self._description)}</desc>'
            f"<style>{_STYLE}{light}@media(prefers-color-scheme:dark){{{dark}}}</style>"
            f"<defs>{''.join(self._defs)}</defs>{''.join(self._parts)}</svg>\n"
        )

    def _rules(self, scheme: int) -> Iterable[str]:
        for kind, rule in (("f", "fill"), ("s", "stroke"), ("g", "stop-color")):
            for paint in sorted(self._used[kind]):
                yield f".{kind}-{paint}{{{rule}:{self._paints[paint][scheme]}}}"


_STYLE: Final = (
    "[class^=s-]{fill:none;stroke-linejoin:round;stroke-linecap:round}"
    "text{font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Inter,system-ui,Roboto,sans-serif;"
    "font-variant-numeric:tabular-nums}"
    ".below{transform:translateY(48px)}.h{font-size:40px;font-weight:500}.t{font-size:26px}.n{font-size:21px}"
    "@media(max-width:700px){.h{font-size:58px}.t{font-size:48px}.n{font-size:44px}.wide{display:none}.below{transform:translateY(64px)}}"
)


def number(value: float) -> str:
    """A coordinate with one decimal at most."""
    return _tenths(round(value * 10))


def polygon(points: Iterable[Pt]) -> str:
    """A closed path; empty for no points."""
    path = polyline(points)
    return f"{path}z" if path else ""


def polyline(points: Iterable[Pt]) -> str:
    """An open path, written with steps between rounded points so that errors do not add up."""
    rounded = [(round(x * 10), round(y * 10)) for x, y in points]
    if not rounded:
        return ""
    x, y = rounded[0]
    parts = ["M", _pair(x, y)]
    for u, v in rounded[1:]:
        if v != y:
            parts.append("v" + _tenths(v - y) if u == x else "l" + _pair(u - x, v - y))
        elif u != x:
            parts.append("h" + _tenths(u - x))
        x, y = u, v
    return "".join(parts)


def segment(a: Pt, b: Pt) -> str:
    """A straight line, written as briefly as possible."""
    return polyline((a, b))


def dot(at: Pt) -> str:
    """A point for a round-capped stroke."""
    return f"M{_pair(round(at[0] * 10), round(at[1] * 10))}h0"


def seen(view: Projection, points: Iterable[Vec]) -> str:
    """The closed path of points in space."""
    return polygon(view(point) for point in points)


def _opacity(value: float) -> str:
    return f' opacity="{value:.3g}"' if value < 1 else ""


def _tenths(value: int) -> str:
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), 10)
    if not rest:
        return f"{sign}{whole}"
    return f"{sign}{whole or ''}.{rest}"


def _pair(x: int, y: int) -> str:
    return _tenths(x) + ("" if y < 0 else " ") + _tenths(y)
