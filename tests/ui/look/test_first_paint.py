"""The first paint before the scripts of a page have arrived, and its replacement."""

import httpx
import pytest
from playwright.sync_api import Browser

from tests.ui.conftest import Served, Visit
from ui.live.template import PageTemplateUnknownError, rearranged
from ui.money import euro

TITLES = {
    "/admin": {"de": "Live", "en": "Live"},
    "/admin/analytics": {"de": "Auswertung", "en": "Analytics"},
    "/admin/service": {"de": "Betrieb", "en": "Service"},
    "/dashboard": {"de": "Dashboard", "en": "Dashboard"},
    "/c/": {"de": "Haus", "en": "House"},
}
SENTENCES = {
    "de": ("wird geladen …", "braucht JavaScript", "zu alt"),
    "en": ("loading …", "needs JavaScript", "too old"),
}
PLACES = """root => [".picture", ".total", ".breakdown-button", ".button.primary", ".views button"]
  .map(name => { const r = document.querySelector(`${root} ${name}`).getBoundingClientRect();
                 return [name, r.x, r.y, r.height].map(v => v.toFixed ? Math.round(v) : v) })"""

PATIENTLY = """(ms) => {
  const later = window.setTimeout;
  window.setTimeout = (what, after, ...more) => later(what, after === ms ? 600_000 : after, ...more);
}"""
"""What the page does when something takes these milliseconds, it does not do on a slow machine."""


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("path", TITLES)
def test_every_page_has_its_title_and_says_that_it_is_loading(
    served: Served, path: str, language: str
) -> None:
    address = f"/c/{served.house().code}" if path == "/c/" else path
    page = httpx.get(
        f"{served.url}{address}",
        headers={"accept-language": language, "cookie": "admin=yes; person=Anna"},
    )
    assert page.status_code == 200
    assert "does not support ES modules" not in page.text
    body = page.text.split("<body>")[1]
    first = body[body.index('<div id="first"') : body.index("@layer theme")]
    heading = first.split("<h1")[1].split(">", 1)[1].split("</h1>")[0]
    assert TITLES[path][language] in heading
    assert all(sentence in first for sentence in SENTENCES[language])


def test_the_first_paint_of_a_house_has_its_picture_and_price(served: Served) -> None:
    house = served.house()
    page = httpx.get(f"{served.url}/c/{house.code}?lang=en", headers={"cookie": "person=Anna"}).text
    first = page[page.index('<div id="first"') : page.index("@layer theme")]
    assert euro(house.derived().price.total_cents, "en") in first
    assert "/month" in first
    picture = first.split('<img class="shown" src="')[1].split('"')[0]
    assert f'as="image" href="{picture}"' in page.split("<body>")[0]
    assert picture.endswith(".svg?lang=en")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_live_page_takes_its_place_and_nothing_moves(
    served: Served, visit: Visit, width: int
) -> None:
    house = served.house()
    page = visit("/dashboard", width=width)
    page.add_init_script(f"({PATIENTLY})(3000)")  # the first paint waits for the picture
    page.route("**/js/configurator/index.js", lambda _: None)
    page.goto(f"{served.url}/c/{house.code}", wait_until="commit")
    page.wait_for_function("document.querySelector('#first .picture img')?.naturalWidth > 0")
    page.wait_for_function("window.Vue")  # so Quasar's style sheets are there too
    before = page.evaluate(PLACES, "#first")
    assert page.locator("#first .status").is_visible()
    page.unroute("**/js/configurator/index.js")  # which lets a held request go on
    page.wait_for_selector("#first", state="detached")
    assert page.locator("#app .picture img.shown").is_visible()
    assert page.evaluate(PLACES, "#app") == before


def test_without_javascript_the_page_says_so(served: Served, browser: Browser) -> None:
    house = served.house()
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    context.add_cookies([{"name": "person", "value": "Anna", "url": served.url}])
    try:
        page = context.new_page()
        page.goto(f"{served.url}/c/{house.code}")
        said = page.locator("noscript p")
        assert said.inner_text().startswith("This page needs JavaScript")
        assert said.is_visible()
        assert not page.locator(".first-loading").first.is_visible()
        assert page.locator("#first .total").is_visible()
    finally:
        context.close()


def test_a_browser_without_import_maps_gets_an_explanation(served: Served, visit: Visit) -> None:
    house = served.house()
    page = visit("/")
    page.route("**/js/configurator/index.js", lambda _route: None)  # never answered
    page.add_init_script("HTMLScriptElement.supports = type => type !== 'importmap'")
    page.goto(f"{served.url}/c/{house.code}", wait_until="commit")
    page.wait_for_selector("#first-old", state="visible")
    assert not page.locator("#first .status").is_visible()


def test_another_template_of_nicegui_is_refused_at_the_start() -> None:
    with pytest.raises(PageTemplateUnknownError):
        rearranged("<html><body>\n{{ body_html | safe }}\n</body></html>")
