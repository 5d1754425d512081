"""PostgreSQL is away, refusing or silent: people are told, what needs no store goes on, nothing is lost."""

import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from configurator.activity.event_ids import session_uuid, uuid7
from tests.faults.load.away import How, away
from tests.faults.load.stand import PATIENT, running_stand
from tests.realtime.clients import Api, Json, Socket, joined, select
from tests.support.programs.processes import web
from tests.support.readiness import readiness, until_it_says
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults

FROM_MEMORY = ("/", "/developers", "/join", "/imprint", "/privacy", "/admin/login", "/dashboard")
FROM_THE_STORE = ("/signed-out", "/admin", "/admin/analytics", "/admin/service")
SAID = {
    "de": "Unser Speicher antwortet gerade nicht",
    "en": "Our storage does not answer right now",
}
NO_HOUSE = {"de": "kein neues Haus anlegen", "en": "no new house can be made"}
COMES_BY_ITSELF = '<meta http-equiv="refresh"'


class Visit:
    """Interactions that are told in one session, each with an id of its own, some of them twice."""

    def __init__(self) -> None:
        self.session = str(uuid4())
        self.events: list[Json] = []

    def event(self) -> Json:
        event_id = str(uuid7(time.time_ns() // 1_000_000, uuid4().int))
        self.events.append({"eventType": "click", "category": "nest", "eventId": event_id})
        return self.events[-1]

    async def told(self, url: str, *, number: int) -> None:
        """A batch of new ones, over REST, which must be taken."""
        await self.tell(url, [self.event() for _ in range(number)])

    async def tell(self, url: str, events: list[Json]) -> None:
        body = {
            "sessionId": self.session,
            "interactions": [
                {"eventId": each["eventId"], "interaction": _interaction(each)} for each in events
            ],
        }
        answer = await Api(url).call("POST", "/api/sessions/track-interactions", json=body)
        assert answer.status_code == 200, answer.text
        outcomes = {each["outcome"] for each in answer.json()["results"]}
        assert outcomes <= {"accepted", "duplicate"}, answer.text

    async def told_over(self, socket: Socket) -> None:
        event = self.event()
        reply = await socket.ask(
            "track",
            session_id=self.session,
            event_id=event["eventId"],
            interaction=_interaction(event),
        )
        assert reply["type"] == "tracked", reply

    async def is_stored_once(self, url: str) -> bool:
        connection = await asyncpg.connect(url)
        try:
            found = await connection.fetch(
                "SELECT event_id FROM interactions WHERE session_id = $1",
                session_uuid(self.session),
            )
        finally:
            await connection.close()
        stored = sorted(str(row["event_id"]) for row in found)
        return stored == sorted(each["eventId"] for each in self.events)


def _interaction(event: Json) -> Json:
    return {key: value for key, value in event.items() if key != "eventId"}


class Browser:
    """Asks for pages as the browser of a person does, who may be an admin, too."""

    def __init__(self, url: str, token: str, language: str) -> None:
        self.language = language
        self._url = url
        self._headers = {
            "accept": "text/html",
            "accept-language": language,
            "cookie": f"nest_person={token}; nest_admin={uuid4().hex}",
        }

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self._url, verify=False, timeout=30) as client:
            return await client.get(path, headers=self._headers)

    async def start(self) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self._url, verify=False, timeout=30) as client:
            form = {"language": self.language}
            return await client.post("/start", data=form, headers=self._headers)

    async def is_told(self, path: str) -> None:
        """A page of ours, in the visitor's language, that comes back by itself."""
        answer = await self.get(path)
        assert answer.status_code == 503, (path, answer.text)
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["content-language"] == self.language
        assert SAID[self.language] in answer.text, path
        assert COMES_BY_ITSELF in answer.text, path

    async def is_told_that_no_house_is_made(self) -> None:
        """A form is not sent by itself: a button does it."""
        answer = await self.start()
        assert answer.status_code == 503, answer.text
        assert NO_HOUSE[self.language] in answer.text
        assert COMES_BY_ITSELF not in answer.text
        assert '<form method="post" action="/start">' in answer.text


@pytest.mark.parametrize("how", ["stopped", "frozen"])
async def test_people_are_told_and_the_rest_goes_on(home: Path, how: How) -> None:
    """(OP16, AC14)"""
    async with (
        running_stand(home, webs=1, NEST_REDIS_DEADLINE_SECONDS=PATIENT) as stand,
        AsyncExitStack() as stack,
    ):
        url = stand.urls[0]
        api, visit, late = Api(url), Visit(), Visit()
        house = await api.create()
        page = f"/c/{house['code']}"
        ws = f"{url.replace('http', 'ws', 1)}/ws"
        socket = await stack.enter_async_context(joined(ws, api.token or "", house["id"]))
        picture = next(iter((await api.read(house["id"]))["derived"]["previews"].values()))
        await until_it_says(url, ready=True, degraded=False)
        op_id = uuid4()

        async with away(stand.postgres, how):
            await until_it_says(url, ready=True, degraded=True, database=False)
            for language in ("de", "en"):
                browser = Browser(url, api.token or "", language)
                for path in FROM_MEMORY:
                    assert (await browser.get(path)).status_code == 200, path
                for path in (*FROM_THE_STORE, page, f"{page}?as=admin"):
                    await browser.is_told(path)
                await browser.is_told_that_no_house_is_made()
            for path in (picture, "/api/catalogue"):
                assert (await api.call("GET", path)).status_code == 200, path
            await visit.told(url, number=3)
            await visit.told_over(socket)
            refused = await socket.ask(
                "op",
                configuration=house["id"],
                op_id=str(op_id),
                base_version=0,
                operation=select("nest", "nest100"),
            )
            assert (refused["type"], refused["code"]) == ("error", "not_saved")
            await visit.told_over(socket)

            started = stack.enter_context(
                web(stand.postgres.url, stand.valkey.url, NEST_REDIS_DEADLINE_SECONDS=PATIENT)
            )
            await until_it_says(started.url, ready=False, database=False, migrated=False)
            await late.told(started.url, number=2)
            await Browser(started.url, api.token or "", "de").is_told(page)
            assert (await readiness(url))["ready"]

        for each in (url, started.url):
            await until_it_says(each, ready=True, degraded=False)
            answer = await Browser(each, api.token or "", "de").get(page)
            assert answer.status_code == 200
        again = await api.submit(house["id"], select("nest", "nest100"), op_id=op_id)
        assert (again.status_code, again.json()["version"]) == (200, 1)
        await visit.tell(url, visit.events[:2])
        for told in (visit, late):
            stored = partial(told.is_stored_once, stand.postgres.url)
            await eventually(stored, why="each interaction is stored, once")
        assert list(stand.crashes()) == []
