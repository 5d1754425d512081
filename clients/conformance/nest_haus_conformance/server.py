"""The server under test, and the common parts of its checks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nest_haus_conformance.house import House, new_house
from nest_haus_conformance.peer import Json, Peer, joined
from nest_haus_conformance.verdicts import expect

COMMITTED = {"committed", "adjusted"}
MESSAGE_BYTES_MAX = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server under test; each check makes a house of its own."""

    url: str

    async def house(self) -> House:
        """A new house."""
        return await new_house(self.url)

    @asynccontextmanager
    async def member(self) -> AsyncIterator[tuple[House, Peer]]:
        """The owner of a new house, inside it."""
        house = await self.house()
        async with joined(self.url, house.owner, house.id) as peer:
            yield house, peer


def is_error(answer: Json, code: str) -> None:
    """Check that the answer is an error with this code."""
    expect(answer["type"] == "error", f"expected error {code}, got {answer['type']}")
    expect(answer["code"] == code, f"expected {code}, got {answer['code']}")


def versions_of(frame: Json) -> list[int]:
    """The versions that a frame brings, snapshots aside."""
    if frame["type"] == "op":
        return [frame["version"]]
    return [op["version"] for op in frame["ops"]] if frame["type"] == "ops" else []
