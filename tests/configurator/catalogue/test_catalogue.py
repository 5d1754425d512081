"""The catalogue file: what it says."""

import hashlib
import re

import msgspec
from hypothesis import given

from configurator.catalogue.model import Category, Fixed, Included, Option, PerUnit, Size
from configurator.catalogue.reading import parse_catalogue
from configurator.catalogue.selection import Selection
from configurator.preview.scene.keys import preview_key
from configurator.text import Text
from tests.configurator.nest_haus import (
    CATALOGUE,
    CATALOGUE_TEXT,
    category_of,
    house,
    option_ids,
    selections,
)


def test_the_eight_categories_in_their_order() -> None:
    assert {
        category.id: (category.view, category.required) for category in CATALOGUE.categories
    } == {
        "nest": ("exterior", True),
        "gebaeudehuelle": ("exterior", True),
        "innenverkleidung": ("interior", True),
        "fussboden": ("interior", True),
        "pvanlage": ("pv", False),
        "fenster": ("fenster", False),
        "planungspaket": ("exterior", False),
        "grundstueckscheck": ("exterior", False),
    }
    assert [view.id for view in CATALOGUE.views] == ["exterior", "interior", "pv", "fenster"]
    assert option_ids("fenster") == ["pvc", "fichte", "steirische_eiche", "aluminium"]
    assert option_ids("grundstueckscheck") == ["grundstueckscheck"]
    assert CATALOGUE.defaults == house("nest80 holzlattung kiefer parkett", fenster=("pvc", 20))
    assert CATALOGUE.vat_percent == 20


def test_sizes_and_what_fits_them() -> None:
    assert CATALOGUE.sizes["nest80"] == Size(modules=4, usable_area_m2=75)
    assert CATALOGUE.sizes["nest160"] == Size(modules=8, usable_area_m2=155)
    panels, windows = category_of("pvanlage").quantity, category_of("fenster").quantity
    assert panels is not None
    assert windows is not None
    assert list(panels.maximum.values()) == [2 * size.modules for size in CATALOGUE.sizes.values()]
    assert list(windows.maximum.values()) == [46, 50, 54, 58, 62]


def test_price_rules() -> None:
    pvc, steel = (
        CATALOGUE.option("fenster", "pvc"),
        CATALOGUE.option("gebaeudehuelle", "trapezblech"),
    )
    assert pvc is not None
    assert pvc.price == PerUnit(unit_cents=280_00)
    assert steel is not None
    assert steel.price == Included()
    assert CATALOGUE.option("fenster", "steel") is None
    assert CATALOGUE.category("pool") is None


def test_every_text_is_there_in_both_languages_and_short() -> None:
    parts: list[Category | Option] = []
    for category in CATALOGUE.categories:
        parts += [category, *category.options]
    texts = [text for part in parts for text in (part.name, part.description)]

    for text in texts:
        assert 0 < len(text.de) < 110
        assert 0 < len(text.en) < 110
        assert not re.search(r"\b(Sie haben|Ihr|Ihnen)\b", text.de)


def test_the_revision_is_the_hash_of_the_text() -> None:
    assert CATALOGUE.revision == hashlib.sha256(CATALOGUE_TEXT.encode()).hexdigest()
    other = parse_catalogue(CATALOGUE_TEXT + "# touched\n", source="other")
    assert other != CATALOGUE
    assert parse_catalogue(CATALOGUE_TEXT, source="again") == CATALOGUE


def test_the_json_for_clients() -> None:
    shown = msgspec.json.decode(msgspec.json.encode(CATALOGUE.public()))

    assert shown["id"] == "nest-haus-2025-2"
    assert {view["id"]: view["shows"] for view in shown["views"]} == {
        "exterior": ["nest", "gebaeudehuelle", "pvanlage", "fenster"],
        "interior": ["nest", "innenverkleidung", "fussboden", "fenster"],
        "pv": ["nest", "gebaeudehuelle", "pvanlage"],
        "fenster": ["nest", "gebaeudehuelle", "fenster"],
    }
    assert shown["financing"] == {"months": 240, "rate_percent": 3.5}
    assert shown["defaults"]["gebaeudehuelle"] == {"option": "holzlattung"}
    assert shown["sizes"]["nest120"] == {"modules": 6, "usable_area_m2": 115}
    panels = next(category for category in shown["categories"] if category["id"] == "pvanlage")
    assert panels == {
        "id": "pvanlage",
        "name": {"de": "Photovoltaik", "en": "Solar power"},
        "description": {
            "de": "Strom vom eigenen Dach; wie viele Module passen, hängt von der Größe ab.",
            "en": "Power from your own roof; how many panels fit depends on the size.",
        },
        "view": "pv",
        "required": False,
        "quantity": {
            "unit": {"de": "Module", "en": "panels"},
            "unit_one": {"de": "Modul", "en": "panel"},
            "minimum": 0,
            "maximum": {"nest80": 8, "nest100": 10, "nest120": 12, "nest140": 14, "nest160": 16},
            "step": 1,
            "default": 8,
        },
        "options": [
            {
                "id": "pv_panels",
                "name": {"de": "Photovoltaik-Module", "en": "Solar panels"},
                "description": {
                    "de": "0,4 kWp je Modul, flach auf dem Dach montiert.",
                    "en": "0.4 kWp per panel, mounted flat on the roof.",
                },
                "swatch": {"key": "photovoltaik", "colour": "#1b2a41"},
                "price": {"kind": "per_unit", "unit_cents": 39_000},
            }
        ],
    }
    kinds = {
        (category["id"], option["id"]): option["price"]
        for category in shown["categories"]
        for option in category["options"]
    }
    assert kinds["fussboden", "parkett"] == {"kind": "included"}
    assert kinds["fussboden", "schiefer_massiv"] == {"kind": "combination"}
    assert kinds["planungspaket", "plus"] == {"kind": "fixed", "amount_cents": 1_390_000}


def test_prices_may_be_written_in_cents() -> None:
    cents = CATALOGUE_TEXT.replace("amount_euros: 490", "amount_cents: 49_050")

    option = parse_catalogue(cents, source="cents").option("grundstueckscheck", "grundstueckscheck")

    assert option is not None
    assert option.name == Text(de="Grundstücks-Check", en="Plot check")
    assert option.price == Fixed(amount_cents=49_050)


@given(selections())
def test_every_selection_has_a_picture_in_every_view(selection: Selection) -> None:
    choices = {category: (choice.option, choice.quantity) for category, choice in selection.items()}
    for view in CATALOGUE.views:
        preview_key(view.id, choices)
