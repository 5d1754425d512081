"""Nothing covers what is read, touched or focused: small phones, low windows, large text, paper."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.configurator.test_configurator import open_house, option, status, total
from tests.ui.conftest import Served, Visit
from tests.ui.look.test_first_paint import PATIENTLY

pytestmark = pytest.mark.e2e

COLLISIONS = """(root) => {
  const seen = (node) => { const style = getComputedStyle(node); return style.visibility !== 'hidden' && style.clipPath === 'none'; };
  const boxes = [];
  for (const bar of document.querySelectorAll(root)) {
    const texts = document.createTreeWalker(bar, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      let hidden = !node.data.trim();
      for (let up = node.parentElement; up !== bar.parentElement; up = up.parentElement) hidden ||= !seen(up);
      const range = document.createRange();
      range.selectNodeContents(node);
      if (!hidden) for (const box of range.getClientRects()) boxes.push({ of: node.parentElement, what: node.data, box });
    }
    for (const button of bar.querySelectorAll('.button, .face')) boxes.push({ of: button, what: button.className, box: button.getBoundingClientRect() });
  }
  const found = [];
  for (const a of boxes) {
    const clip = a.of.closest('.status')?.getBoundingClientRect();
    const clipped = clip && a.box.top >= clip.bottom - 1;
    if (clip && !clipped && a.box.right > clip.right + 1) found.push(`${a.what} is cut`);
    if (!clipped && (a.box.left < 0 || a.box.right > innerWidth + 0.5)) found.push(`${a.what} leaves the screen`);
    for (const b of boxes) {
      if (a === b || clipped || a.of.contains(b.of) || b.of.contains(a.of)) continue;
      const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (wide > 0.5 && high > 0.5 && !b.of.closest('.status')) found.push(`${a.what} × ${b.what}: ${Math.round(wide)} px`);
    }
  }
  return found;
}"""
"""Texts and buttons of bars that overlap, leave the screen, or are cut in a word."""

COVERED_IN_FOCUS = """() => {
  const found = [];
  for (const control of document.querySelectorAll('.choices button, .choices input, .views button, .takeback button')) {
    if (!control.getClientRects().length || control.disabled) continue;
    control.focus();
    const box = control.getBoundingClientRect();
    const [x, y] = [box.left + Math.min(box.width / 2, 60), box.top + Math.min(box.height / 2, 20)];
    const there = document.elementFromPoint(x, y);
    if (!there || !(control.contains(there) || there.contains(control))) found.push(`${control.className} ${control.innerText} at ${Math.round(y)}`);
  }
  return found;
}"""
"""Controls that something else lies on when they have the focus."""


def settled(page: Page) -> None:
    """After the next two frames what was measured has been laid out."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


@pytest.mark.parametrize("locale", ["de-AT", "en-GB"])
def test_nothing_collides_in_the_bars_of_a_phone(served: Served, visit: Visit, locale: str) -> None:
    page = open_house(visit, served.house(), locale=locale, width=390, height=844)
    figures = {
        "€\u00a0165.100": "mtl. ab €\u00a0958",
        "ab €\u00a01.265.100": "from €12,533/month",
        "−\u00a0€\u00a010.265.100,50": "mtl. ab €\u00a0112.533",
    }
    collisions: dict[tuple[int, str, str], Any] = {}
    for width in (320, 344, 360, 375, 390, 600):
        page.set_viewport_size({"width": width, "height": 740})
        for size in ("100%", "200%"):
            page.evaluate("(size) => (document.documentElement.style.fontSize = size)", size)
            for price, monthly in figures.items():
                page.evaluate(
                    """([price, monthly]) => {
                      document.querySelector('.total span').textContent = price;
                      document.querySelector('.monthly').firstChild.data = monthly;
                    }""",
                    [price, monthly],
                )
                settled(page)
                found = page.evaluate(COLLISIONS, ".pricebar, .topbar")
                if found:
                    collisions[width, size, price] = found
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                collisions[width, size, "the page"] = wide
    assert collisions == {}


