"""Checks, when a catalogue is read, that the preview can draw everything in it.

A catalogue that passes has a picture for each of its selections: `preview_key` never raises.
"""

from collections.abc import Mapping

from configurator.catalogue.marked_yaml import Marked
from configurator.catalogue.model import Catalogue, Category
from configurator.preview.scene.keys import (
    COUNTED,
    DRAWN,
    MODULES,
    SHOWN,
    glass_limit_m2,
    panel_limit,
)


def check_pictures(root: Mapping[str, Marked], catalogue: Catalogue) -> None:
    """Note a problem at each line of a catalogue, valid otherwise, that has no picture."""
    for view, mark in zip(catalogue.views, root["views"].items(), strict=True):
        _check_view(mark, view.id, catalogue)
    for name, place in root["size"].entries()["options"].entries().items():
        if name in MODULES and catalogue.sizes[name].modules != MODULES[name]:
            place.problem(f"the picture of {name} has {MODULES[name]} modules")
    shown = {category for view in catalogue.views for category in SHOWN.get(view.id, ())}
    for category, mark in zip(catalogue.categories, root["categories"].items(), strict=True):
        if category.id in shown:
            _check_options(mark, category)
        if category.id in shown.intersection(COUNTED):
            _check_quantity(mark, category)


def _check_view(mark: Marked, view: str, catalogue: Catalogue) -> None:
    if view not in SHOWN:
        mark.problem(f"the preview has no view {view}; it has {', '.join(SHOWN)}")
        return
    for name in SHOWN[view]:
        category = catalogue.category(name)
        if name not in COUNTED and (category is None or not category.required):
            mark.problem(f"this view shows {name}, which must be a required category")


def _check_options(mark: Marked, category: Category) -> None:
    known = DRAWN.get(category.id)
    if known is None:
        return
    places = mark.entries()["options"].items()
    for option, place in zip(category.options, places, strict=True):
        if option.id not in known:
            place.problem(
                f"the preview cannot draw {option.id}; of {category.id} it draws {', '.join(known)}"
            )


def _check_quantity(mark: Marked, category: Category) -> None:
    if category.quantity is None:
        mark.problem("needs a quantity: the picture shows how much of it was chosen")
        return
    limit = panel_limit if category.id == "pvanlage" else glass_limit_m2
    for size, place in mark.entries()["quantity"].entries()["maximum"].entries().items():
        if size in MODULES and category.quantity.maximum[size] > limit(size):
            place.problem(f"the picture of {size} has room for {limit(size)}")
