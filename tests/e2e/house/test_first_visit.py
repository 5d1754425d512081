"""The first requests of somebody new, as browsers, mail scanners and programs send them."""

import httpx
import pytest

from tests.e2e.stage import Stage

FORM = {"accept": "text/html,*/*", "accept-language": "de"}
PATHS = (
    "/", "/join", "/join/", "/admin/login", "/c/{code}", "/c/GIBTESNICHT", "/admin",
    "/admin/analytics", "/admin/service", "/dashboard", "/developers", "/docs", "/openapi.json",
    "/api/catalogue", "/healthz", "/nowhere",
)  # fmt: skip


def houses(stage: Stage) -> tuple[int, int]:
    return (
        int(stage.value("SELECT count(*) FROM configurations")),
        int(stage.value("SELECT count(*) FROM people")),
    )


def start(client: httpx.Client, *, size: str = "", **headers: str) -> httpx.Response:
    return client.post("/start", data={"language": "de", "size": size}, headers=FORM | headers)


def test_head_is_get_without_a_body(stage: Stage) -> None:
    with httpx.Client(
        base_url=stage.one.url, headers=FORM, cookies={"nest_cookies": "on"}
    ) as client:
        code = start(client).headers["location"].rpartition("/")[2]
        for path in PATHS:
            address = path.format(code=code)
            get, head = client.get(address), client.head(address)
            assert head.status_code == get.status_code, address
            assert head.content == b"", address
            assert head.headers["content-type"] == get.headers["content-type"], address


def test_a_browser_without_cookies_is_told_and_leaves_nothing(stage: Stage) -> None:
    before = houses(stage)
    with httpx.Client(base_url=stage.one.url) as client:
        asked = start(client)
        assert asked.status_code == 307  # the browser posts again, with what it kept
        client.cookies.clear()
        told = client.post(asked.headers["location"], data={"language": "de"}, headers=FORM)
        assert told.status_code == 400
        assert "Ohne Cookies geht es nicht" in told.text
        assert houses(stage) == before
        client.cookies.set("nest_cookies", "on")
        assert (
            client.post(
                asked.headers["location"], data={"language": "de"}, headers=FORM
            ).status_code
            == 303
        )
    assert houses(stage) == (before[0] + 1, before[1] + 1)


def test_a_form_is_answered_in_the_language_of_its_page(stage: Stage) -> None:
    """A German browser that keeps no cookies, on the English page."""
    with httpx.Client(base_url=stage.one.url, headers=FORM) as client:
        assert 'name="language" value="en"' in client.get("/?lang=en").text
        client.cookies.clear()
        asked = client.post("/start", data={"language": "en"})
        client.cookies.clear()
        told = client.post(asked.headers["location"], data={"language": "en"})
        assert told.status_code == 400
        assert '<html lang="en"' in told.text
        assert "Ohne Cookies" not in told.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "null", "sec-fetch-site": "same-origin"}, 303),
        ({"origin": "null", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, 403),
    ],
)
def test_an_own_form_that_hides_its_origin(
    stage: Stage, headers: dict[str, str], status: int
) -> None:
    with httpx.Client(base_url=stage.one.url, cookies={"nest_cookies": "on"}) as client:
        answer = start(client, **headers)
        assert answer.status_code == status
        if status == 403:
            assert "<h1>Das konnten wir nicht annehmen</h1>" in answer.text
            assert "anderen Website" in answer.text
            program = client.post("/api/configurations", json={}, headers=headers)
            assert program.json()["error"]["code"] == "foreign_origin"


def test_a_size_of_the_start_page_begins_that_size(stage: Stage) -> None:
    with httpx.Client(base_url=stage.one.url, cookies={"nest_cookies": "on"}) as client:
        assert 'name="size" value="nest120"' in client.get("/").text
        for size, chosen in (("nest120", "nest120"), ("nest999", "nest80"), ("", "nest80")):
            code = start(client, size=size).headers["location"].rpartition("/")[2]
            house = client.get(f"/api/configurations/{code}").json()
            assert house["selection"]["nest"]["option"] == chosen
