"""The catalogue of the tests, short ways to write selections, and strategies that draw them."""

from itertools import product
from pathlib import Path

from hypothesis import strategies as st

from configurator.catalogue.canonical import quantity_bounds
from configurator.catalogue.model import Catalogue, Category
from configurator.catalogue.reading import parse_catalogue
from configurator.catalogue.selection import Choice, Selection
from configurator.operations.intents import (
    Apply,
    Clear,
    Operation,
    Reset,
    Select,
    SetQuantity,
    SingleOperation,
)

SOURCE = Path(__file__).parents[2] / "catalogues" / "nest-haus-2025-2.yaml"
CATALOGUE_TEXT = SOURCE.read_text(encoding="utf-8")
CATALOGUE: Catalogue = parse_catalogue(CATALOGUE_TEXT, source=SOURCE.name)

REQUIRED = ("nest", "gebaeudehuelle", "innenverkleidung", "fussboden")
COUNTED = ("pvanlage", "fenster")


def house(
    required: str = "nest80 trapezblech kiefer parkett",
    *,
    pv: int = 0,
    fenster: tuple[str, int] | None = None,
    planung: str | None = None,
    check: bool = False,
) -> Selection:
    """`house("nest120 holzlattung fichte parkett", pv=10)`."""
    chosen = {
        category: Choice(option=option)
        for category, option in zip(REQUIRED, required.split(), strict=True)
    }
    if pv:
        chosen["pvanlage"] = Choice(option="pv_panels", quantity=pv)
    if fenster is not None:
        chosen["fenster"] = Choice(option=fenster[0], quantity=fenster[1])
    if planung is not None:
        chosen["planungspaket"] = Choice(option=planung)
    if check:
        chosen["grundstueckscheck"] = Choice(option="grundstueckscheck")
    return Selection(chosen)


def category_of(category: str) -> Category:
    return CATALOGUE.by_id[category]


def option_ids(category: str) -> list[str]:
    return [option.id for option in category_of(category).options]


def every_combination() -> list[Selection]:
    """All 180 selections of the required categories."""
    return [house(" ".join(options)) for options in product(*map(option_ids, REQUIRED))]


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    """Any canonical selection."""
    selection = Selection()
    for category in CATALOGUE.categories:
        if category.required or draw(st.booleans()):
            option = draw(st.sampled_from(option_ids(category.id)))
            choice = Choice(option=option)
            selection_with_size = selection or house(f"{option} trapezblech kiefer parkett")
            bounds = quantity_bounds(CATALOGUE, category, selection_with_size)
            if bounds is not None:
                quantity = draw(st.integers(bounds.lowest, bounds.maximum))
                choice = Choice(option=option, quantity=quantity)
            selection = selection.with_choice(category.id, choice)
    return selection


def single_operations(*, sensible: bool = False) -> st.SearchStrategy[SingleOperation]:
    """Selects, quantities and clears; unless `sensible`, also unknown ids and absurd quantities."""
    strange = [] if sensible else ["nonsense"]
    quantities = st.integers(0, 70) if sensible else st.integers(-3, 70) | st.just(1_000_000)
    categories = st.sampled_from([*CATALOGUE.by_id, *strange])
    counted = st.sampled_from(COUNTED)

    def select(category: str) -> st.SearchStrategy[Select]:
        known = option_ids(category) if category in CATALOGUE.by_id else []
        return st.builds(
            Select,
            category=st.just(category),
            option=st.sampled_from([*known, *strange]),
            quantity=st.none() if sensible and category not in COUNTED else st.none() | quantities,
        )

    return (
        categories.flatmap(select)
        | st.builds(SetQuantity, category=counted if sensible else categories, quantity=quantities)
        | st.builds(Clear, category=categories)
    )


def applies() -> st.SearchStrategy[Apply]:
    nested = st.lists(
        single_operations(sensible=True) | single_operations(), min_size=1, max_size=6
    )
    return st.builds(Apply, operations=nested.map(tuple))


def operations() -> st.SearchStrategy[Operation]:
    """Any operation; most of them can be carried out."""
    return (
        single_operations(sensible=True)
        | single_operations(sensible=True)
        | single_operations()
        | applies()
        | st.just(Reset())
    )
