"""Language, money, addresses, structured data, headers: tables."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from nicegui.client import templates
from starlette.types import Receive, Scope, Send

from configurator.activity.ranges import ZONE, known_zones, parse_range
from configurator.pricing.derived import derive
from realtime.transports.direct import OpenedPage as InProcessPage
from tests.configurator.nest_haus import CATALOGUE
from ui.assets import DIRECTORY, Assets
from ui.language import preferred
from ui.live.template import put_first_paint_first
from ui.money import euro
from ui.pages.conversation import QUEUE_MESSAGES_MAX, Conversation
from ui.ports import OpenedPage
from ui.public.landing import structured
from ui.public.offer import OfferedCatalogue
from ui.security_headers import SecurityHeaders
from ui.texts import Texts
from ui.zones import name_of_today, zones_of_today


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-US,en;q=0.9,de;q=0.8", "en"),
        ("fr-FR,fr;q=0.9,de;q=0.5,en;q=0.4", "de"),
        ("fr", "en"),
        ("*", "de"),
        ("en;q=0, de", "de"),
        ("de;q=garbage, en;q=0.1", "en"),
        (",;;=,", "en"),
    ],
)
def test_language_of_a_header(header: str, language: str) -> None:
    assert preferred(header) == language


@pytest.mark.parametrize(
    ("cents", "german", "english"),
    [
        (26_429_000, "€\u00a0264.290", "€264,290"),
        (0, "€\u00a00", "€0"),
        (-950_000, "−€\u00a09.500", "−€9,500"),
        (153_351, "€\u00a01.533,51", "€1,533.51"),
    ],
)
def test_euro(cents: int, german: str, english: str) -> None:
    assert euro(cents, "de") == german
    assert euro(cents, "en") == english


def test_the_offer_is_the_price_list() -> None:
    offer = OfferedCatalogue(CATALOGUE).offer()
    windows_cents = 20 * 280_00
    assert offer.low_cents == 15_550_000 + windows_cents
    assert offer.high_cents == 38_220_000 + windows_cents
    assert [size.from_cents - windows_cents for size in offer.sizes] == [
        15_550_000,
        18_910_000,
        22_270_000,
        25_630_000,
        28_990_000,
    ]
    assert offer.monthly_from_cents == 93_432
    assert offer.beside == {
        "de": "20\u00a0m² Fenster (Kunststoff)",
        "en": "20\u00a0m² of windows (uPVC)",
    }


def test_the_house_in_the_picture_is_the_one_that_is_started_and_its_price_is_told() -> None:
    offer = OfferedCatalogue(CATALOGUE).offer()
    derived = derive(CATALOGUE, CATALOGUE.defaults)
    assert offer.preview_url == derived.previews["exterior"]
    assert offer.pictured_cents == derived.price.total_cents
    assert (
        offer.pictured["de"]
        == "Nest. 80, Holzlattung Lärche Natur, 20\u00a0m² Fenster (Kunststoff)"
    )


def test_structured_data_cannot_leave_its_script_element() -> None:
    offer = OfferedCatalogue(CATALOGUE).offer()
    text = structured(Texts(), offer, "https://x.example/</script><script>", "de")
    assert "<" not in text
    assert json.loads(text)["offers"]["lowPrice"] == "161100.00"


def test_asset_addresses_follow_the_content(tmp_path: Any) -> None:
    (tmp_path / "a.css").write_text("a{}")
    before = Assets(tmp_path).base
    assert Assets(tmp_path).base == before
    (tmp_path / "a.css").write_text("b{}")
    assert Assets(tmp_path).base != before
    with pytest.raises(FileNotFoundError):
        Assets(tmp_path).url("missing.css")


def _answering(headers: list[tuple[bytes, bytes]], body: list[bytes]) -> SecurityHeaders:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for index, part in enumerate(body):
            more = index < len(body) - 1
            await send({"type": "http.response.body", "body": part, "more_body": more})

    return SecurityHeaders(app, new_nonce=lambda: b"0123456789abcdef")


async def _get(app: SecurityHeaders) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get("/")


NONCE_TEXT = "MDEyMzQ1Njc4OWFiY2RlZg=="
HOSTILE = "</div><script>alert(1)</script><script nonce='{{ request.scope[\"nest.nonce\"] }}'>alert(2)</script>"


async def test_a_nicegui_page_gets_a_nonce_of_its_own() -> None:
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"x-nicegui-content", b"page")]
    answer = await _get(_answering(headers, [b"<script>1</script>"]))
    assert f"'nonce-{NONCE_TEXT}'" in answer.headers["content-security-policy"]
    assert answer.text == "<script>1</script>", "what is in the HTML is not looked at"


def test_only_scripts_of_the_template_have_the_nonce() -> None:
    put_first_paint_first()
    source = templates.env.loader
    assert source is not None
    values = {
        "request": SimpleNamespace(scope={"nest.nonce": NONCE_TEXT}),
        "body_html": HOSTILE,
        "head_html": HOSTILE,
        "elements": HOSTILE,
        "vue_scripts": HOSTILE,
        "title": HOSTILE,
        "translations": {},
    }
    page = templates.env.get_template("index.html").render(values)
    assert page.count("alert(1)") == 5
    scripts = re.findall(r"<script[^>]*>", page)
    stamped = [each for each in scripts if NONCE_TEXT in each]
    assert not [each for each in stamped if "alert" in page.split(each, 1)[1][:12]]
    assert page.count(NONCE_TEXT) == len(stamped) == page.count(f'<script nonce="{NONCE_TEXT}"')
    bare = templates.env.get_template("index.html").render(
        {**values, "body_html": "", "head_html": ""}
    )
    assert bare.count(NONCE_TEXT) == len(stamped)


@pytest.mark.parametrize(
    "name",
    [b"x-forwarded-prefix", b"X-Forwarded-Prefix", b"x_forwarded_prefix", b"x-forwarded_prefix"],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_nobody_may_say_where_our_scripts_are(name: bytes, kind: str) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def nothing(*_: object) -> Any:
        return None

    headers = [
        (b"host", b"x"),
        (name, b"//evil.example"),
        (name, b"/too"),
        (b"x-forwarded-for", b"1.2.3.4"),
    ]
    asked = {"type": kind, "headers": headers}
    await SecurityHeaders(app, new_nonce=lambda: b"0" * 16)(asked, nothing, nothing)
    assert [each for each, _ in seen[0]["headers"]] == [b"host", b"x-forwarded-for"]


async def test_other_html_runs_only_our_files() -> None:
    answer = await _get(_answering([(b"content-type", b"text/html")], [b"<script>"]))
    policy = answer.headers["content-security-policy"]
    assert "unsafe-eval" not in policy
    assert "script-src 'self';" in policy
    assert answer.text == "<script>"


async def test_an_own_policy_is_kept_and_json_is_left_alone() -> None:
    own = [(b"content-type", b"text/html"), (b"content-security-policy", b"default-src 'none'")]
    answer = await _get(_answering(own, [b""]))
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    plain = await _get(_answering([(b"content-type", b"application/json")], [b"{}"]))
    assert "content-security-policy" not in plain.headers
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert plain.headers["cross-origin-resource-policy"] == "same-origin"


def test_the_in_process_connection_fits_the_port() -> None:
    def fits(opened: InProcessPage) -> OpenedPage:
        return opened

    assert callable(fits)


def test_messages_that_a_page_queue_refuses_are_counted() -> None:
    dropped: list[None] = []
    conversation = Conversation(lambda: dropped.append(None))
    for _ in range(QUEUE_MESSAGES_MAX + 3):
        conversation.hear("{}")
    assert len(dropped) == 3


def _written(folder: Path, **texts: str) -> Assets:
    for name, text in texts.items():
        path = folder / "js" / f"{name.replace('__', '/')}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Assets(folder)


def test_a_page_names_every_module_that_it_loads_once_and_the_nearest_first(tmp_path: Path) -> None:
    assets = _written(
        tmp_path,
        house__index='import { a } from "./a.js";\nimport {\n  b,\n} from "../shared/b.js";\n',
        house__a='export { c } from "./parts/c.js";\nimport { ref } from "vue";\n',
        house__parts__c='import "../../shared/b.js";\n',
        shared__b='import { a } from "../house/a.js";\n  import("../shared/late.js");\n',
        shared__late="",
    )
    assert assets.modules_of("js/house/index.js") == (
        "js/house/index.js",
        "js/house/a.js",
        "js/shared/b.js",
        "js/house/parts/c.js",
    )


def test_every_import_of_our_modules_is_found() -> None:
    """A second, plainer reading of all files: a static import that the walk missed would show."""
    assets = Assets()
    for entry in sorted(DIRECTORY.glob("js/*/index.js")):
        modules = assets.modules_of(entry.relative_to(DIRECTORY).as_posix())
        for name in modules:
            text = (DIRECTORY / name).read_text("utf-8")
            statements = r'(?m)^(?:import|export|\}).*from\s+"(\.[^"]+)"'  # none in comments
            for found in re.findall(statements, text):
                path = ((DIRECTORY / name).parent / found).resolve()
                assert path.relative_to(DIRECTORY.resolve()).as_posix() in modules, name


def test_zones_have_the_names_of_today_and_each_is_accepted() -> None:
    zones = zones_of_today()
    for name in ("Asia/Kolkata", "America/Nuuk", "Africa/Asmara", "Europe/Kyiv", "UTC", ZONE):
        assert name in zones
        assert parse_range({"tz": name}, datetime.now(UTC)).zone == name
    assert not {"Asia/Calcutta", "America/Godthab", "Africa/Asmera", "Europe/Kiev"} & set(zones)
    assert set(zones) <= known_zones()
    # Whatever else is accepted is an older name of one of these.
    moments = [datetime(year, month, 1, tzinfo=UTC) for year in (2025, 2026) for month in (1, 7)]
    offsets = {tuple(at.astimezone(ZoneInfo(name)).utcoffset() for at in moments) for name in zones}
    for name in known_zones():
        assert tuple(at.astimezone(ZoneInfo(name)).utcoffset() for at in moments) in offsets, name


@pytest.mark.parametrize(
    ("called", "listed"),
    [
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("America/Godthab", "America/Nuuk"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Europe/Vienna", "Europe/Vienna"),
        ("Mars/Olympus", "Mars/Olympus"),
        ("../../etc/passwd", "../../etc/passwd"),
    ],
)
def test_a_zone_that_a_browser_calls_by_an_older_name_is_found(called: str, listed: str) -> None:
    assert name_of_today(called) == listed
