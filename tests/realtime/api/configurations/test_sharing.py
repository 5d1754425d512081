"""People who may invite list and end invitations and roles: REST, sockets, every process.

Each promise about the end of access is proved by the ways that people have, not by the stores.
"""

import asyncio
from itertools import count
from uuid import UUID, uuid4

import pytest

from configurator.people.roles import Role
from tests.realtime.api.configurations.guests import (
    WAYS,
    access,
    by_rest,
    by_socket,
    guest,
    invited,
    left,
    person,
    redeem,
    seconds,
)
from tests.realtime.clients import Json, Socket, joined, select
from tests.realtime.conftest import RunningWeb, StartWeb


async def test_the_owner_sees_links_and_people_but_no_token(web: RunningWeb) -> None:
    """(AU7)"""
    owner = web.api()
    house = await owner.create()
    open_link = await invited(owner, house, role="viewer", lifetime_hours=1, uses_max=2)
    ended = await invited(owner, house)
    path = f"/api/configurations/{house['code']}/share-links/{ended['link']['id']}"
    assert (await owner.call("DELETE", path)).json() == {"link": ended["link"]["id"], "removed": []}
    came = await guest(web, open_link)
    async with joined(web.ws_url, came.token, house["code"]) as socket:
        await socket.ask("introduce", name="Ben")
        await web.parts.people.grants.sweep()
        found = await access(owner, house)
    (link,) = found["links"]
    assert (link["role"], link["uses"], link["uses_max"], link["uses_left"]) == ("viewer", 1, 2, 1)
    assert [each["name"] for each in link["used_by"]] == ["Ben"]
    assert link["made_by"]["id"] == found["participants"][0]["id"]
    assert 3500 < seconds(link["made_at"], link["until"]) < 3700
    mine, theirs = found["participants"]
    assert (mine["role"], mine["here"], mine["link"]) == ("owner", False, None)
    assert (theirs["id"], theirs["name"], theirs["role"]) == (came.id, "Ben", "viewer")
    assert (theirs["here"], theirs["link"]) == (True, link["id"])
    assert theirs["seen_at"] is not None
    assert (found["link_count"], found["participant_count"]) == (1, 2)
    for secret in (open_link, ended):
        assert secret["url"].partition("#")[2] not in str(found)
    async with joined(web.ws_url, owner.token or "", house["code"]) as socket:
        told = await socket.ask("access_of", configuration=house["code"])
    assert told["access"]["links"] == found["links"]


async def test_a_link_lasts_a_week_by_default(web: RunningWeb) -> None:
    """(AU8)"""
    owner = web.api()
    house = await owner.create()
    for asked, hours in (({}, 168), ({"lifetime_hours": 2160}, 2160)):
        link = (await invited(owner, house, **asked))["link"]
        assert abs(seconds(link["made_at"], link["until"]) - hours * 3600) < 30
        assert (link["role"], link["uses_max"], link["uses_left"]) == ("editor", None, None)
    path = f"/api/configurations/{house['code']}/share-links"
    for wrong in (
        {"lifetime_hours": 0},
        {"lifetime_hours": 2161},
        {"uses_max": 0},
        {"uses_max": 101},
    ):
        answer = await owner.call("POST", path, json=wrong)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_message")
        async with joined(web.ws_url, owner.token or "", house["code"]) as socket:
            refused = await socket.ask("invite", configuration=house["code"], **wrong)
        assert refused["code"] == "malformed_message"


async def test_a_removed_person_is_told_at_once_and_does_not_come_back(web: RunningWeb) -> None:
    """(AU9, AU11, JN10) No link from before the removal admits them; a new one does."""
    for remove in WAYS:
        owner = web.api()
        house = await owner.create()
        link, known_too = await invited(owner, house, role="viewer"), await invited(owner, house)
        other = await invited(owner, house)
        came, stays = await guest(web, link), await guest(web, link)
        assert await redeem(came.api, known_too) == 200
        async with (
            joined(web.ws_url, came.token, house["code"]) as theirs,
            joined(web.ws_url, stays.token, house["code"]) as others,
        ):
            removed = await remove(web, owner, house, came.id)
            assert set(removed["links"]) == {link["link"]["id"], known_too["link"]["id"]}
            assert (await left(theirs))["code"] == "access_revoked"
            refused = await theirs.op(house["code"], select("nest", "nest100"))
            assert refused["code"] == "not_found"
            assert (await others.ask("ping"))["type"] == "pong"
            assert not [frame for frame in others.frames if frame["type"] == "left"]
        assert (await came.api.submit(house["code"], select("nest", "nest100"))).status_code == 404
        for old in (link, known_too):
            assert await redeem(came.api, old) == 410
            assert await redeem((await person(web)).api, old) == 410
        assert await redeem(came.api, other) == 410  # older than the removal
        assert await redeem(came.api, await invited(owner, house)) == 200
        assert (await came.api.submit(house["code"], select("nest", "nest100"))).status_code == 200


