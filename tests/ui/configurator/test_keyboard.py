"""The configurator by keyboard: choices by arrow keys, and what has the focus in sight."""

import pytest
from playwright.sync_api import expect

from tests.support.keys import press_quickly
from tests.ui.configurator.test_configurator import open_house, option, total
from tests.ui.conftest import Served, Visit

pytestmark = pytest.mark.e2e


def test_arrow_keys_choose_after_a_rest_and_pass_over_the_rest(
    served: Served, visit: Visit
) -> None:
    house = served.house()
    page = open_house(visit, house)
    option(page, "nest", "nest80").focus()
    press_quickly(page, "ArrowDown", "ArrowDown")
    expect(option(page, "nest", "nest120")).to_be_focused()
    total(page, "€ 241.900")
    assert house.version == 1
    page.keyboard.press("End")
    page.keyboard.press("Space")
    total(page, "€ 313.100")


def test_focus_is_never_behind_the_price_bar(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house(), width=390, height=844)
    for _ in range(24):
        page.keyboard.press("Tab")
        hidden = page.evaluate(
            """() => {
                const el = document.activeElement;
                if (!el || el === document.body || el.closest('.topbar, .pricebar, .dev, .skip')) return null;
                const box = el.getBoundingClientRect();
                const bar = document.querySelector('.pricebar').getBoundingClientRect();
                return box.top >= bar.top - 4 ? el.outerHTML.slice(0, 80) : null;
            }"""
        )
        assert hidden is None
