"""The duties of a server when links and roles end: AU, and JN10 and OP15 after the end."""

from dataclasses import dataclass

from nest_haus_conformance.house import House
from nest_haus_conformance.peer import Json, Peer, dial, greeted, joined, rest
from nest_haus_conformance.server import COMMITTED, Server, is_error, versions_of
from nest_haus_conformance.verdicts import Checks, expect

OVER = {"not_found", "access_revoked"}
"""The codes that answer an op of a person without a role; `left` has said why."""

check: Checks[Server] = Checks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An invitation: its id, and the secret behind the # of its address."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A new person, with the answer to their try to enter by a link."""

    id: str
    token: str
    answer: Json


async def link(house: House, role: str = "editor", **limits: int) -> Link:
    """A new invitation of the owner."""
    path = f"/api/configurations/{house.id}/share-links"
    made = await rest(house.url, "POST", path, {"role": role, **limits}, house.owner)
    expect(made["status"] == 201, f"no invitation: {made}")
    return Link(id=str(made["link"]["id"]), secret=str(made["url"]).rsplit("#", 1)[-1])


async def redeem(house: House, secret: str, token: str) -> Json:
    """Open an invitation; returns the answer."""
    return await rest(house.url, "POST", "/api/share-links/redeem", {"token": secret}, token)


async def guest(house: House, by: Link) -> Guest:
    """A new person who opens this invitation."""
    made = await rest(house.url, "POST", "/api/people", {})
    token = str(made["token"])
    answer = await redeem(house, by.secret, token)
    return Guest(id=str(made["person"]["id"]), token=token, answer=answer)


async def admitted(house: House, by: Link) -> Guest:
    """A new person whom this invitation lets in."""
    found = await guest(house, by)
    expect(found.answer["status"] == 200, f"the invitation does not work: {found.answer}")
    return found


async def over_rest(house: House, method: str, what: str, token: str) -> Json:
    """The answer to a request about links and roles."""
    return await rest(house.url, method, f"/api/configurations/{house.id}/{what}", token=token)


def refused(answer: Json, code: str) -> None:
    """A request over REST was refused with this code."""
    found = answer.get("error", {}).get("code")
    expect(found == code, f"expected {code}, got {answer['status']} {found}")


async def is_over(house: House, peer: Peer, person: Guest) -> None:
    """Check that their connection was told, gets no more messages, and can do nothing."""
    left = await peer.until("left")
    expect(left.get("code") == "access_revoked", f"left with {left.get('code')}")
    told = len(peer.frames)
    before = await house.log()
    async with joined(house.url, house.owner, house.id) as owner:
        await owner.op(house.id, house.select(len(before) + 1))
    answer = await peer.op(house.id, house.select(len(before) + 2))
    expect(answer["type"] == "error", f"an op after the end got {answer['type']}")
    expect(answer["code"] in OVER, f"an op after the end got {answer['code']}")
    expect((await peer.ask("ping"))["type"] == "pong", "the connection did not go on")
    heard = [version for frame in peer.frames[told:] for version in versions_of(frame)]
    expect(heard == [], f"versions {heard} arrived after left")
    expect(len(await house.log()) == len(before) + 1, "an op of theirs is in the log")
    path = f"/api/configurations/{house.id}/ops"
    asked = {"op_id": person.id, "base_version": 0, "operation": house.select(1)}
    answer = await rest(house.url, "POST", path, asked, person.token)
    refused(answer, "not_found")


@check("AU11", "JN10", "OP15")
async def _removed(server: Server) -> None:
    """A person who is removed receives left with access_revoked; nothing of theirs commits after it."""
    house = await server.house()
    person = await admitted(house, await link(house))
    async with joined(server.url, person.token, house.id) as peer:
        before = await peer.op(house.id, house.select(1))
        expect(before["outcome"] in COMMITTED, "an editor may not edit")
        gone = await over_rest(house, "DELETE", f"participants/{person.id}", house.owner)
        expect(gone["status"] == 200, f"not removed: {gone}")
        await is_over(house, peer, person)
    again = await over_rest(house, "DELETE", f"participants/{person.id}", house.owner)
    expect(again["status"] == 200, f"to remove is not safe to repeat: {again}")


