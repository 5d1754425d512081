"""Paints of paper, landscape and materials: every one with a daylight and a dusk value.

Roles of a material: ``w1`` body, ``w2``/``w3`` lighter and darker boards or panels, ``w4`` joint
or gap, ``w5`` highlight. ``shade`` says how much ink lies on the side that is turned away.
"""

from collections.abc import Mapping
from typing import Final

from configurator.preview.svg.canvas import Paints

PAPER: Final[Paints] = {
    "paper": ("#F6F5F1", "#161716"),
    "surface": ("#FFFFFF", "#1F2120"),
    "ink": ("#1D1F1E", "#ECEBE6"),
    "quiet": ("#5C605D", "#A9ADA8"),
    "rule": ("#DEDCD4", "#343735"),
    "accent": ("#9A4F1C", "#E39A5F"),
    "black": ("#14181A", "#050606"),
    "white": ("#FFFFFF", "#DCE3E6"),
    "sun": ("#FFF6E2", "#8C8678"),
    "umber": ("#4A3320", "#0C0906"),
    "day": ("#FBFCFB", "#3A454C"),
}

LANDSCAPE: Final[Paints] = {
    "sky": ("#E9ECE9", "#272D30"),
    "hill1": ("#E3E5DD", "#222726"),
    "hill2": ("#D6DACD", "#1E2322"),
    "meadow": ("#DEDFD0", "#252925"),
    "meadow2": ("#C9CDB6", "#30362F"),
    "tree": ("#9FAA8E", "#36403A"),
    "tree2": ("#7F8D71", "#2C3530"),
    "bark": ("#6D675C", "#4A4B46"),
    "shadow": ("#4A4F4A", "#050606"),
    "gravel": ("#D2CFC5", "#34362F"),
    "deck": ("#C9B294", "#574B3D"),
    "deck2": ("#94795A", "#352E28"),
    "figure": ("#3C403E", "#747A77"),
    "door": ("#9A4F1C", "#6E3F1F"),
    "kerb": ("#A9A69C", "#23251F"),
}

GLASS: Final[Paints] = {
    "glass1": ("#B9CBD1", "#F0C88E"),
    "glass2": ("#5D747C", "#B77A3E"),
    "glass3": ("#35464C", "#7A4A22"),
    "reveal": ("#2A2B29", "#0C0C0B"),
    "panel": ("#1B2633", "#121A24"),
    "panel2": ("#33475A", "#2A3B4D"),
    "cell": ("#4F6375", "#34465A"),
    "trim": ("#A9B3B8", "#5C676D"),
}

SHELLS: Final[Mapping[str, Paints]] = {
    "trapezblech": {
        "w1": ("#2C2F30", "#2B2E30"),
        "w2": ("#35393A", "#33373A"),
        "w3": ("#26292A", "#25282A"),
        "w4": ("#111314", "#0F1112"),
        "w5": ("#62696B", "#565E62"),
        "edge": ("#0F1111", "#6C7478"),
    },
    "holzlattung": {
        "w1": ("#C99A69", "#7D5D40"),
        "w2": ("#D5AA7C", "#896849"),
        "w3": ("#BB8858", "#6F5135"),
        "w4": ("#6B4529", "#332314"),
        "w5": ("#DFBB91", "#967555"),
        "edge": ("#57351D", "#B48A60"),
    },
    "fassadenplatten_schwarz": {
        "w1": ("#3D3F40", "#35383A"),
        "w2": ("#454849", "#3D4042"),
        "w3": ("#36383A", "#2E3133"),
        "w4": ("#131415", "#0E0F10"),
        "w5": ("#858988", "#646A6B"),
        "edge": ("#17191A", "#747B7D"),
    },
    "fassadenplatten_weiss": {
        "w1": ("#FCFBF8", "#8F9494"),
        "w2": ("#FFFFFF", "#999E9E"),
        "w3": ("#F3F1EB", "#868B8B"),
        "w4": ("#A5A39B", "#565B5B"),
        "w5": ("#C9C7BF", "#6C7171"),
        "edge": ("#6F716C", "#C4C9C8"),
    },
}
SHELL_SHADE: Final[Mapping[str, float]] = {
    "trapezblech": 0.42,
    "holzlattung": 0.4,
    "fassadenplatten_schwarz": 0.42,
    "fassadenplatten_weiss": 0.26,
}

