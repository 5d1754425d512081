"""The text of the repair that is offered for a refused undo."""

from configurator.operations.intents import Apply, Clear, Select, Undo
from configurator.operations.outcomes import Conflict
from tests.configurator.edited_house import EditedHouse
from tests.configurator.nest_haus import CATALOGUE


def test_the_repair_says_what_it_leads_to() -> None:
    """Two choices by name, and how many more."""
    edited = EditedHouse(CATALOGUE.defaults)
    edited.do(
        "Anna",
        Apply(
            operations=(
                Select(category="nest", option="nest120"),
                Clear(category="fenster"),
                Select(category="fussboden", option="schiefer_massiv"),
            )
        ),
    )
    edited.do("Ben", Select(category="nest", option="nest140"))

    asked = edited.do("Anna", Undo())

    assert isinstance(asked, Conflict)
    assert asked.repairs[0].text.de == (
        "Trotzdem zurücknehmen: Größe: Nest. 80, Fußboden: Parkett Eiche und 1 mehr"
    )