@check("AU9")
async def _removed_for_good(server: Server) -> None:
    """Nobody comes back by the link of a removed person, not even as somebody new; a newer one works."""
    house = await server.house()
    first, other = await link(house), await link(house)
    person = await admitted(house, first)
    gone = await over_rest(house, "DELETE", f"participants/{person.id}", house.owner)
    expect(gone["links"] == [first.id], f"the links that ended are {gone.get('links')}")
    refused(await redeem(house, first.secret, person.token), "invitation_unusable")
    refused((await guest(house, first)).answer, "invitation_unusable")
    refused(await redeem(house, other.secret, person.token), "invitation_unusable")
    await admitted(house, other)
    newer = await redeem(house, (await link(house)).secret, person.token)
    expect(newer["status"] == 200, f"a newer link gives no role: {newer}")
    every = await over_rest(house, "DELETE", f"participants/{person.id}?links=all", house.owner)
    expect(other.id in every["links"], "links=all leaves a link open")
    refused((await guest(house, other)).answer, "invitation_unusable")


@check("AU8", "AU11", "JN10")
async def _ended_link(server: Server) -> None:
    """A link that ended lets nobody in, and takes the roles that came from it."""
    house = await server.house()
    ended = await link(house)
    person = await admitted(house, ended)
    async with (
        joined(server.url, person.token, house.id) as peer,
        joined(server.url, house.owner, house.id) as owner,
    ):
        answer = await owner.ask("end_link", configuration=house.id, link=ended.id)
        expect(answer["type"] == "link_ended", f"got {answer}")
        expect(answer["removed"] == [person.id], f"removed are {answer.get('removed')}")
        await is_over(house, peer, person)
    refused((await guest(house, ended)).answer, "invitation_unusable")
    again = await over_rest(house, "DELETE", f"share-links/{ended.id}", house.owner)
    expect(again["status"] == 200, f"to end a link is not safe to repeat: {again}")


@check("AU8")
async def _ended_link_that_keeps(server: Server) -> None:
    """With participants=keep a link ends, and the people who came by it keep their roles."""
    house = await server.house()
    ended = await link(house)
    person = await admitted(house, ended)
    answer = await over_rest(
        house, "DELETE", f"share-links/{ended.id}?participants=keep", house.owner
    )
    expect(answer["removed"] == [], f"removed are {answer.get('removed')}")
    refused((await guest(house, ended)).answer, "invitation_unusable")
    async with joined(server.url, person.token, house.id) as peer:
        outcome = await peer.op(house.id, house.select(1))
        expect(outcome.get("outcome") in COMMITTED, f"got {outcome}")


@check("AU8")
async def _used_up(server: Server) -> None:
    """A link for one person lets one in, however often that one opens it."""
    house = await server.house()
    single = await link(house, uses_max=1)
    person = await admitted(house, single)
    again = await redeem(house, single.secret, person.token)
    expect(again["status"] == 200, f"the same person again: {again}")
    refused((await guest(house, single)).answer, "invitation_unusable")


@check("AU2", "OP15")
async def _lowered(server: Server) -> None:
    """A person who may only look from now on is refused with read_only, also on an open connection."""
    house = await server.house()
    person = await admitted(house, await link(house))
    async with greeted(server.url, person.token) as peer:
        first = await peer.join(house.id)
        expect(first["you"]["role"] == "editor", f"an editor is {first['you']['role']}")
        await over_rest(house, "DELETE", f"participants/{person.id}", house.owner)
        await peer.until("left")
        back = await redeem(house, (await link(house, "viewer")).secret, person.token)
        expect(back["status"] == 200, f"a newer link gives no role: {back}")
        snapshot = await peer.join(house.id)
        expect(snapshot["you"]["role"] == "viewer", f"a viewer is {snapshot['you']['role']}")
        is_error(await peer.op(house.id, house.select(1)), "read_only")
        expect(await house.log() == [], "it was done")


