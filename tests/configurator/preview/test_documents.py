"""The required content of the drawings, and what must never be in them."""

import os
import re
import subprocess
import sys
from itertools import pairwise, product
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from configurator.preview.scene.geometry import EAVES, RIDGE, SLOPE, WIDTH, Building
from configurator.preview.scene.keys import (
    CLADDINGS,
    FLOORS,
    FRAMES,
    MODULES,
    SHELLS,
    VIEWS,
    PreviewKey,
    glass_limit_m2,
    panel_limit,
    parse_path,
)
from configurator.preview.scene.openings import openings
from configurator.preview.svg.exterior import camera
from configurator.preview.svg.materials import FRAMES as PAINTS
from configurator.preview.svg.rendering import render

SVG = "{http://www.w3.org/2000/svg}"
ROOT = Path(__file__).parents[3]


def full(view: str, nest: str, shell: str) -> PreviewKey:
    """The largest drawing of a view."""
    panels = panel_limit(nest) if view in ("exterior", "pv") else 0
    glass = glass_limit_m2(nest) if view != "pv" else 0
    frame = "fichte" if glass else None
    if view == "interior":
        return PreviewKey(
            view, nest, cladding="kiefer", floor="parkett", frame=frame, glass_m2=glass
        )
    return PreviewKey(view, nest, shell=shell, panels=panels, frame=frame, glass_m2=glass)


EVERY_HOUSE = [full(*parts) for parts in product(VIEWS, MODULES, SHELLS)]
EVERY_ROOM = [
    PreviewKey("interior", nest, cladding=cladding, floor=floor, frame="pvc", glass_m2=20)
    for nest, cladding, floor in product(MODULES, CLADDINGS, FLOORS)
]


@pytest.mark.parametrize("key", {key.path: key for key in EVERY_HOUSE + EVERY_ROOM}.values(), ids=lambda key: key.path)  # fmt: skip
def test_every_drawing_is_a_small_sound_document(key: PreviewKey) -> None:
    text = render(key)
    root = ET.fromstring(text)

    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == "0 0 1600 1000"
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title")
    assert len(root.findtext(f"{SVG}desc") or "") > 60
    assert len(text.encode()) < 70_000
    assert "prefers-color-scheme:dark" in text
    assert not re.search(
        r"<script|foreignObject|<image|href|javascript|@import|@font|\bon\w+=", text
    )
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", text))
    assert "nan" not in text.lower().split("<style>")[1].split("</style>")[1]


def test_the_right_number_of_panels_is_drawn() -> None:
    for view, nest in product(("exterior", "pv"), MODULES):
        for panels in (0, 1, 5, panel_limit(nest)):
            text = render(PreviewKey(view, nest, shell="trapezblech", panels=panels))
            assert text.count("data-panel=") == panels


def test_free_places_make_up_the_rest() -> None:
    text = render(parse_path("v2/pv/nest100.holzlattung.pv3"))
    assert 'data-free="7"' in text
    assert "3\u00a0Module, 1,2\u00a0kWp" in text
    assert "1\u00a0Modul, 0,4\u00a0kWp" in render(parse_path("v2/pv/nest100.holzlattung.pv1"))


def test_panels_lie_on_the_roof_and_do_not_touch() -> None:
    for modules in MODULES.values():
        house = Building(modules)
        slots = house.panel_slots
        assert len(slots) == 2 * modules
        assert all(0 <= u <= house.length and 0 <= v <= SLOPE for slot in slots for u, v in slot)
        assert all(a[1][0] < b[0][0] for a, b in pairwise(slots))


def test_the_glazed_area_is_the_chosen_one() -> None:
    for nest, modules in MODULES.items():
        for area in range(glass_limit_m2(nest) + 1):
            glazed = sum(opening.area for opening in openings(modules, area))
            assert glazed == pytest.approx(area, rel=0.02, abs=1e-9)


