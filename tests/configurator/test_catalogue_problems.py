"""Every way in which a broken catalogue file is told what to repair, and on which line."""

from dataclasses import dataclass

import pytest

from configurator.catalogue import parse_catalogue
from configurator.errors import CatalogueInvalid, Problem
from tests.configurator.nest_haus import CATALOGUE_TEXT


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(CatalogueInvalid) as caught:
        parse_catalogue(text, source="broken.yaml")
    return caught.value.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One edit of the good file, and the problem to report at the line of `at`.

    `consequences` are the paths of what is wrong elsewhere because of it.
    """

    name: str
    old: str
    new: str
    at: str
    path: str
    message: str
    consequences: tuple[str, ...] = ()


BROKEN = [
    Broken(
        name="unknown key",
        old="vat_percent: 20",
        new="vat_percent: 20\nvat: 20",
        at="vat: 20",
        path="vat",
        message="unknown key",
    ),
    Broken(
        name="missing key",
        old="currency: EUR\n",
        new="",
        at="# The catalogue",
        path="",
        message="missing key: currency",
    ),
    Broken(
        name="missing key of an option",
        old="      - id: basis\n        name: {de: Planung Basis, en: Planning Basic}\n",
        new="      - id: basis\n",
        at="- id: basis",
        path="categories[6].options[0]",
        message="missing key: name",
    ),
    Broken(
        name="missing price",
        old="        price: {unit_euros: 550}\n",
        new="",
        at="- id: steirische_eiche\n        name: {de: Steirische Eiche, en: Styrian oak}\n        description:\n          de: Rahmen",
        path="categories[5].options[2]",
        message="missing key: price",
    ),
    Broken(
        name="a price twice",
        old="price: {unit_euros: 550}",
        new="price: {unit_euros: 550, unit_cents: 55000}",
        at="price: {unit_euros: 550",
        path="categories[5].options[2].price",
        message="needs unit_euros or unit_cents, and only one of them",
    ),
    Broken(
        name="a price per unit without a quantity",
        old="price: {amount_euros: 490}",
        new="price: {amount_euros: 490, unit_euros: 3}",
        at="price: {amount_euros: 490",
        path="categories[7].options[0].price.unit_euros",
        message="unknown key",
    ),
    Broken(
        name="a price beside the table",
        old='swatch: {key: parkett, colour: "#bf9566"}',
        new='swatch: {key: parkett, colour: "#bf9566"}\n        price: {amount_euros: 1}',
        at="price: {amount_euros: 1}",
        path="categories[3].options[0].price",
        message="the price of this option is in the combination",
    ),
    Broken(
        name="float euros",
        old="price: {amount_euros: 490}",
        new="price: {amount_euros: 490.5}",
        at="490.5",
        path="categories[7].options[0].price.amount_euros",
        message="must be a whole number, without a fraction",
    ),
    Broken(
        name="float cents",
        old="price: {amount_euros: 490}",
        new="price: {amount_cents: 49000.0}",
        at="49000.0",
        path="categories[7].options[0].price.amount_cents",
        message="must be a whole number, without a fraction",
    ),
    Broken(
        name="float in the table",
        old="base_euros: 197600",
        new="base_euros: 1.976e+5",
        at="1.976e+5",
        path="combination.rows[15].base_euros",
        message="must be a whole number, without a fraction",
    ),
    Broken(
        name="octal",
        old="price: {amount_euros: 490}",
        new="price: {amount_euros: 0490}",
        at="0490",
        path="categories[7].options[0].price.amount_euros",
        message="must be a whole number, without a fraction",
    ),
    Broken(
        name="negative price",
        old="price: {amount_euros: 490}",
        new="price: {amount_euros: -490}",
        at="-490",
        path="categories[7].options[0].price.amount_euros",
        message="must be at least 0",
    ),
    Broken(
        name="text for a number",
        old="vat_percent: 20",
        new='vat_percent: "20"',
        at="vat_percent",
        path="vat_percent",
        message="must be a whole number, without a fraction",
    ),
    Broken(
        name="text for a flag",
        old="    view: pv\n    required: false",
        new="    view: pv\n    required: maybe",
        at="required: maybe",
        path="categories[4].required",
        message="must be true or false",
    ),
    Broken(
        name="number for a text",
        old="name: {de: Nest. 120, en: Nest. 120}",
        new="name: {de: Nest. 120, en: 120}",
        at="en: 120}",
        path="categories[0].options[2].name.en",
        message="must be a text",
    ),
    Broken(
        name="list for a mapping",
        old="financing: {months: 240, rate_percent: 3.5}",
        new="financing: [240, 3.5]",
        at="financing:",
        path="financing",
        message="must be a mapping",
    ),
    Broken(
        name="mapping for a list",
        old="innenverkleidung: [kiefer], fussboden: [parkett], base_euros: 155500",
        new="innenverkleidung: {kiefer: 1}, fussboden: [parkett], base_euros: 155500",
        at="{kiefer: 1}",
        path="combination.rows[0].innenverkleidung",
        message="must be a list",
        consequences=("combination.rows",),
    ),
    Broken(
        name="interest as a word",
        old="rate_percent: 3.5",
        new="rate_percent: 3.5%",
        at="3.5%",
        path="financing.rate_percent",
        message="must be a decimal number",
    ),
    Broken(
        name="missing translation",
        old="name: {de: Fußboden, en: Floor}",
        new="name: {de: Fußboden}",
        at="name: {de: Fußboden}",
        path="categories[3].name",
        message="missing key: en",
    ),
    Broken(
        name="empty translation",
        old="name: {de: Fußboden, en: Floor}",
        new='name: {de: " ", en: Floor}',
        at='name: {de: " "',
        path="categories[3].name.de",
        message="must be a text",
    ),
    Broken(
        name="key written twice",
        old="currency: EUR",
        new="currency: EUR\ncurrency: CHF",
        at="currency: CHF",
        path="currency",
        message="written twice",
    ),
    Broken(
        name="yes as a key",
        old="defaults:\n",
        new="defaults:\n  yes: {option: nest80}\n",
        at="yes: {option",
        path="defaults.yes",
        message="the key must be a word; quote it",
    ),
    Broken(
        name="duplicate view",
        old="  - id: fenster\n    name: {de: Fenster, en: Windows}\n\nsize:",
        new="  - id: fenster\n    name: {de: Fenster, en: Windows}\n  - {id: pv, name: {de: a, en: b}}\n\nsize:",
        at="{id: pv, name",
        path="views[4]",
        message="there is another view pv",
    ),
    Broken(
        name="duplicate option",
        old="price: {amount_euros: 490}",
        new="price: {amount_euros: 490}\n      - {id: grundstueckscheck, name: {de: a, en: b}, description: {de: a, en: b}, price: {amount_euros: 1}}",
        at="- {id: grundstueckscheck",
        path="categories[7].options[1]",
        message="there is another option grundstueckscheck",
    ),
    Broken(
        name="duplicate category",
        old="  - id: grundstueckscheck\n    name",
        new="  - id: planungspaket\n    name",
        at="  - id: planungspaket\n    name: {de: Grundstücks-Check",
        path="categories[7]",
        message="there is another category planungspaket",
    ),
    Broken(
        name="id that is none",
        old="- id: aluminium",
        new="- id: Aluminium 7016",
        at="Aluminium 7016",
        path="categories[5].options[3].id",
        message="must be an id",
    ),
    Broken(
        name="catalogue id that is none",
        old="id: nest-haus-2025-2",
        new="id: nest haus",
        at="id: nest haus",
        path="id",
        message="must be letters, digits and hyphens",
    ),
    Broken(
        name="unknown view",
        old="    view: pv\n",
        new="    view: roof\n",
        at="view: roof",
        path="categories[4].view",
        message="no such view: roof",
    ),
    Broken(
        name="no colour",
        old='colour: "#1b2a41"',
        new="colour: navy",
        at="colour: navy",
        path="categories[4].options[0].swatch.colour",
        message='must be a colour like "#b8895a"',
    ),
    Broken(
        name="missing cell of the table",
        old="innenverkleidung: [fichte], fussboden: [kalkstein_kanafar, schiefer_massiv], base_euros: 172100",
        new="innenverkleidung: [fichte], fussboden: [kalkstein_kanafar], base_euros: 172100",
        at="rows:",
        path="combination.rows",
        message="no price for holzlattung, fichte, schiefer_massiv",
    ),
    Broken(
        name="cell priced twice",
        old="innenverkleidung: [fichte], fussboden: [parkett], base_euros: 156900",
        new="innenverkleidung: [fichte, kiefer], fussboden: [parkett], base_euros: 156900",
        at="innenverkleidung: [fichte, kiefer]",
        path="combination.rows[1]",
        message="priced twice: trapezblech, kiefer, parkett",
    ),
    Broken(
        name="dangling reference in the table",
        old="gebaeudehuelle: [fassadenplatten_schwarz, fassadenplatten_weiss], innenverkleidung: [kiefer], fussboden: [parkett]",
        new="gebaeudehuelle: [fassadenplatten_schwarz, fassadenplatten_weiss, ziegel], innenverkleidung: [kiefer], fussboden: [parkett]",
        at="ziegel",
        path="combination.rows[12].gebaeudehuelle[2]",
        message="no such option of gebaeudehuelle: ziegel",
    ),
    Broken(
        name="included option that does not exist",
        old="included: {gebaeudehuelle: trapezblech",
        new="included: {gebaeudehuelle: ziegel",
        at="included: {gebaeudehuelle: ziegel",
        path="combination.included.gebaeudehuelle",
        message="no such option of gebaeudehuelle: ziegel",
    ),
    Broken(
        name="base larger than a size",
        old="base_modules: 4",
        new="base_modules: 5",
        at="base_modules: 5",
        path="combination.base_modules",
        message="there is a size with fewer modules",
    ),
    Broken(
        name="size that does not exist",
        old="nest140: {modules: 7, usable_area_m2: 135}",
        new="nest140: {modules: 7, usable_area_m2: 135}\n    nest180: {modules: 9, usable_area_m2: 175}",
        at="nest180: {modules",
        path="size.options.nest180",
        message="unknown key",
        consequences=("categories[4].quantity.maximum", "categories[5].quantity.maximum"),
    ),
    Broken(
        name="size category that may be absent",
        old="    view: exterior\n    required: true\n    options:\n      - id: nest80",
        new="    view: exterior\n    required: false\n    options:\n      - id: nest80",
        at="category: nest",
        path="size.category",
        message="nest must be required",
    ),
    Broken(
        name="axis that may be absent",
        old="    view: interior\n    required: true\n    options:\n      - id: parkett",
        new="    view: interior\n    required: false\n    options:\n      - id: parkett",
        at="included: {",
        path="combination.included.fussboden",
        message="fussboden must be required",
    ),
    Broken(
        name="quantity of a category of the table",
        old="    view: interior\n    required: true\n    options:\n      - id: parkett",
        new="    view: interior\n    required: true\n    quantity: {unit: {de: a, en: a}, unit_one: {de: a, en: a}, place: {de: a, en: a}, minimum: 0, maximum: {nest80: 1, nest100: 1, nest120: 1, nest140: 1, nest160: 1}, step: 1, default: 1}\n    options:\n      - id: parkett",
        at="quantity: {unit",
        path="categories[3].quantity",
        message="a category of the combination has no quantity",
        consequences=("defaults.fussboden",),
    ),
    Broken(
        name="maximum of a size missing",
        old="maximum: {nest80: 8, nest100: 10, ",
        new="maximum: {nest80: 8, ",
        at="maximum: {nest80: 8, ",
        path="categories[4].quantity.maximum",
        message="missing key: nest100",
    ),
    Broken(
        name="maximum of nothing",
        old="maximum: {nest80: 8, ",
        new="maximum: {nest80: 0, ",
        at="maximum: {nest80: 0",
        path="categories[4].quantity.maximum.nest80",
        message="must be reachable from the minimum in steps, and above 0",
    ),
    Broken(
        name="maximum between two steps",
        old="maximum: {nest80: 46, nest100: 50, nest120: 54, nest140: 58, nest160: 62}\n      step: 1",
        new="maximum: {nest80: 40, nest100: 52, nest120: 60, nest140: 60, nest160: 60}\n      step: 20",
        at="maximum: {nest80: 40, nest100: 52",
        path="categories[5].quantity.maximum.nest100",
        message="must be reachable from the minimum in steps, and above 0",
    ),
    Broken(
        name="step of nothing",
        old="step: 1\n      default: 8",
        new="step: 0\n      default: 8",
        at="step: 0",
        path="categories[4].quantity.step",
        message="must be at least 1",
    ),
    Broken(
        name="default quantity out of bounds",
        old="default: 8",
        new="default: 17",
        at="default: 17",
        path="categories[4].quantity.default",
        message="must be a quantity that can be chosen",
    ),
    Broken(
        name="default that does not exist",
        old="  innenverkleidung: {option: kiefer}",
        new="  innenverkleidung: {option: zirbe}",
        at="innenverkleidung: {option: zirbe}",
        path="defaults.innenverkleidung",
        message="innenverkleidung is no option of this category",
    ),
    Broken(
        name="default of no category",
        old="  fussboden: {option: parkett}",
        new="  fussboden: {option: parkett}\n  pool: {option: gross}",
        at="pool: {option: gross}",
        path="defaults.pool",
        message="pool is no category of this catalogue",
    ),
    Broken(
        name="default missing",
        old="  fussboden: {option: parkett}\n",
        new="",
        at="defaults:",
        path="defaults",
        message="fussboden must be chosen",
    ),
    Broken(
        name="default quantity too large for the default size",
        old="  fussboden: {option: parkett}",
        new="  fussboden: {option: parkett}\n  pvanlage: {option: pv_panels, quantity: 9}",
        at="pvanlage: {option: pv_panels, quantity: 9}",
        path="defaults.pvanlage",
        message="pvanlage must be 1 to 8 in steps of 1",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_problem_is_reported_with_its_line(broken: Broken) -> None:
    reported_with_its_line(broken)


def reported_with_its_line(broken: Broken) -> None:
    assert CATALOGUE_TEXT.count(broken.old) == 1, "the edit must be unique"
    text = CATALOGUE_TEXT.replace(broken.old, broken.new)
    line = text[: text.index(broken.at)].count("\n") + 1

    problems = problems_of(text)

    assert {problem.path for problem in problems} == {broken.path, *broken.consequences}
    (problem,) = [problem for problem in problems if problem.path == broken.path]
    assert problem.line == line
    assert broken.message in problem.message


def test_every_problem_is_reported_in_the_order_of_the_lines() -> None:
    text = (
        CATALOGUE_TEXT.replace("vat_percent: 20", "vat_percent: 20.0")
        .replace("view: pv\n", "view: roof\n")
        .replace("price: {amount_euros: 490}", "price: {amount_euros: 490.5}")
    )

    problems = problems_of(text)

    assert [problem.path for problem in problems] == [
        "vat_percent",
        "categories[4].view",
        "categories[7].options[0].price.amount_euros",
    ]
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "the document is empty"),
        ("a: 1\nb: [2\nc: 3\n", 3, "is not YAML"),
        ("a: *nowhere\n", 1, "is not YAML"),
        ("a: 1\n--- \nb: 2\n", 2, "is not YAML"),
        ("a: \x00", 1, "is not YAML"),
        ("just a text", 1, "must be a mapping"),
        ("- a\n- list\n", 1, "must be a mapping"),
    ],
)
def test_what_is_no_catalogue_at_all(text: str, line: int, message: str) -> None:
    problems = problems_of(text)

    assert problems[0].line == line
    assert message in problems[0].message


def test_the_error_names_the_file_and_every_line() -> None:
    with pytest.raises(CatalogueInvalid, match=r"broken\.yaml:4: id: must be a text") as caught:
        parse_catalogue(
            CATALOGUE_TEXT.replace("id: nest-haus-2025-2", "id: [1]"), source="broken.yaml"
        )
    assert caught.value.source == "broken.yaml"