@check("AU6", "AU7")
async def _listed(server: Server) -> None:
    """The owner sees links and people, and no secret; others are told owners_only."""
    house = await server.house()
    made = await link(house, uses_max=2)
    person = await admitted(house, made)
    found = await over_rest(house, "GET", "access", house.owner)
    listed = {each["id"]: each for each in found["links"]}
    expect(made.id in listed, "an open link is not listed")
    one = listed[made.id]
    expect((one["uses"], one["uses_left"]) == (1, 1), f"uses are {one}")
    expect([each["id"] for each in one["used_by"]] == [person.id], f"used by {one['used_by']}")
    expect(made.secret not in str(found), "the list has the secret of a link")
    roles = {each["id"]: (each["role"], each["link"]) for each in found["participants"]}
    expect(roles.get(person.id) == ("editor", made.id), f"they are {roles.get(person.id)}")
    async with joined(server.url, person.token, house.id) as peer:
        is_error(await peer.ask("access_of", configuration=house.id), "owners_only")
        answer = await peer.ask("end_link", configuration=house.id, link=made.id)
        is_error(answer, "owners_only")
    refused(await over_rest(house, "GET", "access", person.token), "owners_only")
    refused(await over_rest(house, "GET", "access", house.stranger), "not_found")
    await over_rest(house, "DELETE", f"share-links/{made.id}", house.owner)
    after = await over_rest(house, "GET", "access", house.owner)
    expect(made.id not in {each["id"] for each in after["links"]}, "an ended link is listed")


@check("AU10")
async def _owner_stays(server: Server) -> None:
    """The owner cannot be removed; anybody else leaves by naming themselves, and their link stays."""
    house = await server.house()
    made = await link(house)
    person = await admitted(house, made)
    async with joined(server.url, house.owner, house.id) as owner:
        you = next(frame["you"] for frame in owner.frames if frame["type"] == "snapshot")
        answer = await owner.ask("remove", configuration=house.id, person=you["person"])
        is_error(answer, "owner_stays")
    other = await admitted(house, made)
    refused(
        await over_rest(house, "DELETE", f"participants/{other.id}", person.token), "owners_only"
    )
    left = await over_rest(house, "DELETE", f"participants/{person.id}", person.token)
    expect((left["status"], left.get("links")) == (200, []), f"to leave: {left}")
    await admitted(house, made)


@check("AU11")
async def _told(server: Server) -> None:
    """Members who may invite receive access_changed when links or roles change; others do not."""
    house = await server.house()
    person = await admitted(house, await link(house))
    async with (
        joined(server.url, house.owner, house.id) as owner,
        joined(server.url, person.token, house.id) as peer,
    ):
        made = await link(house)
        await owner.until("access_changed")
        await over_rest(house, "DELETE", f"share-links/{made.id}", house.owner)
        await owner.until("access_changed")
        expect((await peer.ask("ping"))["type"] == "pong", "the connection did not go on")
        told = [frame["type"] for frame in peer.frames]
        expect("access_changed" not in told, "an editor was told who has access")


@check("AU12")
async def _token_over(server: Server) -> None:
    """With a token its connections end: left with access_revoked, then not_authenticated."""
    house = await server.house()
    person = await admitted(house, await link(house))
    async with joined(server.url, person.token, house.id) as peer:
        fresh = await rest(server.url, "POST", "/api/people/me/token", token=person.token)
        expect(fresh["status"] == 200, f"no new token: {fresh}")
        left = await peer.until("left")
        expect(left.get("code") == "access_revoked", f"left with {left.get('code')}")
        is_error(await peer.op(house.id, house.select(1)), "not_authenticated")
        expect(await peer.close_code() == 4001, "not closed with 4001")
        expect(await house.log() == [], "an op with the old token is in the log")
    async with dial(server.url) as again:
        is_error(await again.hello(person.token), "not_authenticated")
        expect(await again.close_code() == 4001, "not closed with 4001")
    async with greeted(server.url, str(fresh["token"])) as new:
        joined_again = await new.join(house.id)
        expect(joined_again["type"] == "snapshot", f"with the new token: {joined_again}")
