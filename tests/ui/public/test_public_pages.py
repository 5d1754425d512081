"""Pages that are real HTML, over HTTP."""

import json
import platform
import re
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from tests.ui.conftest import Served


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url) as opened:
        yield opened


def test_landing_says_it_in_html(client: httpx.Client) -> None:
    page = client.get("/", headers={"accept-language": "de-AT"})
    assert page.status_code == 200
    assert '<html lang="de">' in page.text
    assert re.search(r"<h1>Ein Haus aus Holz", page.text)
    assert "Nest. 160" in page.text
    assert "€\u00a0295.500" in page.text
    assert 'rel="canonical"' in page.text
    assert page.text.count('rel="alternate" hreflang=') == 3
    assert 'property="og:image"' in page.text
    assert "Dein Nest beginnen" in page.text
    assert page.headers["content-language"] == "de"
    assert "set-cookie" not in page.headers


def test_structured_data_has_the_price_range(client: httpx.Client) -> None:
    page = client.get("/")
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page.text, re.DOTALL)
    assert found is not None
    product = json.loads(found[1])
    assert product["@type"] == "Product"
    assert product["offers"]["lowPrice"] == "161100.00"
    assert product["offers"]["highPrice"] == "387800.00"
    assert product["offers"]["priceCurrency"] == "EUR"


def test_landing_in_english_and_for_somebody_with_a_house(client: httpx.Client) -> None:
    page = client.get("/?lang=en", headers={"cookie": "person=Anna"})
    assert '<html lang="en">' in page.text
    assert "€295,500" in page.text
    assert 'href="/c/HANG"' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert client.get("/").headers["cache-control"] == "no-cache, private"
    assert "Continue with your house" in page.text


def test_a_page_names_neither_its_process_nor_its_machine(
    served: Served, client: httpx.Client
) -> None:
    """The address of a page's socket had the name of the process, as `web-7-4211`."""
    for path in ("/dashboard", f"/c/{served.house().code}"):
        page = client.get(path, headers={"cookie": "person=Anna"})
        query = re.search(r"query: ({.*?}),", page.text)
        assert query is not None, page.text[:300]
        keys = set(re.findall(r"&#39;(\w+)&#39;:|['\"](\w+)['\"]:", query[1]))
        named = {key or other for key, other in keys}
        assert named == {
            "client_id",
            "next_message_id",
            "implicit_handshake",
            "nest",
            "page",
            "ahead",
        }
        assert platform.node() not in page.text


def test_the_page_of_a_dashboard_link_sends_no_referrer(client: httpx.Client) -> None:
    paths = ("/dashboard", "/Dashboard", "/dashboard/", "/join%23token", "/come-back%23token")
    for answer in (client.head("/dashboard"), *map(client.get, paths)):
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert client.get("/").headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/join", "/admin/login"])
def test_head_is_answered(client: httpx.Client, path: str) -> None:
    assert client.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/join", "/join/", "/admin/login", "/admin/login/"])
