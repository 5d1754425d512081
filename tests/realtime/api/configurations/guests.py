"""People who come to a house by an invitation, and the ways of removing them."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from tests.realtime.clients import Api, Json, Socket, joined
from tests.realtime.conftest import RunningWeb
from tests.realtime.transports.test_socketio import connected


class Guest:
    """Somebody who came by an invitation, over REST."""

    def __init__(self, api: Api, person: str) -> None:
        self.api = api
        self.id = person

    @property
    def token(self) -> str:
        return self.api.token or ""


async def invited(owner: Api, house: Json, **asked: object) -> Json:
    answer = await owner.call(
        "POST", f"/api/configurations/{house['code']}/share-links", json=asked
    )
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def redeem(api: Api, link: Json) -> int:
    """The status with which somebody with a token is answered who opens a link."""
    token = link["url"].partition("#")[2]
    while True:
        answer = await api.call(
            "POST", "/api/share-links/redeem", json={"token": token}, timeout=60
        )
        if answer.status_code != 503:  # a busy machine: the answer says to ask again
            return answer.status_code


async def person(web: RunningWeb) -> Guest:
    made = (await web.api().call("POST", "/api/people")).json()
    return Guest(web.api(made["token"]), made["person"]["id"])


async def guest(web: RunningWeb, link: Json) -> Guest:
    came = await person(web)
    assert await redeem(came.api, link) == 200
    return came


async def access(api: Api, house: Json) -> Json:
    answer = await api.call("GET", f"/api/configurations/{house['code']}/access")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def by_rest(web: RunningWeb, owner: Api, house: Json, who: str, **how: str) -> Json:
    path = f"/api/configurations/{house['code']}/participants/{who}"
    answer = await owner.call("DELETE", path, params=how)
    assert answer.status_code == 200, answer.text
    removed: Json = answer.json()
    return removed


async def by_socket(web: RunningWeb, owner: Api, house: Json, who: str, **how: str) -> Json:
    async with joined(web.ws_url, owner.token or "", house["code"]) as socket:
        answer = await socket.ask("remove", configuration=house["code"], person=who, **how)
    assert answer["type"] == "removed", answer
    return {"person": answer["person"], "links": answer["links"]}


async def by_socketio(web: RunningWeb, owner: Api, house: Json, who: str, **how: str) -> Json:
    async with connected(web, owner.token or "") as socket:
        answer = await socket.ask("remove", configuration=house["code"], person=who, **how)
    assert answer["type"] == "removed", answer
    return {"person": answer["person"], "links": answer["links"]}


Remove = Callable[..., Awaitable[Json]]
WAYS: tuple[Remove, ...] = (by_rest, by_socket, by_socketio)


async def left(socket: Socket) -> Json:
    seen = [frame for frame in socket.frames if frame["type"] == "left"]
    return seen[0] if seen else await socket.until("left")


def seconds(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