@pytest.mark.parametrize("locale", ["de-AT", "en-GB"])
def test_the_price_bar_keeps_its_height(served: Served, visit: Visit, locale: str) -> None:
    page = open_house(visit, served.house(), locale=locale, width=320, height=640)
    bar = page.locator(".pricebar")
    before = bar.evaluate("(bar) => bar.offsetHeight")
    for category, chosen in (("nest", "nest160"), ("planungspaket", "pro")):
        option(page, category, chosen).click()
        expect(option(page, category, chosen)).to_have_attribute("aria-checked", "true")
        settled(page)
        assert bar.evaluate("(bar) => bar.offsetHeight") == before


@pytest.mark.parametrize("locale", ["de-AT", "en-GB"])
def test_without_a_connection_the_top_bar_keeps_its_height(
    served: Served, visit: Visit, locale: str
) -> None:
    house = served.house()
    page = open_house(visit, house, locale=locale, width=320, height=640)
    open_house(visit, house, person="Bert Thaler")
    expect(page.locator(".topbar .face")).to_have_count(2)
    before = page.locator(".topbar").evaluate("(bar) => bar.offsetHeight")
    page.context.set_offline(True)
    option(page, "nest", "nest120").click()
    expect(page.get_by_test_id("status")).to_have_attribute("data-status", "offline")
    settled(page)
    collisions = page.evaluate(COLLISIONS, ".topbar")
    assert [each for each in collisions if each.count("face") < 2] == []  # faces lie side by side
    assert page.locator(".topbar").evaluate("(bar) => bar.offsetHeight") == before


def test_the_strip_of_views_shows_that_there_are_more(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house(), width=320, height=640)
    fade = """(strip) => [
      strip.scrollWidth > strip.clientWidth,
      getComputedStyle(strip, '::after').position,
      getComputedStyle(strip, '::after').backgroundImage.startsWith('linear-gradient'),
    ]"""
    assert page.locator(".views").evaluate(fade) == [True, "sticky", True]


@pytest.mark.parametrize(("width", "height"), [(320, 256), (844, 390), (390, 844)])
def test_the_element_with_the_focus_is_in_sight(
    served: Served, visit: Visit, width: int, height: int
) -> None:
    """400 % zoom of 1280 × 1024, a phone on its side, and upright."""
    page = open_house(visit, served.house(), width=width, height=height)
    option(page, "pvanlage", "pv_panels").click()
    expect(page.locator("#category-pvanlage .stepper")).to_be_visible()
    settled(page)
    assert page.evaluate(COVERED_IN_FOCUS) == []
    if height < 500:
        fixed = "(e) => ['fixed', 'sticky'].includes(getComputedStyle(e).position)"
        for bar in (".topbar", ".pricebar"):
            assert not page.locator(bar).evaluate(fixed)


@pytest.mark.parametrize("locale", ["de-AT", "en-GB"])
def test_the_chosen_view_is_in_sight(served: Served, visit: Visit, locale: str) -> None:
    page = open_house(visit, served.house(), locale=locale, width=320, height=640)
    inside = """(strip) => {
      const [room, box] = [strip.getBoundingClientRect(), strip.querySelector('[aria-pressed="true"]').getBoundingClientRect()];
      return box.left >= room.left - 1 && box.right <= room.right + 1;
    }"""
    for category in ("fenster", "nest", "pvanlage", "fussboden"):
        page.locator(f"#category-{category} .option").last.click()
        for width in (320, 360, 375):
            page.set_viewport_size({"width": width, "height": 640})
            page.wait_for_function(f"({inside})(document.querySelector('.views'))")


