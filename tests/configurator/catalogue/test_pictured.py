"""A catalogue that the preview cannot draw is refused, each problem with its line."""

import pytest

from tests.configurator.catalogue.broken import Broken, reported_with_its_line

NO_PICTURE = [
    Broken(
        name="option that cannot be drawn",
        old="- id: aluminium",
        new="- id: messing",
        at="- id: messing",
        path="categories[5].options[3]",
        message="the preview cannot draw messing; of fenster it draws pvc, fichte, steirische_eiche, aluminium",
    ),
    Broken(
        name="unknown view",
        old="    name: {de: Photovoltaik, en: Solar power}\n  - id: fenster\n    name: {de: Fenster",
        new="    name: {de: Photovoltaik, en: Solar power}\n  - id: garden\n    name: {de: Garten, en: Garden}\n  - id: fenster\n    name: {de: Fenster",
        at="  - id: garden",
        path="views[3]",
        message="the preview has no view garden; it has exterior, interior, pv, fenster",
    ),
    Broken(
        name="size with other modules",
        old="nest160: {modules: 8",
        new="nest160: {modules: 9",
        at="nest160: {modules: 9",
        path="size.options.nest160",
        message="the picture of nest160 has 8 modules",
    ),
    Broken(
        name="more panels than the roof has room for",
        old="maximum: {nest80: 8,",
        new="maximum: {nest80: 9,",
        at="maximum: {nest80: 9,",
        path="categories[4].quantity.maximum.nest80",
        message="the picture of nest80 has room for 8",
    ),
    Broken(
        name="more glass than the walls have room for",
        old="maximum: {nest80: 46,",
        new="maximum: {nest80: 47,",
        at="maximum: {nest80: 47,",
        path="categories[5].quantity.maximum.nest80",
        message="the picture of nest80 has room for 46",
    ),
]


@pytest.mark.parametrize("broken", NO_PICTURE, ids=lambda broken: broken.name)
def test_an_option_without_a_picture_is_reported_with_its_line(broken: Broken) -> None:
    reported_with_its_line(broken)