async def test_links_stay_open_only_if_the_request_says_so(web: RunningWeb) -> None:
    """(AU9)"""
    for remove in (by_rest, by_socket):
        owner = web.api()
        house = await owner.create()
        link, other = await invited(owner, house), await invited(owner, house)
        one, two = await guest(web, link), await guest(web, link)
        assert (await remove(web, owner, house, one.id, links="none"))["links"] == []
        assert await redeem(one.api, link) == 410
        assert await redeem((await person(web)).api, link) == 200
        ended = (await remove(web, owner, house, two.id, links="all"))["links"]
        assert set(ended) == {link["link"]["id"], other["link"]["id"]}
        assert await redeem((await person(web)).api, other) == 410


async def test_ending_a_link_removes_who_came_by_it_unless_they_are_kept(web: RunningWeb) -> None:
    """(AU8, AU11) Over REST and over a socket."""
    owner = web.api()
    house = await owner.create()
    async with joined(web.ws_url, owner.token or "", house["code"]) as socket:
        for keep in (False, True):
            for rest in (False, True):
                link = await invited(owner, house)
                came = await guest(web, link)
                path = f"/api/configurations/{house['code']}/share-links/{link['link']['id']}"
                how = {"participants": "keep"} if keep else {}
                if rest:
                    removed = (await owner.call("DELETE", path, params=how)).json()["removed"]
                else:
                    asked = {"configuration": house["code"], "link": link["link"]["id"], **how}
                    removed = (await socket.ask("end_link", **asked))["removed"]
                assert removed == ([] if keep else [came.id])
                answer = await came.api.submit(house["code"], select("nest", "nest100"))
                assert answer.status_code == (200 if keep else 404)
                assert await redeem((await person(web)).api, link) == 410


