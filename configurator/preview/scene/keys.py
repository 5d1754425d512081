"""Keys of pictures: the choices that a picture depends on, and the public address made of them.

Each key has exactly one path, which contains the geometry version, so the picture at a path never
changes. Paths come from a public URL: everything is bounded and only the canonical spelling is
accepted.

    v2/exterior/nest120.holzlattung.pv10.fichte20
    v2/interior/nest120.fichte.parkett.fichte20
    v2/pv/nest120.holzlattung.pv10
    v2/fenster/nest120.holzlattung.fichte20

A part that was not chosen (no panels, no windows) has no segment.

Errors: ``PreviewUnknown`` (the caller asked for a picture that does not exist; answer 404).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

GEOMETRY_VERSION: Final = 2
"""The version in each path. Raise it with every change that alters any picture: browsers
never load an old address again."""

SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "exterior": ("nest", "gebaeudehuelle", "pvanlage", "fenster"),
    "interior": ("nest", "innenverkleidung", "fussboden", "fenster"),
    "pv": ("nest", "gebaeudehuelle", "pvanlage"),
    "fenster": ("nest", "gebaeudehuelle", "fenster"),
}
"""The categories that each view shows."""
VIEWS: Final = tuple(SHOWN)

MODULES: Final[Mapping[str, int]] = {
    "nest80": 4,
    "nest100": 5,
    "nest120": 6,
    "nest140": 7,
    "nest160": 8,
}
SHELLS: Final = ("trapezblech", "holzlattung", "fassadenplatten_schwarz", "fassadenplatten_weiss")
CLADDINGS: Final = ("kiefer", "fichte", "steirische_eiche")
FLOORS: Final = ("parkett", "kalkstein_kanafar", "schiefer_massiv")
FRAMES: Final = ("pvc", "fichte", "steirische_eiche", "aluminium")

DRAWN: Final[Mapping[str, Collection[str]]] = {
    "nest": MODULES,
    "gebaeudehuelle": SHELLS,
    "innenverkleidung": CLADDINGS,
    "fussboden": FLOORS,
    "fenster": FRAMES,
}
"""The options of a category that look different in a picture; other categories allow any option."""
COUNTED: Final = ("pvanlage", "fenster")
"""Categories whose quantity a picture shows."""

_LONGEST_PATH: Final = 80
_PATH: Final = re.compile(
    r"v(?P<version>[1-9][0-9]{0,3})/(?P<view>[a-z]{2,10})/(?P<nest>nest[0-9]{2,3})"
    r"\.(?P<first>[a-z_]{3,24})(?:\.(?P<floor>[a-z_]{3,24}))?"
    r"(?:\.pv(?P<panels>[1-9][0-9]?))?(?:\.(?P<frame>[a-z_]{3,20})(?P<glass>[1-9][0-9]?))?",
    re.ASCII,
)


class PreviewUnknown(ValueError):
    """No such picture: unknown view or option, quantity out of range, wrong spelling."""


def panel_limit(nest: str) -> int:
    """The most photovoltaic panels that a nest can carry: two for each module."""
    return 2 * MODULES[nest]


def glass_limit_m2(nest: str) -> int:
    """The largest window area of a nest in m²: 46, 50, 54, 58 or 62."""
    return 30 + 4 * MODULES[nest]


@dataclass(frozen=True, slots=True)
class PreviewKey:
    """The choices that one view shows; fields that it does not show are None or 0.

    ``shell`` is set for exterior, pv and fenster; ``cladding`` and ``floor`` for interior;
    ``panels`` (count) for exterior and pv; ``frame`` and ``glass_m2`` for every view but pv, both
    or neither. Raises PreviewUnknown for anything else.
    """

    view: str
    nest: str
    shell: str | None = None
    cladding: str | None = None
    floor: str | None = None
    panels: int = 0
    frame: str | None = None
    glass_m2: int = 0

    def __post_init__(self) -> None:
        if self.view not in VIEWS or self.nest not in MODULES:
            raise PreviewUnknown("no such view or nest")
        inside = self.view == "interior"
        materials = (
            _one_of(self.shell, SHELLS, wanted=not inside)
            and _one_of(self.cladding, CLADDINGS, wanted=inside)
            and _one_of(self.floor, FLOORS, wanted=inside)
            and _one_of(self.frame, FRAMES, wanted=self.glass_m2 > 0)
        )
        most_panels = panel_limit(self.nest) if "pvanlage" in SHOWN[self.view] else 0
        most_glass = glass_limit_m2(self.nest) if "fenster" in SHOWN[self.view] else 0
        bounded = 0 <= self.panels <= most_panels and 0 <= self.glass_m2 <= most_glass
        if not (materials and bounded):
            raise PreviewUnknown("no such combination")

    @property
    def path(self) -> str:
        """The canonical address, without a leading slash; safe in a URL as it is."""
        parts = [self.nest, self.shell, self.cladding, self.floor]
        parts.append(f"pv{self.panels}" if self.panels else None)
        parts.append(f"{self.frame}{self.glass_m2}" if self.frame else None)
        return f"v{GEOMETRY_VERSION}/{self.view}/{'.'.join(part for part in parts if part)}"

    @property
    def modules(self) -> int:
        """Number of 2.7 m modules, 4 to 8."""
        return MODULES[self.nest]


def preview_key(view: str, choices: Mapping[str, tuple[str, int | None]]) -> PreviewKey:
    """The key of a view for a selection (category id -> option id and quantity).

    Absent categories have the catalogue's defaults (nest80, holzlattung, kiefer, parkett); absent
    panels and windows are not drawn. Categories that the view does not show are ignored. Raises
    PreviewUnknown for an unknown view, option or an impossible quantity.
    """
    nest = _option(choices, "nest", "nest80")
    shown = SHOWN.get(view, ())
    glass = _quantity(choices, "fenster") if "fenster" in shown else 0
    frame = choices["fenster"][0] if glass else None
    if view == "interior":
        return PreviewKey(
            view,
            nest,
            cladding=_option(choices, "innenverkleidung", "kiefer"),
            floor=_option(choices, "fussboden", "parkett"),
            frame=frame,
            glass_m2=glass,
        )
    shell = _option(choices, "gebaeudehuelle", "holzlattung")
    panels = _quantity(choices, "pvanlage") if "pvanlage" in shown else 0
    return PreviewKey(view, nest, shell=shell, panels=panels, frame=frame, glass_m2=glass)


def parse_path(path: str) -> PreviewKey:
    """The key of a canonical path. Raises PreviewUnknown for every other text.

    A path of an earlier geometry version is accepted, too: pages that were open before an update
    ask for it. Its key has the path of the present version.
    """
    match = _PATH.fullmatch(path) if len(path) <= _LONGEST_PATH else None
    if match is None:
        raise PreviewUnknown("not a preview path")
    view, first = match["view"], match["first"]
    inside = view == "interior"
    version = int(match["version"])
    key = PreviewKey(
        view,
        match["nest"],
        shell=None if inside else first,
        cladding=first if inside else None,
        floor=match["floor"],
        panels=int(match["panels"] or 0),
        frame=match["frame"],
        glass_m2=int(match["glass"] or 0),
    )
    if version > GEOMETRY_VERSION or _as_of(key.path, version) != path:
        raise PreviewUnknown("not the canonical path")
    return key


def _as_of(path: str, version: int) -> str:
    return f"v{version}{path[path.index('/') :]}"


def _one_of(value: str | None, allowed: tuple[str, ...], *, wanted: bool) -> bool:
    return value in allowed if wanted else value is None


def _option(choices: Mapping[str, tuple[str, int | None]], category: str, default: str) -> str:
    return choices[category][0] if category in choices else default


def _quantity(choices: Mapping[str, tuple[str, int | None]], category: str) -> int:
    return (choices[category][1] or 0) if category in choices else 0