def test_a_link_whose_sign_was_encoded_leads_to_its_page(client: httpx.Client, path: str) -> None:
    answer = client.get(f"{path}%23aZ0-_b%0d%0ac", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{path.rstrip('/')}#aZ0-_b%0D%0Ac"


def test_unknown_address_is_our_page_for_people_and_json_for_programs(client: httpx.Client) -> None:
    page = client.get("/gibt-es-nicht", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "Hier steht kein Haus" in page.text
    assert "nicegui" not in page.text.lower()
    answer = client.get("/api/nothing", headers={"accept": "*/*"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "page_not_found"


def test_a_foreign_or_unknown_house_says_the_same(served: Served, client: httpx.Client) -> None:
    house = served.house()
    foreign = client.get(f"/c/{house.code}", headers={"accept-language": "de"})
    unknown = client.get(
        "/c/GIBTSNICHT", headers={"cookie": "person=Anna", "accept-language": "de"}
    )
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text == unknown.text.replace('data-person="Anna"', 'data-person=""')
    assert "Dieses Haus ist privat" in foreign.text


def test_admin_needs_the_link(client: httpx.Client) -> None:
    page = client.get("/admin", headers={"accept": "text/html"})
    assert page.status_code == 401
    assert "nest admin-link" in page.text


def test_assets_are_immutable(client: httpx.Client) -> None:
    page = client.get("/")
    path = re.search(r'href="(/assets/[^"]+tokens\.css)"', page.text)
    assert path is not None
    asset = client.get(path[1])
    assert asset.status_code == 200
    assert "immutable" in asset.headers["cache-control"]


def test_configurator_page_has_language_title_and_headers(
    served: Served, client: httpx.Client
) -> None:
    house = served.house()
    page = client.get(f"/c/{house.code}?lang=en", headers={"cookie": "person=Anna"})
    assert page.status_code == 200
    assert '<html lang="en' in page.text
    assert f"<title>House {house.code} – NEST-Haus</title>" in page.text
    policy = page.headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert page.headers["cache-control"] == "no-store"
    assert len(page.content) < 80_000


def test_a_store_that_is_away_is_reported_and_tried_again(client: httpx.Client) -> None:
    page = client.get("/c/AWAY", headers={"cookie": "person=Anna", "accept-language": "de"})
    assert page.status_code == 503
    assert page.headers["retry-after"] == "2"
    assert "Gleich wieder da" in page.text
    assert 'http-equiv="refresh"' in page.text


@pytest.mark.parametrize(
    "written", ["a3i6tf58", "A3l6-TF58", "A316 TF58", "a316\u2013tf58", "\uff21316TF58"]
)
def test_a_code_in_another_spelling_leads_to_the_house(client: httpx.Client, written: str) -> None:
    """(JN1)"""
    answer = client.get(f"/c/{quote(written)}?as=guest", headers={"cookie": "person=Anna"})
    assert (answer.status_code, answer.headers["location"]) == (307, "/c/A316TF58?as=guest")


@pytest.mark.parametrize(
    ("written", "page"),
    [
        ("/JOIN", "/join"),
        ("/Join/", "/join/"),
        ("/JOIN%23aZ0-_b", "/join%23aZ0-_b"),
        ("/C/a316tf58?lang=en", "/c/a316tf58?lang=en"),
        ("/Admin/LOGIN", "/admin/login"),
        ("/Admin/Service", "/admin/service"),
        ("/COME-BACK", "/come-back"),
        ("/PRIVACY", "/privacy"),
        ("/Developers", "/developers"),
    ],
)
def test_a_page_is_found_in_capital_letters(client: httpx.Client, written: str, page: str) -> None:
    answer = client.get(written, headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (307, page)


@pytest.mark.parametrize("path", ["/JOINT", "/API/catalogue", "/%2FJOIN", "/gibt/JOIN"])
def test_no_other_address_is_taken_for_a_page(client: httpx.Client, path: str) -> None:
    assert client.get(path, headers={"accept": "text/html"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "language", "said"),
    [
        ("/imprint", "de", ["Impressum", "NEST_COMPANY"]),
        ("/imprint", "en", ["Imprint", "NEST_COMPANY"]),
        ("/privacy", "de", ["Datenschutz", "bis du widersprichst", "400 Tage", "dsb.gv.at"]),
        ("/privacy", "de", ["steht nur in deinem Browser", "eine Zahl je Minute", "unser Team"]),
        ("/privacy", "en", ["is in your browser only", "a number for each minute", "our team"]),
        ("/privacy", "en", ["Privacy", "until you object", "400 days", "dsb.gv.at"]),
    ],
)
def test_imprint_and_privacy_say_what_is_known(
    client: httpx.Client, path: str, language: str, said: list[str]
) -> None:
    page = client.get(path, headers={"accept-language": language})
    assert page.status_code == 200
    assert [sentence for sentence in said if sentence not in page.text] == []


@pytest.mark.parametrize("path", ["/", "/join", "/admin/login", "/developers", "/nowhere", "/c/NO"])
def test_every_page_leads_to_imprint_and_privacy(client: httpx.Client, path: str) -> None:
    page = client.get(path, headers={"accept": "text/html"}).text
    assert 'href="/imprint"' in page
    assert 'href="/privacy"' in page


def test_a_shared_link_has_a_picture_that_messengers_show(client: httpx.Client) -> None:
    for path in ("/", "/join"):
        found = re.search(r'property="og:image" content="([^"]+\.jpg)"', client.get(path).text)
        assert found is not None
        picture = client.get(found[1])
        assert picture.headers["content-type"] == "image/jpeg"
        assert len(picture.content) < 300_000


def test_signed_out_is_only_said_where_it_is_true(client: httpx.Client) -> None:
    """A dead cookie goes, with all that the browser keeps; a browser with a new one goes on."""
    gone = client.get("/signed-out?sure=1", headers={"cookie": "person=dead"})
    assert gone.status_code == 200
    assert "js/public/signed_out" in gone.text
    assert gone.headers["cache-control"] == "no-store"
    assert "Max-Age=0" in gone.headers["set-cookie"]
    for query, onward in (
        ("?house=hang-hang", "/c/HANGHANG"),
        ("?house=//elsewhere.example", "/"),
        ("", "/"),
    ):
        answer = client.get(f"/signed-out{query}", headers={"cookie": "person=Anna"})
        assert (answer.status_code, answer.headers["location"]) == (303, onward)
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("path", "status", "onward"),
    [
        ("/signed-out", 200, "/signed-out?sure=1"),
        ("/signed-out?house=hang-hang", 200, "/signed-out?sure=1&amp;house=HANGHANG"),
        ("/signed-out?house=//elsewhere.example", 200, "/signed-out?sure=1"),
        ("/c/HANGHANG", 404, "/signed-out?sure=1&amp;house=HANGHANG"),
    ],
)
def test_a_dead_cookie_stays_until_the_answer_with_the_new_one_had_time(
    client: httpx.Client, path: str, status: int, onward: str
) -> None:
    """Deleting it at once would delete the new cookie, which another tab has just got."""
    page = client.get(path, headers={"cookie": "person=dead", "accept": "text/html"})
    assert page.status_code == status
    assert "set-cookie" not in page.headers
    assert f'content="2; url={onward}"' in page.text
    assert "<h1>Einen Moment</h1>" in page.text or "<h1>One moment</h1>" in page.text
    assert "<script" not in page.text.partition("<main")[2]
    assert page.headers["cache-control"] == "no-store"
