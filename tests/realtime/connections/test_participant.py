"""All that depends on a connection's person ends with them, even in the middle of a message."""

from collections.abc import Callable
from uuid import UUID

from typing_extensions import override

from storage.postgres.people.people import People, Person
from tests.realtime.clients import joined
from tests.realtime.conftest import StartWeb
from tests.realtime.own_stores import with_own


class SignedOutMeanwhile(People):
    """Stores a name, and then has the person signed out before the answer."""

    sign_out: Callable[[UUID], None]

    @override
    async def rename(self, person_id: UUID, name: str) -> Person | None:
        renamed = await super().rename(person_id, name)
        self.sign_out(person_id)
        return renamed


async def test_somebody_signed_out_while_their_name_is_stored_stays_nobody(
    start_web: StartWeb,
) -> None:
    web = await start_web(
        stores_of=with_own(people=lambda usual: SignedOutMeanwhile(usual.database))
    )
    people = web.parts.stores.configuration_stores.people
    assert isinstance(people, SignedOutMeanwhile)
    people.sign_out = web.parts.people.grants.forget
    api = web.api()
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        await socket.hello(api.token)
        await socket.send("introduce", name="Anna")
        await socket.until("introduced")
        await socket.send("join", configuration=house["code"])
        assert (await socket.until("error"))["code"] == "not_authenticated"