async def test_nobody_does_what_only_owners_may(web: RunningWeb) -> None:
    """(AU6, AU10) The answers do not tell whether a house exists that is not theirs."""
    owner = web.api()
    house = await owner.create()
    link = await invited(owner, house)
    editor = await guest(web, link)
    viewer = await guest(web, await invited(owner, house, role="viewer"))
    stranger = await person(web)
    (mine, *_) = (await access(owner, house))["participants"]
    asked: list[tuple[str, Json]] = [
        ("access_of", {}),
        ("invite", {}),
        ("end_link", {"link": link["link"]["id"]}),
        ("remove", {"person": mine["id"]}),
    ]
    for who, code, status in (
        (editor, "owners_only", 403),
        (viewer, "owners_only", 403),
        (stranger, "not_found", 404),
    ):
        async with joined(web.ws_url, who.token, house["code"]) as socket:
            for kind, fields in asked:
                answer = await socket.ask(kind, configuration=house["code"], **fields)
                assert answer["code"] == code, (kind, answer)
        one = f"/api/configurations/{house['code']}"
        for method, path in (
            ("GET", f"{one}/access"),
            ("DELETE", f"{one}/share-links/{link['link']['id']}"),
            ("DELETE", f"{one}/participants/{mine['id']}"),
            ("DELETE", f"{one}/participants/{editor.id if who is viewer else viewer.id}"),
        ):
            assert (await who.api.call(method, path)).status_code == status, path
    one = f"/api/configurations/{house['code']}"
    for method, path, status, code in (
        ("DELETE", f"{one}/participants/{mine['id']}", 403, "owner_stays"),
        ("DELETE", f"{one}/participants/{stranger.id}", 404, "participant_unknown"),
        ("DELETE", f"{one}/participants/{uuid4()}", 404, "participant_unknown"),
        ("DELETE", f"{one}/participants/nobody", 400, "malformed_message"),
        ("DELETE", f"{one}/participants/{editor.id}?links=some", 400, "malformed_message"),
        ("DELETE", f"{one}/share-links/{uuid4()}", 404, "link_unknown"),
        (
            "DELETE",
            f"{one}/share-links/{link['link']['id']}?participants=",
            400,
            "malformed_message",
        ),
    ):
        refused = await owner.call(method, path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (status, code), path
    assert (await access(owner, house))["participant_count"] == 3
    assert (await web.api().call("GET", f"{one}/access")).status_code == 401


async def test_everybody_but_the_owner_may_leave(web: RunningWeb) -> None:
    """(AU10)"""
    owner = web.api()
    house = await owner.create()
    link = await invited(owner, house)
    came, other = await guest(web, link), await guest(web, link)
    async with joined(web.ws_url, came.token, house["code"]) as socket:
        answer = await socket.ask(
            "remove", configuration=house["code"], person=came.id, links="all"
        )
        assert (answer["type"], answer["links"]) == ("removed", [])
        assert (await left(socket))["code"] == "access_revoked"
    assert await by_rest(web, other.api, house, other.id) == {"person": other.id, "links": []}
    found = await access(owner, house)
    assert (found["participant_count"], found["link_count"]) == (1, 1)
    assert await redeem(came.api, link) == 410
    mine = found["participants"][0]["id"]
    async with joined(web.ws_url, owner.token or "", house["code"]) as socket:
        answer = await socket.ask("remove", configuration=house["code"], person=mine)
        assert answer["code"] == "owner_stays"
        outcome = await socket.op(house["code"], select("nest", "nest100"))
        assert outcome["outcome"] == "committed"


@pytest.mark.no_sweeps
async def test_every_process_tells_as_soon_as_it_has_the_news(start_web: StartWeb) -> None:
    """(AU11, JN10) The people who may invite hear that the list has changed."""
    here, there = await start_web("here"), await start_web("there")
    owner = here.api()
    house = await owner.create()
    link = await invited(owner, house)
    came, other = await guest(here, link), await guest(here, link)
    async with (
        joined(there.ws_url, came.token, house["code"]) as theirs,
        joined(there.ws_url, other.token, house["code"]) as others,
        joined(there.ws_url, owner.token or "", house["code"]) as mine,
    ):
        await by_rest(here, owner, house, came.id)
        assert (await theirs.until("left"))["code"] == "access_revoked"
        assert (await mine.until("access_changed"))["configuration"] == house["id"]
        told = await mine.ask("access_of", configuration=house["code"])
        assert came.id not in [each["id"] for each in told["access"]["participants"]]
        assert (await others.ask("ping"))["type"] == "pong"
        assert "access_changed" not in [frame["type"] for frame in others.frames]


@pytest.mark.no_sweeps
async def test_without_the_bus_the_sweep_tells(start_web: StartWeb) -> None:
    """(AU11, JN10)"""
    here, there = await start_web("here"), await start_web("there")
    owner = here.api()
    house = await owner.create()
    came = await guest(here, await invited(owner, house))
    async with joined(there.ws_url, came.token, house["code"]) as theirs:
        there.hear_no_news()
        await by_rest(here, owner, house, came.id)
        assert (await theirs.ask("ping"))["type"] == "pong"
        assert "left" not in [frame["type"] for frame in theirs.frames]
        await there.parts.people.grants.sweep()
        assert (await theirs.until("left"))["code"] == "access_revoked"


async def test_a_forged_message_of_the_bus_takes_no_role_away(web: RunningWeb) -> None:
    """(AU11)"""
    owner = web.api()
    house = await owner.create()
    came = await guest(web, await invited(owner, house))
    async with joined(web.ws_url, came.token, house["code"]) as theirs:
        for payload in (
            f'{{"configuration": "{house["id"]}", "people": ["{came.id}"]}}',
            '{"configuration": 7}',
            "nothing",
        ):
            web.parts.stores.channels.hear("access", payload.encode())
        await web.parts.people.grants.sweep()
        outcome = await theirs.op(house["code"], select("nest", "nest100"))
        assert outcome["outcome"] == "committed"


async def test_no_op_commits_after_the_answer_of_a_removal(web: RunningWeb) -> None:
    """(AU11, OP15)"""
    for remove in WAYS:
        owner = web.api()
        house = await owner.create()
        came = await guest(web, await invited(owner, house))
        began = asyncio.Event()
        async with (
            joined(web.ws_url, came.token, house["code"]) as socket,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(edit_until_refused(socket, house, began))
            await began.wait()
            await remove(web, owner, house, came.id)
            version = (await owner.read(house["code"]))["version"]
        assert (await owner.read(house["code"]))["version"] == version


async def edit_until_refused(socket: Socket, house: Json, began: asyncio.Event) -> None:
    """``began`` is set after a few ops."""
    for number in count():
        option = ("nest100", "nest120")[number % 2]
        reply = await socket.op(house["code"], select("nest", option))
        if number == 3:
            began.set()
        if reply["type"] == "error":
            assert reply["code"] in {"access_revoked", "not_found"}
            return


async def test_fifty_people_open_a_link_with_three_uses(start_web: StartWeb) -> None:
    """(AU8) Three are in, whatever the moment, and the others are told that it is used up."""
    web = await start_web(deadline_seconds=30.0)
    owner = web.api()
    house = await owner.create()
    link = await invited(owner, house, uses_max=3)
    people = [web.api((await web.parts.editing.actions.people.register())[1]) for _ in range(50)]
    async with asyncio.TaskGroup() as tasks:
        opening = [tasks.create_task(redeem(each, link)) for each in people]
    assert sorted(each.result() for each in opening) == [200] * 3 + [410] * 47
    found = await access(owner, house)
    assert (found["links"][0]["uses"], found["links"][0]["uses_left"]) == (3, 0)
    assert found["participant_count"] == 4


async def test_a_house_is_listed_for_its_advisor_who_removes_all_but_the_owner(
    web: RunningWeb,
) -> None:
    """(AU6, AU10)"""
    owner = web.api()
    house = await owner.create()
    advisor, came = await person(web), await guest(web, await invited(owner, house))
    shares = web.parts.stores.configuration_stores.shares
    await shares.grant(UUID(house["id"]), UUID(advisor.id), Role.ADVISOR)
    mine = (await access(advisor.api, house))["participants"][0]["id"]
    await by_rest(web, advisor.api, house, came.id)
    path = f"/api/configurations/{house['code']}/participants/{mine}"
    refused = await advisor.api.call("DELETE", path)
    assert refused.json()["error"]["code"] == "owner_stays"
    await by_rest(web, owner, house, advisor.id)
    assert (await access(owner, house))["participant_count"] == 1
