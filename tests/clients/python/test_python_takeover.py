"""A web process is killed or stopped while the Python client edits; another one takes over."""

import signal

import pytest
from nest_haus_client import Changed, Client, Replaced, Select

from tests.support.programs.processes import web
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults

OPTIONS = ("nest100", "nest120", "nest140", "nest160", "nest80")


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
async def test_another_process_takes_over_and_nothing_is_lost_or_done_twice(
    database_url: str, redis_url: str, sign: signal.Signals
) -> None:
    """(OP2, OP4, JN6, CN9, CL3)"""
    with (
        web(database_url, redis_url, NEST_NODE="a") as first,
        web(database_url, redis_url, NEST_NODE="b") as second,
    ):
        await first.ready()
        await second.ready()
        async with (
            Client.register([first.url, second.url]) as client,
            Client(second.url, token=client.token) as witness,
        ):
            house = await client.join((await client.create()).code)
            seen = await witness.join(house.code)
            events = house.events()
            asked = [house.submit(Select("nest", option)) for option in OPTIONS]
            assert (await asked[0]).version == 1

            first.signal(sign)
            asked += [house.submit(Select("nest", option)) for option in OPTIONS]
            outcomes = [await each for each in asked]

            assert [outcome.version for outcome in outcomes] == list(range(1, 11))
            await eventually(lambda: not first.alive, 60.0)
            # On SIGTERM all may have been answered before the socket was closed.
            await eventually(lambda: client.status == "online", 60.0)
            log = await witness.log(house.code)
            assert [op.op_id for op in log] == [each.op_id for each in asked]
            await seen.reached(10)
            assert seen.confirmed.selection == house.confirmed.selection
            await house.leave()
            heard = [event async for event in events if isinstance(event, Changed | Replaced)]
            versions = [each.op.version for each in heard if isinstance(each, Changed)]
            assert versions == list(range(1, 11))
            assert len(heard) == 10, "recovered by ops, not by a snapshot"
