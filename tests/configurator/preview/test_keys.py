"""The choices that make a picture, and the addresses that exist."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.preview.scene.keys import (
    CLADDINGS,
    FLOORS,
    FRAMES,
    GEOMETRY_VERSION,
    MODULES,
    SHELLS,
    PreviewKey,
    PreviewUnknown,
    glass_limit_m2,
    panel_limit,
    parse_path,
    preview_key,
)

CHOICES: dict[str, tuple[str, int | None]] = {
    "nest": ("nest120", None),
    "gebaeudehuelle": ("holzlattung", None),
    "innenverkleidung": ("fichte", None),
    "fussboden": ("kalkstein_kanafar", None),
    "pvanlage": ("pv_panels", 10),
    "fenster": ("fichte", 20),
    "planungspaket": ("plus", None),
    "grundstueckscheck": ("yes", None),
}


@st.composite
def keys(draw: st.DrawFn) -> PreviewKey:
    """Any key that exists."""
    view = draw(st.sampled_from(["exterior", "interior", "pv", "fenster"]))
    nest = draw(st.sampled_from(sorted(MODULES)))
    if view == "interior":
        cladding, floor = draw(st.sampled_from(CLADDINGS)), draw(st.sampled_from(FLOORS))
        glass = draw(st.integers(0, glass_limit_m2(nest)))
        frame = draw(st.sampled_from(FRAMES)) if glass else None
        return PreviewKey(view, nest, cladding=cladding, floor=floor, frame=frame, glass_m2=glass)
    shell = draw(st.sampled_from(SHELLS))
    panels = draw(st.integers(0, panel_limit(nest))) if view != "fenster" else 0
    glass = draw(st.integers(0, glass_limit_m2(nest))) if view != "pv" else 0
    frame = draw(st.sampled_from(FRAMES)) if glass else None
    return PreviewKey(view, nest, shell=shell, panels=panels, frame=frame, glass_m2=glass)


@pytest.mark.parametrize(
    ("view", "path"),
    [
        ("exterior", "v2/exterior/nest120.holzlattung.pv10.fichte20"),
        ("interior", "v2/interior/nest120.fichte.kalkstein_kanafar.fichte20"),
        ("pv", "v2/pv/nest120.holzlattung.pv10"),
        ("fenster", "v2/fenster/nest120.holzlattung.fichte20"),
    ],
)
def test_an_address_names_what_the_view_shows_and_nothing_else(view: str, path: str) -> None:
    assert preview_key(view, CHOICES).path == path


def test_an_empty_selection_shows_the_defaults() -> None:
    assert preview_key("exterior", {}).path == "v2/exterior/nest80.holzlattung"
    assert preview_key("interior", {}).path == "v2/interior/nest80.kiefer.parkett"


def test_the_exterior_ignores_the_inside_and_the_interior_the_outside() -> None:
    inside = {**CHOICES, "innenverkleidung": ("kiefer", None), "fussboden": ("parkett", None)}
    outside = {**CHOICES, "gebaeudehuelle": ("trapezblech", None), "pvanlage": ("pv_panels", 2)}

    assert preview_key("exterior", inside) == preview_key("exterior", CHOICES)
    assert preview_key("interior", outside) == preview_key("interior", CHOICES)


@pytest.mark.parametrize(
    ("view", "choices"),
    [
        ("garden", {}),
        ("exterior", {"nest": ("nest90", None)}),
        ("exterior", {"gebaeudehuelle": ("stroh", None)}),
        ("exterior", {"pvanlage": ("pv_panels", 9)}),
        ("exterior", {"pvanlage": ("pv_panels", -1)}),
        ("fenster", {"fenster": ("pvc", 47)}),
        ("fenster", {"fenster": ("glas", 20)}),
        ("interior", {"fussboden": ("teppich", None)}),
    ],
)
def test_a_house_that_cannot_be_drawn_has_no_key(
    view: str, choices: dict[str, tuple[str, int | None]]
) -> None:
    with pytest.raises(PreviewUnknown):
        preview_key(view, choices)


@given(keys())
def test_every_path_leads_back_to_its_key(key: PreviewKey) -> None:
    assert parse_path(key.path) == key


def test_an_address_of_an_earlier_geometry_leads_to_todays() -> None:
    """Pages that were open before an update ask for it."""
    assert (
        parse_path("v1/interior/nest80.kiefer.parkett").path == "v2/interior/nest80.kiefer.parkett"
    )


@pytest.mark.parametrize(
    "path",
    [
        "",
        "v2",
        "v3/pv/nest80.holzlattung",
        "v02/pv/nest80.holzlattung",
        "/v2/pv/nest80.holzlattung",
        "v2/pv/nest80.holzlattung\n",
        "v2/pv/nest80.holzlattung.svg",
        "v2/pv/nest80",
        "v2/pv/nest80.kiefer",
        "v2/pv/nest80.holzlattung.pv0",
        "v2/pv/nest80.holzlattung.pv01",
        "v2/pv/nest80.holzlattung.pv9",
        "v2/pv/nest80.holzlattung.pv٣",
        "v2/pv/nest80.holzlattung.fichte20",
        "v2/exterior/nest80.holzlattung.fichte20.pv4",
        "v2/exterior/nest80.holzlattung.fichte0",
        "v2/exterior/nest80.holzlattung.fichte47",
        "v2/exterior/nest80.holzlattung.pv4.pv4",
        "v2/exterior/nest80.holzlattung.kiefer",
        "v2/interior/nest80.kiefer",
        "v2/interior/nest80.kiefer.parkett.pv2",
        "v2/interior/nest80.holzlattung.parkett",
        "v2/interior/../pv/nest80.holzlattung",
        "v2/pv/nest80.holzlattung.pv" + "9" * 5000,
    ],
)
def test_anything_else_is_refused(path: str) -> None:
    with pytest.raises(PreviewUnknown):
        parse_path(path)


@given(keys(), st.data())
def test_a_mutated_path_is_refused_or_is_another_canonical_one(
    key: PreviewKey, data: st.DataObject
) -> None:
    path = key.path
    at = data.draw(st.integers(0, len(path) - 1))
    letter = data.draw(st.sampled_from("0123456789abvn./_-%AZ \n\u00e4"))
    changed = path[:at] + letter + path[at + data.draw(st.integers(0, 1)) :]
    try:
        parsed = parse_path(changed)
    except PreviewUnknown:
        return
    version, _, rest = changed.partition("/")
    assert int(version.removeprefix("v")) <= GEOMETRY_VERSION
    assert parsed.path.partition("/")[2] == rest


@given(st.text(max_size=120))
def test_no_text_breaks_the_parser(path: str) -> None:
    try:
        parse_path(path)
    except PreviewUnknown:
        return
    pytest.fail("random text is not an address")


def test_windows_need_a_material_and_a_material_needs_windows() -> None:
    for frame, glass in ((None, 5), ("pvc", 0)):
        with pytest.raises(PreviewUnknown):
            PreviewKey("fenster", "nest80", shell="trapezblech", frame=frame, glass_m2=glass)


def test_two_keys_never_share_a_path() -> None:
    paths = [
        PreviewKey("exterior", n, shell=s, panels=p, frame=f, glass_m2=g).path
        for n, s, p in product(MODULES, SHELLS, (0, 1, 8))
        for f, g in ((None, 0), ("pvc", 1), ("pvc", 46), ("fichte", 1))
    ]
    assert len(set(paths)) == len(paths)
