"""The Python client as the conformance kit drives it; see clients/conformance."""

import asyncio
import json
import os
import sys

import msgspec
from nest_haus_client import Client, ClientError, House, Refused, Replaced, Submitted
from nest_haus_client.core.operations import Operation


def say(**what: object) -> None:
    print(msgspec.json.encode(what).decode(), flush=True)


async def settle(submitted: Submitted) -> None:
    try:
        say(outcome=await submitted)
    except ClientError as ended:
        refuse(ended)


def refuse(ended: ClientError) -> None:
    say(refused={"code": ended.code if isinstance(ended, Refused) else type(ended).__name__})


async def watch(house: House) -> None:
    async for event in house.events():
        if isinstance(event, Replaced) and event.restored:
            say(restored={"to": event.restored_to})


async def main() -> None:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    async with (
        Client(os.environ["NEST_URL"], token=os.environ["NEST_TOKEN"]) as client,
        asyncio.TaskGroup() as tasks,
    ):
        house = await client.join(os.environ["NEST_CODE"])
        tasks.create_task(watch(house))
        say(ready=True)
        async for line in lines:
            match json.loads(line):
                case {"do": "op", "operation": operation}:
                    try:
                        submitted = house.submit(msgspec.convert(operation, Operation))
                    except ClientError as full:
                        refuse(full)
                    else:
                        tasks.create_task(settle(submitted))
                case {"do": "state"}:
                    known = house.confirmed
                    say(
                        state={
                            "epoch": known.epoch,
                            "version": known.version,
                            "selection": known.selection,
                            "total_cents": known.total_cents,
                            "pending": len(house.pending),
                        }
                    )
                case _:
                    os._exit(0)


asyncio.run(main())
