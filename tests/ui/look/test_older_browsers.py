"""The screens in browsers of a few years ago, and in those that forbid storage.

What is too new for Safari 15.0, Chrome 92 and Firefox 90 is not used, or its absence is dealt with
in one of the modules named here.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.ui.configurator.test_configurator import open_house, option, status, total
from tests.ui.conftest import Served, Visit

UI = Path(__file__).parents[3] / "ui"
SCRIPTS = sorted((UI / "assets" / "js").rglob("*.js"))

TOO_NEW = {
    r"\.at\(-?\w+\)(?!\.aria)": "last() of older_browsers.js",
    r"\bAbortSignal\.\w+\(": "within() of older_browsers.js",
    r"\.(findLast|findLastIndex|toSorted|toReversed|toSpliced|groupBy|isWellFormed)\(": "a loop",
    r"\bObject\.(hasOwn|groupBy)\(": "Object.prototype.hasOwnProperty",
    r"\bPromise\.(withResolvers|try)\(": "new Promise",
    r"\b(Array\.fromAsync|structuredClone|URL\.canParse)\(": "what they are made of",
    r"\bcrypto\.(randomUUID|subtle)": "uuid7() of client/ids.js: these are missing on plain http",
    r"\(\?<[=!]": "a group: a lookbehind is a syntax error before Safari 16.4",
    r"/[a-z]*v[a-z]*\.test": "the flag u",
    r"\bstatic\s*\{": "a statement after the class",
    r"\b(window\.)?(local|session)Storage\b(?!\")": "storage.js",
    r"\bnavigator\.language\b": "browserLanguage() of older_browsers.js",
    r"\b(new BroadcastChannel|scheduler\.|startViewTransition|CloseWatcher|new Temporal)": "nothing",
    r"\.show(Modal|Popover)\(": "openDialog() of older_browsers.js",
    r"\$refs\.dialog\.close\(": "closeDialog() of older_browsers.js",
    r"(?<!\?\.)\bnavigator\.(locks|sendBeacon|userAgentData|connection)\b(?!\?)": "?.",
    r"\brequestIdleCallback\((?!\w*\) \?\?)": "setTimeout where it is missing",
    r"\basked\.size\b|searchParams\.size\b": "toString(): the size is missing before Safari 17",
}
ALLOWED = {"older_browsers.js", "storage.js"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(UI)))
def test_nothing_is_used_that_older_browsers_do_not_have(script: Path) -> None:
    if script.name in ALLOWED:
        return
    lines = [line.split("// ")[0] for line in script.read_text("utf-8").splitlines()]
    found = [
        f"line {number}: {match.group()}, take {instead}"
        for number, line in enumerate(lines, 1)
        for pattern, instead in TOO_NEW.items()
        if (match := re.search(pattern, line))
    ]
    assert found == []


MISSING = """() => {
    const gone = (of, name) => { try { delete of[name]; } catch {} };
    const hide = (of, name, get) => Object.defineProperty(of, name, {configurable: true, get});
    for (const name of ['timeout', 'any']) gone(AbortSignal, name);
    for (const name of ['at', 'findLast', 'findLastIndex', 'toSorted', 'toReversed', 'toSpliced', 'with'])
        gone(Array.prototype, name);
    gone(String.prototype, 'at');
    for (const name of ['hasOwn', 'groupBy']) gone(Object, name);
    gone(URLSearchParams.prototype, 'size');
    for (const name of ['showModal', 'close', 'show']) gone(HTMLDialogElement.prototype, name);
    gone(Crypto.prototype, 'randomUUID');
    for (const name of ['structuredClone', 'requestIdleCallback', 'BroadcastChannel', 'scheduler',
        'PerformanceObserver']) gone(window, name);
    for (const name of ['locks', 'language', 'languages', 'clipboard', 'platform', 'onLine'])
        hide(Navigator.prototype, name, () => undefined);
    gone(Navigator.prototype, 'sendBeacon');
    for (const name of ['localStorage', 'sessionStorage'])
        hide(window, name, () => { throw new DOMException('forbidden', 'SecurityError'); });
}"""


@pytest.mark.e2e
def test_a_house_is_chosen_and_asked_for_without_what_is_new(served: Served, visit: Visit) -> None:
    house = served.house()
    context = visit("/nothing").context
    context.add_init_script(f"({MISSING})()")
    page = open_house(visit, house, context=context)
    assert page.evaluate("typeof AbortSignal.timeout") == "undefined"
    option(page, "nest", "nest120").click()
    total(page, "€ 241.900")
    status(page, "saved")
    with page.expect_response("**/track-interactions") as told:
        page.keyboard.press("Control+z")
        total(page, "€ 170.700")
    assert told.value.ok
    page.get_by_role("button", name="Anfragen").click()
    page.locator("#inquiry-name").fill("Anna Leitner")
    page.locator("#inquiry-email").fill("anna@example.at")
    page.locator("#inquiry-consent").check()
    page.get_by_role("button", name="Haus sichern und Anfrage senden").click()
    expect(page.get_by_test_id("inquiry-reference")).to_be_visible()
    page.locator(".sheet").get_by_role("button", name="Schließen").click()
    expect(page.locator(".sheet")).to_have_count(0)
