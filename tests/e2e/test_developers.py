"""The console of /developers against the running product, and the quick starts as they stand."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Visitors
from tests.e2e.screen import Screen
from tests.e2e.stage import Stage
from tests.support.programs.node import built_client
from tests.support.programs.processes import Process
from tests.ui.look.test_accessibility import violations
from ui.assets import DIRECTORY
from ui.public.developers import SNIPPETS

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]


class Console:
    """The console in one tab."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def state(self, name: str, *, within_ms: int = 15_000) -> None:
        state = self.page.locator("#console-state")
        expect(state).to_have_attribute("data-state", name, timeout=within_ms)

    def frames(self, way: str, kind: str) -> Locator:
        return self.page.locator(f'.frame.{way}[data-type="{kind}"]')

    def send(self, ready: str) -> None:
        self.page.locator(f'[data-ready="{ready}"]').click()

    def second(self) -> Screen:
        with self.page.context.expect_page() as opened:
            self.page.locator("#console-second").click()
        return Screen(opened.value).opened()


def console(
    visitors: Visitors, process: Process, transport: str = "WebSocket", **how: Any
) -> Console:
    page = visitors.stranger(**how)
    page.goto(f"{process.url}/developers")
    page.get_by_text(transport, exact=True).first.click()
    page.locator("#console-start").click()
    opened = Console(page)
    opened.state("open")
    return opened


@pytest.mark.parametrize("transport", ["WebSocket", "Socket.IO"])
def test_the_console_sends_and_shows_both_directions(
    visitors: Visitors, stage: Stage, transport: str
) -> None:
    live = console(visitors, stage.one, transport)
    expect(live.page.locator("#console-state")).to_contain_text(f"verbunden über {transport}")
    expect(live.frames("in", "snapshot")).to_have_count(1)
    live.send("select")
    expect(live.frames("in", "op")).to_contain_text("v1 · select")
    expect(live.frames("in", "outcome")).to_contain_text("committed")
    expect(live.page.locator("#console-version")).to_have_text("1")
    expect(live.page.locator("#console-total")).to_have_text(re.compile("241.900"))
    live.send("ping")
    expect(live.frames("in", "pong")).to_have_count(1)
    live.send("outcome_of")
    live.send("bad")
    expect(live.frames("in", "error").last).to_contain_text("malformed_message")
    live.send("undo")
    expect(live.page.locator("#console-total")).to_have_text(re.compile("170.700"))


def test_no_token_is_shown_or_in_an_address(visitors: Visitors, stage: Stage) -> None:
    live = console(visitors, stage.one)
    for item in live.page.locator(".frame > details > summary").all():
        item.click()
    tokens = live.page.locator(".json-line", has_text=re.compile('"token"'))
    expect(tokens.first).to_be_visible()
    for text in tokens.all_inner_texts():
        assert re.search(r'"token": ".{4}…"', text), text
    assert not re.search(r"/join#[\w-]{6}", live.page.content())
    assert "#" not in live.page.url
    live.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live.page.evaluate("navigator.clipboard.writeText('')")
    live.page.locator("#console-token").click()
    token = copied(live.page, instead_of="")
    assert len(token) > 30
    assert token not in live.page.content()
    live.page.locator("#console-copy").click()
    expect(live.page.locator("#console-copy")).to_have_text("Kopiert")
    assert token not in copied(live.page, instead_of=token)


def test_a_second_window_is_the_other_side(visitors: Visitors, stage: Stage) -> None:
    live = console(visitors, stage.one)
    other = live.second()
    expect(live.page.locator("#console-members")).to_have_text("2")
    live.send("select")
    other.shows_total(241_900)
    other.choose("nest", "nest140")
    expect(live.frames("in", "op").last).to_contain_text("v2 · select")
    live.send("undo")
    expect(live.frames("in", "outcome").last).to_contain_text("conflict · changed_meanwhile")
    other.shows_total(277_500)


def test_the_console_says_that_it_is_disconnected_and_resumes(
    visitors: Visitors, stage: Stage
) -> None:
    live = console(visitors, stage.one)
    other = live.second()
    live.page.locator("#console-drop").click()
    live.state("closed")
    expect(live.page.locator('[data-ready="select"]')).to_be_disabled()
    other.choose("nest", "nest100")
    other.choose("innenverkleidung", "fichte")
    other.shows_total(207_800)
    other.shows_status("saved")
    live.page.locator("#console-connect").click()
    live.state("open")
    expect(live.page.locator("#console-recovered")).to_contain_text("recovered: true, 2 nachgeholt")
    expect(live.frames("out", "join").last).to_contain_text("since 0")
    expect(live.frames("in", "ops")).to_contain_text("v0 → v2 · recovered: true")
    expect(live.page.locator("#console-version")).to_have_text("2")


