"""Two person cookies that differ: nobody is made, nothing of ours is lost, and the other one goes."""

from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import HTTPConnection, Request

from realtime.people.cookies import Cookies
from tests.realtime.conftest import RunningWeb

PAGE = {"accept": "text/html", "sec-fetch-dest": "document"}
FORM = {"accept": "text/html", "content-type": "application/x-www-form-urlencoded"}


def asking(host: str, path: str, *cookies: str) -> HTTPConnection:
    headers = [(b"host", host.encode()), *((b"cookie", each.encode()) for each in cookies)]
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": headers,
        }
    )


def places(removals: list[str]) -> set[tuple[str, str]]:
    """The (domain, path) of each cookie that is deleted."""
    parts = [
        dict(part.strip().partition("=")[::2] for part in each.split(";")) for each in removals
    ]
    return {(each.get("Domain", ""), each["Path"]) for each in parts}


def test_whatever_can_have_been_sent_here_is_deleted_but_what_is_ours() -> None:
    differing = asking("app.nest.example:8080", "/c/7K3M", "nest_person=a; nest_person=b")
    paths = ("/", "/c", "/c/", "/c/7K3M", "/c/7K3M/")
    domains = ("", "nest.example", "app.nest.example")
    expected = {(domain, path) for domain in domains for path in paths} - {("", "/")}
    removals = Cookies().removals(differing)
    assert places(removals) == expected
    assert all(each.startswith('nest_person=""; Max-Age=0; ') for each in removals)


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("127.0.0.1", "/", set()),
        ("[::1]:8080", "/", set()),
        ("localhost", "/start", {("", "/start"), ("", "/start/")}),
        ("nest.example", "/", {("nest.example", "/")}),
        ("nest.example", "/a;Domain=x", {("nest.example", "/")}),
    ],
)
def test_addresses_without_a_domain_and_with_signs_of_a_header(
    host: str, path: str, expected: set[tuple[str, str]]
) -> None:
    assert (
        places(Cookies().removals(asking(host, path, "nest_person=a; nest_person=b"))) == expected
    )


def test_a_long_address_has_few_headers() -> None:
    deep = asking("a.b.c.d.e.f.example", "/x" * 500, "nest_person=a; nest_person=b")
    assert len(Cookies().removals(deep)) < 50


def test_which_cookies_differ() -> None:
    both = asking("nest.example", "/", "nest_person=a; nest_person=b; nest_admin=c; nest_admin=d")
    assert Cookies().differing(both) == ["nest_person", "nest_admin"]
    assert Cookies().differing(asking("h", "/", "nest_person=a; nest_person=a")) == []
    ours = Cookies(secure=True)
    assert ours.differing(both) == ["nest_person"]
    assert (
        ours.differing(asking("h", "/", "nest_person=a; nest_person=b; __Host-nest_person=c")) == []
    )


async def planted(web: RunningWeb) -> tuple[dict[str, str], str, int]:
    """The Cookie header of Anna with Mallory's beside hers, Anna's token, and how many people are."""
    anna, mallory = web.api(), web.api()
    await anna.create()
    await mallory.create()
    header = {"cookie": f"nest_person={mallory.token}; nest_person={anna.token}"}
    return header, anna.token or "", await people(web)


async def people(web: RunningWeb) -> int:
    from sqlalchemy import func, select

    from storage.postgres.schema.tables import people as table

    counted = await web.parts.stores.database.read(
        lambda connection: connection.execute(select(func.count()).select_from(table))
    )
    return int(counted.scalar_one())


def ours(answer: httpx.Response) -> list[str]:
    """The cookies that an answer sets or deletes for this host and all paths."""
    found = answer.headers.get_list("set-cookie")
    return [each for each in found if "nest_person" in each and "Path=/;" in f"{each};"]


async def test_the_start_page_makes_nobody_new(web: RunningWeb) -> None:
    cookie, _token, before = await planted(web)
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        first = await client.post("/start", headers={**FORM, **cookie})
        assert (first.status_code, first.headers["location"]) == (307, "?cookies=one")
        assert places(first.headers.get_list("set-cookie")) == {("", "/start"), ("", "/start/")}
        again = await client.post("/start?cookies=one", headers=cookie)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "cookies_differ")
        assert ours(again) == []
    assert await people(web) == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/share-links/redeem", {"token": "a" * 32}),
        ("/api/people/me/sign-out", None),
        ("/api/people/me/token", None),
        ("/api/people/come-back", {"token": "a" * 43}),
    ],
)
async def test_nothing_that_would_set_or_delete_the_cookie_is_done(
    web: RunningWeb, path: str, body: dict[str, str] | None
) -> None:
    cookie, token, before = await planted(web)
    refused = await web.api().call("POST", path, headers=cookie, json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "cookies_differ")
    assert ours(refused) == []
    assert ("", "/api/") in places(refused.headers.get_list("set-cookie"))
    assert await people(web) == before
    assert (await web.api(token).call("POST", "/api/people/me/way-back")).status_code == 200


async def test_a_program_with_a_bearer_token_is_itself(web: RunningWeb) -> None:
    cookie, token, _before = await planted(web)
    answer = await web.api(token).call("POST", "/api/people/me/token", headers=cookie)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/c/7K3M9QXA", "/signed-out", "//evil.example/c/7K3M9QXA"])
async def test_a_page_is_asked_for_once_more_on_the_same_host(web: RunningWeb, path: str) -> None:
    cookie, _token, _before = await planted(web)
    async with httpx.AsyncClient(timeout=60) as client:
        first = await client.get(f"{web.url}{path}?lang=de", headers={**PAGE, **cookie})
        assert first.status_code == 307
        asked = first.url.join(first.headers["location"])
        assert urlsplit(str(asked)).netloc == urlsplit(web.url).netloc
        assert asked.params.multi_items() == [("lang", "de"), ("cookies", "one")]


async def test_a_file_is_served_and_takes_the_removals_along(web: RunningWeb) -> None:
    cookie, _token, _before = await planted(web)
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        read = await client.get("/api/catalogue", headers=cookie)
        assert read.status_code == 200
        assert ("", "/api/") in places(read.headers.get_list("set-cookie"))
        untouched = await client.get("/api/catalogue", headers={"cookie": "nest_person=a"})
        assert "set-cookie" not in untouched.headers
