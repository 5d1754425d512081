"""Cookies of people: which of them are believed, and the end of those that others could plant."""

import pytest
from starlette.requests import HTTPConnection
from starlette.responses import Response

from realtime.people.cookies import Cookies, only
from tests.realtime.conftest import RunningWeb, StartWeb

pytestmark = pytest.mark.no_sweeps


def asking(*cookies: str, scheme: str = "https") -> HTTPConnection:
    headers = [(b"cookie", each.encode()) for each in cookies]
    return HTTPConnection({"type": "http", "method": "GET", "scheme": scheme, "headers": headers})


async def test_whether_a_cookie_is_still_somebodys_is_not_what_a_process_remembers(
    start_web: StartWeb,
) -> None:
    """A process that did not hear of the end believes the token for 30 seconds, but says no page."""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    house = await api.create()
    shown = asking(f"nest_person={api.token}", scheme="http")
    await two.api(api.token).read(house["code"])
    assert await two.parts.people.authenticator.person_now(shown)
    two.hear_no_news()
    await api.call("POST", "/api/people/me/token")
    assert not await two.parts.people.authenticator.person_now(shown)
    assert await two.parts.people.authenticator.of(shown) is None
    assert not await two.parts.people.authenticator.person_now(asking(scheme="http"))


@pytest.mark.parametrize(
    ("sent", "believed"),
    [
        (["nest_person=a"], "a"),
        (['nest_person="a"'], "a"),
        (["x=1; nest_person=a; y=2"], "a"),
        (["nest_person=a; nest_person=a"], "a"),
        (["nest_person=a; nest_person=b"], None),
        (["nest_person=a", "nest_person=b"], None),
        (["nest_person=; nest_person=b"], None),
        (["nest_person="], None),
        (["nest_person"], None),
        (["xnest_person=a; nest_personx=b"], None),
        (["__Host-nest_person=a"], None),
    ],
)
def test_two_cookies_that_differ_are_both_disbelieved(
    sent: list[str], believed: str | None
) -> None:
    """An attacker can plant one for a longer path, or from another host of the domain."""
    assert Cookies().person_token(asking(*sent, scheme="http")) == believed


def test_over_https_only_names_that_nobody_can_plant_are_read() -> None:
    ours = Cookies.of("https://house.example")
    planted = asking("nest_person=planted; nest_admin=planted")
    assert ours.person_token(planted) is None
    assert ours.admin_token(planted) is None
    assert ours.former_person(planted) == "planted"
    both = asking("nest_person=planted; __Host-nest_person=mine")
    assert ours.person_token(both) == "mine"
    assert ours.former_person(both) is None
    assert ours.former_person(asking("nest_person=a; nest_person=b")) is None
    assert Cookies().former_person(planted) is None
    answer = Response()
    ours.remember_person(answer, "token")
    ours.remember_admin(answer, "token", seconds=60)
    person, former, admin = answer.headers.getlist("set-cookie")
    assert person.startswith("__Host-nest_person=token; HttpOnly; Max-Age=34560000; Path=/;")
    assert admin.startswith("__Host-nest_admin=token; HttpOnly; Max-Age=60; Path=/;")
    for cookie, site in ((person, "lax"), (admin, "strict")):
        assert cookie.endswith(f"SameSite={site}; Secure")
        assert "domain" not in cookie.lower()
    assert former.startswith('nest_person=""')
    assert "Max-Age=0" in former


async def test_a_person_of_an_earlier_release_is_moved_over_with_a_new_token(
    web: RunningWeb,
) -> None:
    """The plain cookie, which others could have planted, is replaced and then opens nothing."""
    api = web.api()
    house = await api.create()
    planted = api.token or ""
    object.__setattr__(web.parts.people.cookies, "secure", True)
    cookie = {"cookie": f"nest_person={planted}", "origin": web.url}
    read = await web.api().call("GET", f"/api/configurations/{house['code']}", headers=cookie)
    assert read.status_code == 401
    moved = await web.api().call("POST", "/api/people/me/token", headers=cookie)
    assert moved.json() == {"token": None}
    fresh = only(moved.headers["set-cookie"].partition(";")[0], "__Host-nest_person")
    assert fresh
    assert fresh != planted
    assert (await web.api(planted).call("POST", "/api/people/me/token")).status_code == 401
    assert (await web.api(fresh).read(house["code"]))["role"] == "owner"
