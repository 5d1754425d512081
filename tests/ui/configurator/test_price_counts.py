"""The painted total while it counts, in a real browser with its own clocks."""

import itertools

import pytest

from tests.ui.configurator.test_configurator import open_house, option, total
from tests.ui.conftest import Served, Visit

pytestmark = pytest.mark.e2e

PAINTED = """() => {
    window.painted = [];
    const seen = document.querySelector('[data-testid="total"] [aria-hidden]');
    const note = () => window.painted.push(Number(seen.textContent.replace(/\\D/g, '')));
    new MutationObserver(note).observe(seen, {childList: true, characterData: true, subtree: true});
    note();
}"""


def test_between_two_prices_only_values_between_them_are_painted(
    served: Served, visit: Visit
) -> None:
    page = open_house(visit, served.house(), moving=True)
    page.evaluate(PAINTED)
    prices = {"nest80": 170_700, "nest120": 241_900, "nest160": 313_100, "nest100": 206_300}
    now = prices["nest80"]
    for size in itertools.islice(itertools.cycle(["nest120", "nest80", "nest160", "nest100"]), 16):
        to = prices[size]
        option(page, "nest", size).click()
        total(page, f"€ {to:,}".replace(",", "."))
        page.wait_for_function(f"window.painted[window.painted.length - 1] === {to}")
        painted = page.evaluate("window.painted.splice(0, window.painted.length - 1)")
        path = [*painted, to]
        assert path == sorted(path, reverse=to < now), f"{now} -> {to}: {path}"
        assert path[0] == now, f"{now} -> {to}: {path}"
        now = to