def test_a_lost_process_is_reported_and_the_console_comes_back(
    visitors: Visitors, stage: Stage
) -> None:
    live = console(visitors, stage.two)
    live.send("select")
    expect(live.frames("in", "outcome")).to_contain_text("committed")
    stage.two.kill()
    live.state("lost")
    expect(live.page.locator("#console-state")).to_contain_text("nächster Versuch")
    stage.two.start().ready_blocking(40)
    live.state("open", within_ms=45_000)
    expect(live.page.locator("#console-recovered")).to_contain_text("recovered: true, 0 nachgeholt")


def test_own_messages_and_the_tools(visitors: Visitors, stage: Stage) -> None:
    live = console(visitors, stage.one)
    editor = live.page.locator("#console-editor")
    editor.fill("kein JSON <img src=x onerror=window.hacked=1>")
    live.page.locator("#console-send").click()
    expect(live.page.locator("#console-problem")).to_contain_text("so gesendet")
    expect(live.frames("in", "error")).to_contain_text("malformed_message")
    live.page.locator(".frame.out summary").last.click()
    expect(live.page.locator(".frame-text")).to_contain_text("onerror")
    assert live.page.evaluate("window.hacked") is None
    editor.fill('{"type": "introduce", "id": "n", "name": "<b>Anna</b>"}')
    editor.press("Control+Enter")
    expect(live.frames("in", "introduced")).to_have_count(1)
    expect(live.page.locator("#console-log b")).to_have_count(0)

    live.page.locator("#console-filter").fill("introduced")
    expect(live.page.locator(".frame:visible")).to_have_count(1)
    live.page.locator("#console-filter").fill("")
    live.page.locator("#console-pause").click()
    live.send("ping")
    expect(live.page.locator("#console-count")).to_contain_text("warten")
    expect(live.frames("in", "pong")).to_have_count(0)
    live.page.locator("#console-pause").click()
    expect(live.frames("in", "pong")).to_have_count(1)
    live.page.locator("#console-clear").click()
    expect(live.frames("in", "pong")).to_have_count(0)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "dark")])
def test_the_console_is_usable_and_fits(
    visitors: Visitors, stage: Stage, width: int, scheme: str
) -> None:
    live = console(visitors, stage.one, width=width, color_scheme=scheme)
    live.send("select")
    expect(live.frames("in", "outcome")).to_have_count(1)
    live.frames("in", "outcome").locator("summary").first.press("Enter")
    expect(live.frames("in", "outcome").locator(".json")).to_be_visible()
    assert violations(live.page) == []
    wide = live.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0


# -- the quick starts, as they stand --------------------------------------------------------------


@pytest.mark.parametrize("key", ["python", "socketio"])
def test_the_python_quick_starts_run(stage: Stage, key: str, tmp_path: Path) -> None:
    program = tmp_path / "quick.py"
    program.write_text(quick_start(key, stage), "utf-8")
    assert "committed 241900.0" in run([sys.executable, str(program)])


def test_the_rest_quick_start_runs(stage: Stage, tmp_path: Path) -> None:
    program = tmp_path / "quick.sh"
    program.write_text(quick_start("rest", stage), "utf-8")
    told = run(["sh", str(program)])
    assert '"outcome":"committed"' in told
    assert '"complete":true' in told


def test_the_websocket_quick_start_runs_in_a_page(visitors: Visitors, stage: Stage) -> None:
    page = visitors.stranger()
    page.goto(f"{stage.one.url}/developers")
    page.evaluate("() => { window.said = []; console.log = ({ type }) => window.said.push(type); }")
    page.evaluate(f"async () => {{ {quick_start('websocket', stage)} }}")
    page.wait_for_function("() => window.said.includes('outcome')")
    types: list[str] = page.evaluate("window.said")
    assert types[:2] == ["welcome", "snapshot"]
    assert types.index("op") < types.index("outcome")


def test_the_javascript_quick_start_runs(stage: Stage) -> None:
    node = built_client()
    told = run(
        [str(node.program), "--input-type=module", "-"],
        cwd=ROOT / "clients" / "js",
        text=quick_start("javascript", stage),
    )
    assert "committed 241900" in told


def copied(page: Page, *, instead_of: str) -> str:
    """The text of the clipboard, once it is another one."""
    another = "async (old) => { const text = await navigator.clipboard.readText(); return text !== old && text; }"
    return str(page.wait_for_function(another, arg=instead_of).json_value())


def quick_start(key: str, stage: Stage) -> str:
    found = next(each for each in SNIPPETS if each.key == key)
    assert (DIRECTORY / "snippets" / found.file).is_file()
    return found.text(stage.one.url)


def run(command: list[str], *, cwd: Path | None = None, text: str | None = None) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=cwd, input=text
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
