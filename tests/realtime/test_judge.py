"""The judge, without servers: what is kept is what would be computed."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from configurator.catalogue import Catalogue
from configurator.derived import derive, derived_to_json
from configurator.pricing import total_cents
from configurator.selection import Choice, Selection
from realtime.judge import DerivedStates
from realtime.previews import preview_url
from tests.configurator.nest_haus import CATALOGUE, house, selections


def computed(selection: Selection) -> bytes:
    derived = derive(CATALOGUE, selection, preview_url=preview_url)
    return msgspec.json.encode(derived_to_json(derived))


@given(asked=st.lists(selections(), min_size=1, max_size=12))
def test_what_is_kept_is_what_would_be_computed(asked: list[Selection]) -> None:
    kept = DerivedStates(kept_max=3)
    for selection in [*asked, *reversed(asked), *asked]:
        again = Selection(
            {name: Choice(option=c.option, quantity=c.quantity) for name, c in selection.items()}
        )
        state = kept.of(CATALOGUE, again, preview_url)
        assert bytes(state.json) == computed(selection)
        assert state.total_cents == total_cents(CATALOGUE, selection)


def test_what_was_derived_is_derived_once_and_the_oldest_forgotten() -> None:
    asked: list[str] = []

    def counting(view: str, catalogue: Catalogue, selection: Selection) -> str:
        asked.append(selection["nest"].option)
        return preview_url(view, catalogue, selection)

    kept = DerivedStates(kept_max=2)
    for size in ("nest80", "nest100", "nest80", "nest120", "nest80", "nest100"):
        kept.of(CATALOGUE, house(f"{size} trapezblech kiefer parkett"), counting)
    views = len(CATALOGUE.views)
    assert asked[::views] == ["nest80", "nest100", "nest120", "nest100"]
    assert len(kept) == 2