def test_a_view_follows_another_without_a_frame_between(served: Served, visit: Visit) -> None:
    """Below the picture that fades in, the one before stays whole until it is covered."""
    page = open_house(visit, served.house())
    expect(page.locator(".picture img.shown")).to_have_count(1)
    page.evaluate(PATIENTLY, 1000)  # a picture that is late makes room
    page.emulate_media(reduced_motion="no-preference")
    # As on a busy device, where a fade begins late.
    page.add_style_tag(content=".picture img { transition-delay: 600ms }")
    page.evaluate(
        """() => {
          window.thinnest = 1;
          const look = () => {
            const whole = [...document.querySelectorAll('.picture img')].filter((i) => i.complete && i.naturalWidth);
            window.thinnest = Math.min(window.thinnest, Math.max(0, ...whole.map((i) => Number(getComputedStyle(i).opacity))));
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    for motion in ("no-preference", "reduce"):
        page.emulate_media(reduced_motion=motion)
        for view in ("Innen", "Photovoltaik", "Außen", "Innen", "Außen"):
            page.get_by_role("button", name=view, exact=True).click()
        expect(page.locator(".picture img")).to_have_count(1)
    assert page.evaluate("window.thinnest") == 1


def test_no_picture_of_one_view_stands_under_the_name_of_another(
    served: Served, visit: Visit
) -> None:
    page = open_house(visit, served.house())
    expect(page.locator(".picture img.shown")).to_have_count(1)
    page.route("**/preview/**", lambda route: route.abort())
    option(page, "nest", "nest160").click()
    status(page, "saved")
    shown = page.locator(".picture img.shown")
    expect(page.locator(".picture-older")).to_contain_text("Noch das vorige Bild")
    expect(shown).to_have_attribute("alt", re.compile(r"^Nest\.\s80 "))
    page.get_by_role("button", name="Innen", exact=True).click()
    expect(page.locator(".picture-failed")).to_contain_text("Das Bild lädt gerade nicht")
    expect(shown).to_have_count(0)
    page.unroute("**/preview/**")
    option(page, "innenverkleidung", "fichte").click()
    expect(page.locator(".picture img.shown")).to_have_attribute("src", re.compile("/interior/"))
    expect(page.locator(".picture-failed")).to_have_count(0)


def test_a_picture_that_is_late_is_not_claimed_to_be_there(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house())
    shown, older = page.locator(".picture img.shown"), page.locator(".picture-older")
    expect(shown).to_have_count(1)
    page.route("**/preview/**", lambda _: None)
    option(page, "nest", "nest160").click()
    expect(older).to_contain_text("Noch das vorige Bild")
    expect(shown).to_have_attribute("alt", re.compile(r"^Nest\.\s80 "))
    page.get_by_role("button", name="Innen", exact=True).click()
    expect(shown).to_have_count(0)
    page.unroute("**/preview/**")  # which lets the held requests go on
    expect(shown).to_have_attribute("src", re.compile("/interior/"))
    expect(older).to_be_empty()


def test_on_paper_the_house_stands_once(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house, scheme="dark")
    option(page, "nest", "nest120").click()
    option(page, "pvanlage", "pv_panels").click()
    total(page, "€ 245.020")
    page.get_by_role("button", name="Aufstellung").click()
    page.emulate_media(media="print", color_scheme="dark")
    text = page.locator("body").inner_text()
    for once in (house.code, "€\u00a0245.020", "Gesamtpreis", "Gebäudehülle", "8 Module"):
        assert text.count(once) == 1, (once, text)
    assert "Springen" not in text
    assert "Einladen" not in text
    assert page.locator(".printed .swatch").count() == 4
    page.wait_for_function("document.querySelector('.printed img').naturalWidth > 0")
    paper = "getComputedStyle(document.documentElement).getPropertyValue('--paper').trim()"
    assert page.evaluate(paper) == "#f6f5f1"
    bars = """[...document.querySelectorAll('body *')].filter((e) => e.checkVisibility()
      && e.innerText?.trim() && ['fixed', 'sticky'].includes(getComputedStyle(e).position)).length"""
    assert page.evaluate(bars) == 0
