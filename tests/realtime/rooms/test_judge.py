"""The judge, without servers: what is kept is what would be computed."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from configurator.catalogue.selection import Choice, Selection
from configurator.pricing.derived import derive
from configurator.pricing.price import total_cents
from realtime.rooms.judge import DerivedState, DerivedStates
from tests.configurator.nest_haus import CATALOGUE, house, selections


def computed(selection: Selection) -> bytes:
    derived = derive(CATALOGUE, selection)
    return msgspec.json.encode(derived)


@given(asked=st.lists(selections(), min_size=1, max_size=12))
def test_a_kept_state_equals_a_computed_one(asked: list[Selection]) -> None:
    kept = DerivedStates(kept_max=3)
    for selection in [*asked, *reversed(asked), *asked]:
        again = Selection(
            {name: Choice(option=c.option, quantity=c.quantity) for name, c in selection.items()}
        )
        state = kept.of(CATALOGUE, again)
        assert bytes(state.json) == computed(selection)
        assert state.total_cents == total_cents(CATALOGUE, selection)


def test_a_state_is_derived_once_and_the_oldest_forgotten() -> None:
    kept = DerivedStates(kept_max=2)

    def of(size: str) -> DerivedState:
        return kept.of(CATALOGUE, house(f"{size} trapezblech kiefer parkett"))

    smallest, small = of("nest80"), of("nest100")
    assert of("nest80") is smallest
    of("nest120")
    assert of("nest80") is smallest
    assert of("nest100") is not small, "it was the one asked for longest ago"
    assert len(kept) == 2