def test_windows_fit_their_walls_and_stay_apart() -> None:
    for nest, modules in MODULES.items():
        house = Building(modules)
        for area in range(1, glass_limit_m2(nest) + 1):
            placed = openings(modules, area)
            for opening in placed:
                assert opening.width <= 6.0
                assert opening.height <= 3.2
                assert min(opening.width, opening.height) > 0.3
                limit = max(u for u, _ in house.facade(opening.facade).outline)
                for u, v in opening.outline:
                    roof = EAVES + (RIDGE - EAVES) * (1 - abs(u / (WIDTH / 2) - 1))
                    assert 0 < u < limit
                    assert 0 < v < (EAVES if limit > WIDTH else roof)
                if limit > WIDTH:
                    joint = [
                        x for x in house.joints if opening.left < x < opening.left + opening.width
                    ]
                    assert not joint
            assert len({(o.facade, round(o.left, 3), o.triangle) for o in placed}) == len(placed)


def test_all_windows_are_drawn_in_the_elevations() -> None:
    key = parse_path("v2/fenster/nest120.holzlattung.fichte40")
    assert render(key).count("data-window=") == len(openings(6, 40))


@pytest.mark.parametrize("nest", MODULES)
def test_the_room_has_the_windows_that_were_chosen(nest: str) -> None:
    """All but those of the gable that is cut away, where they are in the elevations."""
    for area in (0, 5, 20, glass_limit_m2(nest)):
        text = render(
            PreviewKey(
                "interior", nest, cladding="kiefer", floor="parkett",
                frame="pvc" if area else None, glass_m2=area,
            )
        )  # fmt: skip
        for facade in ("south", "north", "east"):
            chosen = sum(o.facade == facade for o in openings(MODULES[nest], area))
            assert text.count(f'data-window="{facade}"') == chosen
        assert ("keine Fenster gewählt" in text) == (area == 0)


def test_frames_of_the_room_have_the_chosen_material() -> None:
    rooms = {
        frame: render(
            PreviewKey("interior", "nest80", cladding="kiefer", floor="parkett", frame=frame, glass_m2=20)
        )
        for frame in FRAMES
    }  # fmt: skip
    for frame, text in rooms.items():
        assert f".f-frame{{fill:{PAINTS[frame]['frame'][0]}}}" in text


def test_without_windows_openings_are_only_promised() -> None:
    for view in ("exterior", "fenster"):
        text = render(PreviewKey(view, "nest80", shell="trapezblech"))
        assert "data-window" not in text
        assert "stroke-dasharray" in text
        assert "gestrichelt" in text


def test_a_longer_nest_is_a_longer_drawing_at_nearly_the_same_scale() -> None:
    spans, scales = [], []
    for modules in MODULES.values():
        house = Building(modules)
        assert house.length == pytest.approx(2.7 * modules)
        view = camera(house)
        xs = [view(corner)[0] for corner in house.corners]
        assert 20 < min(xs) < max(xs) < 1580
        spans.append(max(xs) - min(xs))
        scales.append(view((house.length, 0, 0))[1] - view((house.length, 0, 1))[1])
    assert spans == sorted(set(spans))
    assert min(scales) / max(scales) > 0.7


def test_the_length_is_written_in_german() -> None:
    assert "16,20\u00a0m" in render(parse_path("v2/exterior/nest120.holzlattung"))


def test_every_shell_frame_and_room_looks_different() -> None:
    shells = {render(PreviewKey("exterior", "nest80", shell=shell)) for shell in SHELLS}
    rooms = {render(key) for key in EVERY_ROOM}
    assert len(shells) == len(SHELLS)
    assert len(rooms) == len(EVERY_ROOM)


def test_a_drawing_is_the_same_in_every_process() -> None:
    paths = [full(view, "nest120", "holzlattung").path for view in VIEWS]
    code = (
        "import sys; from configurator.preview.scene.keys import parse_path;"
        "from configurator.preview.svg.rendering import render;"
        "sys.stdout.buffer.write(''.join(render(parse_path(p)) for p in sys.argv[1:]).encode())"
    )
    here = "".join(render(parse_path(path)) for path in paths)
    assert here == "".join(render(parse_path(path)) for path in paths)
    for seed in ("1", "4711"):
        answer = subprocess.run(
            [sys.executable, "-c", code, *paths],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            check=True,
            timeout=30,
        )
        assert answer.stdout.decode() == here
