"""REST as a developer uses it: create, read, edit, read the log, share, inquire."""

import re
from uuid import UUID, uuid4

import pytest

from tests.realtime.clients import Api, Json, select
from tests.realtime.conftest import RunningWeb, StartWeb


async def test_a_new_configuration_has_the_defaults_and_their_price(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    assert created["selection"]["nest"] == {"option": "nest80"}
    assert created["selection"]["gebaeudehuelle"] == {"option": "holzlattung"}
    assert created["derived"]["price"]["total_cents"] == 17_070_000
    assert created["version"] == 0
    assert await api.read(created["code"]) == {
        key: value for key, value in created.items() if key != "token"
    }


async def test_an_op_is_answered_with_its_outcome_and_the_new_price(web: RunningWeb) -> None:
    """(OP3)"""
    api = web.api()
    created = await api.create()
    answer = await api.submit(created["id"], select("nest", "nest120"))
    assert answer.status_code == 200
    assert answer.json()["outcome"] == "committed"
    assert answer.json()["version"] == 1
    read = await api.read(created["id"])
    assert read["version"] == 1
    assert read["derived"]["price"]["total_cents"] == answer.json()["total_cents"]


async def test_the_golden_house_of_the_price_list(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    bundle = {
        "kind": "apply",
        "operations": [
            select("nest", "nest120"),
            select("innenverkleidung", "fichte"),
            select("pvanlage", "pv_panels", 10),
            select("fenster", "fichte", 20),
            select("planungspaket", "plus"),
            select("grundstueckscheck", "grundstueckscheck"),
        ],
    }
    answer = await api.submit(created["id"], bundle)
    assert answer.json()["total_cents"] == 26_429_000


async def test_the_same_op_id_gives_the_same_outcome_again(start_web: StartWeb) -> None:
    """(OP4)"""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    created = await api.create()
    op_id = uuid4()
    first = await api.submit(created["id"], select("nest", "nest120"), op_id=op_id)
    elsewhere = Api(two.url, api.token)
    again = await elsewhere.submit(
        created["id"], select("nest", "nest120"), op_id=op_id, base_version=1
    )
    assert first.json() == {**again.json(), "repeated": False}
    assert again.json()["repeated"] is True
    assert (await elsewhere.read(created["id"]))["version"] == 1


async def test_a_reused_op_id_with_another_body_is_refused(web: RunningWeb) -> None:
    """(OP5)"""
    api = web.api()
    created = await api.create()
    op_id = uuid4()
    await api.submit(created["id"], select("nest", "nest120"), op_id=op_id)
    answer = await api.submit(created["id"], select("nest", "nest160"), op_id=op_id)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "op_id_reused"
    assert (await api.read(created["id"]))["version"] == 1


async def test_shrinking_the_house_adjusts_the_panels_and_says_so(web: RunningWeb) -> None:
    """(OP12)"""
    api = web.api()
    created = await api.create()
    await api.submit(created["id"], select("nest", "nest140"))
    await api.submit(created["id"], select("pvanlage", "pv_panels", 14))
    answer = await api.submit(created["id"], select("nest", "nest80"))
    assert answer.json()["outcome"] == "adjusted"
    assert answer.json()["reasons"][0]["code"] == "quantity_reduced"
    assert "8" in answer.json()["reasons"][0]["text"]["de"]
    assert (await api.read(created["id"]))["selection"]["pvanlage"]["quantity"] == 8


async def test_too_many_panels_are_rejected_with_a_way_out_that_works(web: RunningWeb) -> None:
    """(OP13)"""
    api = web.api()
    created = await api.create()
    answer = await api.submit(created["id"], select("pvanlage", "pv_panels", 9))
    assert answer.status_code == 422
    refused = answer.json()
    assert refused["outcome"] == "rejected"
    assert (await api.read(created["id"]))["version"] == 0
    again = await api.submit(
        created["id"], select("pvanlage", "pv_panels", 9), op_id=UUID(refused["op_id"])
    )
    assert again.json() == {**refused, "repeated": True}
    repair = refused["repairs"][0]
    repaired = await api.submit(created["id"], repair["operation"])
    assert repaired.status_code == 200
    assert repaired.json()["total_cents"] == 17_070_000 + repair["difference_cents"]


async def test_a_guarded_op_conflicts_with_what_somebody_changed_meanwhile(web: RunningWeb) -> None:
    """(OP11)"""
    api = web.api()
    created = await api.create()
    await api.submit(created["id"], select("fussboden", "schiefer_massiv"))
    answer = await api.submit(created["id"], {"kind": "reset"}, base_version=0, guarded=True)
    assert answer.status_code == 409
    assert answer.json()["outcome"] == "conflict"
    informed = await api.submit(created["id"], {"kind": "reset"}, base_version=1, guarded=True)
    assert informed.json()["outcome"] == "committed"


async def test_the_log_gives_every_version_in_order(web: RunningWeb) -> None:
    """(OP6)"""
    api = web.api()
    created = await api.create()
    for option in ("nest100", "nest120", "nest140"):
        await api.submit(created["id"], select("nest", option))
    await api.submit(created["id"], select("pvanlage", "pv_panels", 99))
    answer = await api.call("GET", f"/api/configurations/{created['id']}/ops?since=1")
    log = answer.json()
    assert [op["version"] for op in log["ops"]] == [2, 3]
    assert log["version"] == 3
    assert log["complete"] is True


async def test_an_invitation_opens_the_house_to_somebody_else(web: RunningWeb) -> None:
    owner, guest = web.api(), web.api()
    created = await owner.create()
    await guest.create()
    stranger = await guest.call("GET", f"/api/configurations/{created['id']}")
    assert stranger.status_code == 404

    link = await owner.call("POST", f"/api/configurations/{created['id']}/share-links", json={})
    token = link.json()["url"].partition("#")[2]
    redeemed = await guest.call("POST", "/api/share-links/redeem", json={"token": token})

    assert redeemed.json() == {"code": created["code"]}
    assert (await guest.submit(created["code"], select("nest", "nest100"))).status_code == 200
    assert (await owner.read(created["id"]))["version"] == 1


async def test_a_viewer_may_look_and_not_touch(web: RunningWeb) -> None:
    """(OP15)"""
    owner, guest = web.api(), web.api()
    created = await owner.create()
    await guest.create()
    link = await owner.call(
        "POST", f"/api/configurations/{created['id']}/share-links", json={"role": "viewer"}
    )
    token = link.json()["url"].partition("#")[2]
    await guest.call("POST", "/api/share-links/redeem", json={"token": token})
    assert (await guest.read(created["id"]))["role"] == "viewer"
    refused = await guest.submit(created["id"], select("nest", "nest100"))
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "read_only"


@pytest.mark.parametrize("role", ["editor", "viewer"])
async def test_a_person_who_does_not_own_a_house_is_told_who_may(
    web: RunningWeb, role: str
) -> None:
    """(AU6) An editor is not viewing only."""
    owner, guest = web.api(), web.api()
    house = await owner.create()
    await guest.create()
    path = f"/api/configurations/{house['id']}"
    link = await owner.call("POST", f"{path}/share-links", json={"role": role})
    token = link.json()["url"].partition("#")[2]
    await guest.call("POST", "/api/share-links/redeem", json={"token": token})
    inquiry = {"inquiry_id": str(uuid4()), "name": "A", "email": "a@haus.example", "consent": True}
    for what, asked in (("share-links", {}), ("inquiries", inquiry)):
        refused = await guest.call("POST", f"{path}/{what}", json=asked)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "owners_only"), what
        assert "owner" in refused.json()["error"]["message"]["en"]
        stranger = await web.api(await new_token(web)).call("POST", f"{path}/{what}", json=asked)
        assert stranger.json()["error"]["code"] == "not_found"


async def new_token(web: RunningWeb) -> str:
    answer = await web.api().call("POST", "/api/people", json={})
    token: str = answer.json()["token"]
    return token


@pytest.mark.parametrize("around", ["\u00a0", " \n", "\u3000", "\ufeff"])
async def test_an_invitation_may_be_copied_with_blanks_around_it(
    web: RunningWeb, around: str
) -> None:
    owner = web.api()
    house = await owner.create()
    link = await owner.call("POST", f"/api/configurations/{house['id']}/share-links", json={})
    token = around + link.json()["url"].partition("#")[2] + around
    guest = web.api(await new_token(web))
    redeemed = await guest.call("POST", "/api/share-links/redeem", json={"token": token})
    assert redeemed.json() == {"code": house["code"]}


async def test_any_selection_can_be_priced_without_storing_it(web: RunningWeb) -> None:
    answer = await web.api().call(
        "POST",
        "/api/price",
        json={
            "selection": {
                "nest": {"option": "nest160"},
                "gebaeudehuelle": {"option": "fassadenplatten_weiss"},
                "innenverkleidung": {"option": "steirische_eiche"},
                "fussboden": {"option": "kalkstein_kanafar"},
            }
        },
    )
    assert answer.json()["derived"]["price"]["total_cents"] == 38_220_000


async def test_every_picture_that_is_named_exists(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    for url in created["derived"]["previews"].values():
        answer = await api.call("GET", url)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("image/svg+xml")
        assert "immutable" in answer.headers["cache-control"]


async def test_openapi_describes_every_endpoint(web: RunningWeb) -> None:
    document = (await web.api().call("GET", "/openapi.json")).json()
    for path in (
        "/api/configurations",
        "/api/configurations/{id}",
        "/api/configurations/{id}/ops",
        "/api/catalogue",
        "/api/price",
    ):
        assert path in document["paths"]
    assert "OpRequest" in document["components"]["schemas"]


async def test_a_new_person_may_give_a_name(web: RunningWeb) -> None:
    """(PR6) A request without a body, or with an empty one, gives the person a guest name."""
    ask = web.api().call
    named = await ask("POST", "/api/people", json={"name": " Anna  Huber "})
    assert (named.status_code, named.json()["person"]["name"]) == (201, "Anna Huber")
    bodies: list[Json] = [{}, {"json": {}}, {"headers": {"content-type": "application/json"}}]
    for nothing in bodies:
        guest = await ask("POST", "/api/people", **nothing)
        assert guest.status_code == 201, guest.text
        assert guest.json()["person"]["name"]
    for name in ("", " ", "x" * 41):
        refused = await ask("POST", "/api/people", json={"name": name})
        assert refused.json()["error"]["code"] == "name_unusable", name


async def test_a_house_that_has_not_changed_is_not_sent_again(web: RunningWeb) -> None:
    """(ER3) Its ETag is that of its epoch and version, and of what the asker may do."""
    api = web.api()
    house = await api.create()
    path = f"/api/configurations/{house['code']}"
    first = await api.call("GET", path)
    etag = first.headers["etag"]
    assert house["epoch"] in etag
    assert first.headers["cache-control"] == "no-store"
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        same = await api.call("GET", path, headers={"if-none-match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        assert same.headers["cache-control"] == "no-store"
    await api.submit(house["id"], select("nest", "nest120"))
    changed = await api.call("GET", path, headers={"if-none-match": etag})
    assert (changed.status_code, changed.json()["version"]) == (200, 1)
    assert changed.headers["etag"] != etag
    stranger = await web.api().call("GET", path, headers={"if-none-match": etag})
    assert (stranger.status_code, stranger.headers["www-authenticate"]) == (
        401,
        'Bearer realm="nest-haus"',
    )


async def test_no_answer_about_somebody_is_kept_by_a_browser(web: RunningWeb) -> None:
    """A shared computer had a house on its disk after "forget this device"."""
    api = web.api()
    house = await api.create()
    one = f"/api/configurations/{house['id']}"
    outcome = await api.submit(house["id"], select("nest", "nest120"))
    assert outcome.headers["cache-control"] == "no-store"
    for path in (one, f"{one}/ops", f"{one}/access", f"{one}/inquiries"):
        answer = await api.call("GET", path)
        assert (path, answer.status_code) == (path, 200)
        assert (path, answer.headers["cache-control"]) == (path, "no-store")
    refused = await web.api().call("GET", one)
    assert (refused.status_code, refused.headers["cache-control"]) == (401, "no-store")
    public = await api.call("GET", "/api/catalogue")
    assert public.headers["cache-control"] == "public, max-age=60"


async def test_a_page_of_the_log_has_at_least_one_op(web: RunningWeb) -> None:
    """(ER3) With pages of 0 ops, a client that asks until the log is complete would never stop."""
    api = web.api()
    house = await api.create()
    for limit, status in (("0", 400), ("1", 200), ("501", 200)):
        answer = await api.call("GET", f"/api/configurations/{house['id']}/ops?limit={limit}")
        assert answer.status_code == status, limit


async def test_integers_are_taken_as_the_description_says(web: RunningWeb) -> None:
    """(MS9)"""
    api = web.api()
    house = await api.create()
    described = (await api.call("GET", "/openapi.json")).json()["info"]["description"]
    told = re.search(r"In a body an integer may be written (\S+), (\S+) or (\S+), and", described)
    assert told is not None, described
    assert {float(each) for each in told.groups()} == {121}
    for written in told.groups():
        operation = (
            '{"kind": "select", "category": "pvanlage", "option": "pv_panels", '
            f'"quantity": {written}}}'
        )
        answer = await api.call(
            "POST",
            f"/api/configurations/{house['id']}/ops",
            content=f'{{"op_id": "{uuid4()}", "base_version": 0, "operation": {operation}}}',
            headers={"content-type": "application/json"},
        )
        assert "you asked for 121." in answer.text, answer.text


@pytest.mark.parametrize(("name", "least"), [("since", 0), ("limit", 1)])
async def test_a_number_in_an_address_is_refused_with_its_bounds(
    web: RunningWeb, name: str, least: int
) -> None:
    """(MS9)"""
    api = web.api()
    house = await api.create()
    said = f"must be a whole number from {least} to 9007199254740992"
    for written in (
        *("1" + "0" * 30, "0" * 5_000 + "1" * 17, "9007199254740993"),
        *("1e18", "-1", "abc", "1.0", "", str(least - 1)),
    ):
        path = f"/api/configurations/{house['id']}/ops?{name}={written}"
        error = (await api.call("GET", path)).json()["error"]
        assert (error["code"], error["detail"]) == ("malformed_message", f"{name} {said}")