SHELL_SHEEN: Final[Mapping[str, float]] = {
    "trapezblech": 0.15,
    "holzlattung": 0.24,
    "fassadenplatten_schwarz": 0.13,
    "fassadenplatten_weiss": 0.3,
}
"""The amount of sun on the garden slope of the roof."""

FRAMES: Final[Mapping[str, Paints]] = {
    "pvc": {"frame": ("#FBFBFA", "#C3C8C8"), "frame2": ("#C9CCCA", "#8E9494")},
    "fichte": {"frame": ("#E2C08C", "#A98857"), "frame2": ("#B98F57", "#7B5F38")},
    "steirische_eiche": {"frame": ("#9C6B3C", "#71502F"), "frame2": ("#6F4722", "#4C341C")},
    "aluminium": {"frame": ("#54595C", "#3C4145"), "frame2": ("#33373A", "#24282B")},
}

CLADDINGS: Final[Mapping[str, Paints]] = {
    "kiefer": {
        "c1": ("#E9C98F", "#A07D4A"),
        "c2": ("#F0D6A4", "#AE8B57"),
        "c3": ("#DFBA7B", "#8E6C3D"),
        "c4": ("#B98A4A", "#574325"),
        "knot": ("#9B6430", "#4A351D"),
    },
    "fichte": {
        "c1": ("#EFE2C8", "#A69474"),
        "c2": ("#F6EDD9", "#B3A182"),
        "c3": ("#E6D6B6", "#978666"),
        "c4": ("#C4AE86", "#5D5443"),
        "knot": ("#B08E5E", "#594A33"),
    },
    "steirische_eiche": {
        "c1": ("#B98B5A", "#765334"),
        "c2": ("#C89C6B", "#83603D"),
        "c3": ("#A67847", "#66462A"),
        "c4": ("#6F4A27", "#362413"),
        "knot": ("#5D3B1C", "#2C1D0F"),
    },
}

FLOORS: Final[Mapping[str, Paints]] = {
    "parkett": {
        "p1": ("#BF9A6F", "#5F4830"),
        "p2": ("#C9A77E", "#695138"),
        "p3": ("#B28B5F", "#553F29"),
        "p4": ("#80603C", "#382818"),
    },
    "kalkstein_kanafar": {
        "p1": ("#C9C2B4", "#66615A"),
        "p2": ("#D3CDC0", "#706B63"),
        "p3": ("#BEB6A6", "#5B564F"),
        "p4": ("#9A9282", "#3F3B35"),
    },
    "schiefer_massiv": {
        "p1": ("#5A5F61", "#333739"),
        "p2": ("#666B6D", "#3B3F41"),
        "p3": ("#4E5355", "#2B2F31"),
        "p4": ("#33373A", "#1A1D1E"),
    },
}

ROOM: Final[Paints] = {
    "cut": ("#2A2C2B", "#9A9C96"),
    "insulation": ("#F1E9D8", "#2A2722"),
    "cloth": ("#C9C7BF", "#5D5E5B"),
    "cloth2": ("#A3A199", "#474845"),
    "cloth3": ("#DEDCD4", "#6F706C"),
    "oak": ("#8D6238", "#4B341E"),
    "oak2": ("#6E4826", "#382615"),
    "oak3": ("#A97C4B", "#5F4529"),
    "steel": ("#2E3130", "#111212"),
    "steel2": ("#434746", "#1B1D1C"),
    "lamp": ("#F6E7C4", "#FFDFA0"),
    "white2": ("#EDEBE4", "#7B7C78"),
    "white3": ("#D8D5CC", "#60615D"),
}


def palette(
    *, shell: str | None = None, frame: str | None = None, room: tuple[str, str] | None = None
) -> Paints:
    """All paints that a sheet may use: always landscape and paper, and the materials named."""
    paints = {**PAPER, **LANDSCAPE, **GLASS}
    if shell:
        paints |= SHELLS[shell]
    paints |= FRAMES[frame or "aluminium"]
    if room:
        paints |= {**CLADDINGS[room[0]], **FLOORS[room[1]], **ROOM}
    return paints


def scatter(*numbers: int) -> int:
    """A well mixed integer 0..65535 from small integers, always the same in every process."""
    mixed = 2166136261
    for number in numbers:
        mixed = ((mixed ^ (number & 0xFFFF)) * 16777619) & 0xFFFFFFFF
        mixed ^= mixed >> 13
    return (mixed * 2654435761 >> 12) & 0xFFFF
