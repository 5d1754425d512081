"""Some processes, the house they share, its people, and everything that can go wrong between them.

Rooms, connections, committer and PostgreSQL are the product's own. The bus loses, doubles and
reorders; a crash leaves a process's rooms, connections and ops in flight behind.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.chance import Chance
from app.parts.activity import ActivityPart
from app.parts.editing import EditingPart
from app.parts.limits import LimitsPart
from app.parts.people import PeoplePart
from app.parts.sockets import SocketsPart
from app.parts.stores import StoresPart
from app.settings.settings import Settings, parse_settings
from configurator.activity.visitor import VisitorTraits
from configurator.operations.document import apply_changes
from configurator.operations.outcomes import Change
from configurator.people.sharing import Invitation
from configurator.pricing.price import total_cents
from realtime.connections.connection import Connection
from realtime.connections.timing import Timing
from realtime.connections.visits import ConnectionVisit
from realtime.people.principal import Visitor
from realtime.process.news import Channels, News
from realtime.rooms.hub import Hub
from storage.postgres.configurations.stored import StoredOperation
from storage.redis.bus.bus import Bus
from storage.tasks import OwnedTasks
from tests.model.client import Client
from tests.model.follower import Broken, Json
from tests.model.network import LossyBus, Wire
from tests.support.history import new_document

PROCESSES = 3
COMMITTED = frozenset({"committed", "adjusted"})


class Process:
    """A web process without sockets and pages, on a bus that cannot be trusted."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire
        self.tasks = OwnedTasks()
        self.stores = StoresPart.of(settings, Chance())
        self._activity: ActivityPart | None = None
        self._begin()

    @property
    def hub(self) -> Hub:
        return self.editing.hub

    def begin_again(self) -> None:
        """Begin as a new process after the old one died, without knowledge of rooms and people."""
        for room in self.hub.rooms():
            room.close()
        self._begin()

    def _begin(self) -> None:
        """Its look-ups run in tasks that outlive it: a story ends a process without a farewell."""
        channels = Channels()
        bus: Bus = LossyBus(self._wire, self._settings.node, channels.hear)  # type: ignore[assignment]
        self.stores = replace(self.stores, bus=bus, channels=channels, news=News(bus, channels))
        stores, settings = self.stores, self._settings
        self.people = people = PeoplePart.of(settings, stores, Timing())
        self.editing = editing = EditingPart.of(settings, stores, people)
        self._activity = self._activity or ActivityPart.of(settings, stores, people, editing)
        self.services = SocketsPart.of(
            settings,
            stores,
            people,
            editing=editing,
            activity=self._activity,
            limits=LimitsPart.of(settings, stores, people),
            timing=Timing(),
        ).services
        grants, authenticator = self.people.grants, self.people.authenticator
        for owner in (grants, grants._lookups, authenticator._lookups):
            owner._tasks = self.tasks


@dataclass(slots=True, kw_only=True)
class Story:
    """One house, and what happens to it."""

    processes: list[Process]
    wire: Wire
    house: UUID
    clients: list[Client]
    places: dict[str, int] = field(default_factory=dict)
    requests: dict[asyncio.Task[None], int] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=count)

    # ---- people

    async def connect(self, client: Client, place: int) -> None:
        """Come (back) by way of this process, with what the client knows."""
        self.disconnect(client)
        process = self.processes[place]
        client.begin()
        connection = Connection(
            connection_id=f"{client.name}-{next(self.numbers)}",
            services=process.services,
            deliver=client.deliver,
            hang_up=client.hang_up,
            principal=Visitor(person=client.person),
            visit=ConnectionVisit(visitor=VisitorTraits(), source="model"),
        )
        client.connection = connection
        self.places[client.name] = place
        await self.send(client, {"type": "hello", "protocol": 1})
        await self.join(client)

    async def join(self, client: Client) -> None:
        await self.send(client, client.join_message())

    def disconnect(self, client: Client) -> None:
        """The line is cut: what was under way to the client is lost."""
        connection, client.connection = client.connection, None
        if connection is not None:
            for task, name in [(task, task.get_name()) for task in self.requests]:
                if name == connection.id:
                    task.cancel()
            for room in self.processes[self.places[client.name]].hub.rooms():
                room.members.remove(connection.id)

    async def send(self, client: Client, message: Json) -> None:
        """Send, wait for what becomes of it, read."""
        if client.connection is not None:
            await client.connection.receive(msgspec.json.encode(message))
            self.read_as(client)

    def begin_op(self, client: Client, operation: Json, *, guarded: bool = False) -> None:
        """Send an op without waiting for its outcome."""
        if client.connection is not None and client.version >= 0:
            message = client.op_message(operation, op_id=uuid4(), guarded=guarded)
            self._begin(client, client.connection.receive(msgspec.json.encode(message)))

    def resend(self, client: Client) -> None:
        """Send what was not answered again, in order, as it was."""
        if client.connection is not None:
            for message in client.unanswered.values():
                self._begin(client, client.connection.receive(msgspec.json.encode(message)))

    def _begin(self, client: Client, request: Coroutine[object, object, object]) -> None:
        assert client.connection is not None

        async def run() -> None:
            await request

        task = asyncio.get_running_loop().create_task(run(), name=client.connection.id)
        self.requests[task] = self.places[client.name]

    async def spin(self, turns: int) -> None:
        """Let the loop turn this many times; then people read."""
        for _ in range(turns):
            await asyncio.sleep(0)
        self.read()

    async def finish_requests(self) -> None:
        """Wait until every op under way has ended one way or another."""
        while self.requests:
            tasks = list(self.requests)
            await asyncio.wait(tasks)
            for task in tasks:
                del self.requests[task]
                if not task.cancelled():
                    task.result()
        self.read()

    def read(self) -> None:
        for client in self.clients:
            self.read_as(client)

    def read_as(self, client: Client) -> None:
        """Take what has arrived; who was let go notices."""
        if client.connection is not None:
            client.read()
            if client.closed_with is not None:
                self.disconnect(client)

    # ---- what goes wrong

    def crash(self, place: int) -> None:
        """kill -9: connections, rooms and ops in flight are gone; a new process starts."""
        for client in self.clients:
            if client.connection is not None and self.places[client.name] == place:
                client.connection = None
        for task, where in self.requests.items():
            if where == place:
                task.cancel()
        self.processes[place].begin_again()

    async def renew_epoch(self) -> None:
        """Begin a new epoch, as after a restore: the same versions in another history."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(text("UPDATE deployment SET epoch = gen_random_uuid()"))

        await self.processes[0].stores.database.write(work)

    async def beat(self, place: int) -> None:
        """The head beacon of one process, and what follows from it."""
        hub = self.processes[place].hub
        await hub.compare_heads()
        await hub.catch_up()
        self.read()

    async def tell_positions(self, place: int) -> None:
        self.processes[place].hub.tell_positions()
        self.read()
        await self.rejoin_where_needed()

    async def rejoin_where_needed(self) -> None:
        for client in self.clients:
            if client.connection is not None and client.needs_join:
                await self.join(client)

    # ---- and in the end

    async def heal(self) -> None:
        """The network is whole again; everybody is back and has been answered."""
        self.wire.deliver_all()
        await self.finish_requests()
        for number, client in enumerate(self.clients):
            if client.connection is None:
                await self.connect(client, number % PROCESSES)
        for place in range(PROCESSES):
            await self.beat(place)
        for client in self.clients:
            for message in list(client.unanswered.values()):
                await self.send(client, message)
        self.wire.deliver_all()
        for place in range(PROCESSES):
            await self.beat(place)
            for room in self.processes[place].hub.rooms():
                for member in room.members.local():
                    await room.show_version(room.version, author_connection=member.connection)
            await self.tell_positions(place)
        self.read()

    async def check(self) -> None:
        """(I1) (I2) (I5) (I6) (I9) (I17): one history, everybody has it, every price is right."""
        process = self.processes[0]
        found = await process.stores.configuration_stores.configurations.load_with_operations(
            self.house, 0, 100_000
        )
        assert found is not None
        stored, log = found
        if [op.version for op in log] != list(range(1, stored.version + 1)):
            raise Broken("(I2) the log has a gap")
        selection = self._fold(log)
        if selection != stored.selection:
            raise Broken("(I17) the log does not lead to what is stored")
        for client in self.clients:
            if (client.epoch, client.version) != (str(stored.epoch), stored.version):
                raise Broken(f"(I1) {client.name} is at {client.version}, not {stored.version}")
            if client.selection != selection or client.total_cents != stored.total_cents:
                raise Broken(f"(I1) {client.name} sees another house or price")
            if client.unanswered:
                raise Broken(f"(I6) {client.name} was never told of {list(client.unanswered)}")
        self._check_outcomes(log)

    def _fold(self, log: list[StoredOperation]) -> Json:
        catalogue = self.processes[0].editing.catalogues.current
        document = new_document(catalogue)
        for op in log:
            changes = msgspec.convert(op.changes, list[Change])
            document = apply_changes(document, changes, op.version or 0)
            if op.total_cents != total_cents(catalogue, document.selection):
                raise Broken(f"(I9) version {op.version} has the price of another house")
        folded: Json = msgspec.to_builtins(dict(document.selection))
        return folded

    def _check_outcomes(self, log: list[StoredOperation]) -> None:
        by_id = {op.op_id: op for op in log}
        told: set[UUID] = set()
        for client in self.clients:
            for op_id, outcome in client.outcomes.items():
                told.add(op_id)
                stored = by_id.get(op_id)
                if outcome["outcome"] in COMMITTED:
                    if stored is None or stored.version != outcome["version"]:
                        raise Broken(f"(I4) an acknowledged op is not in the log: {outcome}")
                elif stored is not None:
                    raise Broken(f"(I5) a refused op is in the log: {outcome}")
        if unheard := by_id.keys() - told:
            raise Broken(f"(I6) in the log, but nobody was told: {unheard}")


@dataclass(slots=True, kw_only=True)
class World:
    """Processes that stories take place in, one after the other."""

    processes: list[Process]
    wire: Wire

    async def new_story(self, people: int) -> Story:
        """A house, its owner and editors, all connected nowhere."""
        self.wire.under_way.clear()
        for process in self.processes:
            process.begin_again()
        actions, sharing = self.processes[0].editing.actions, self.processes[0].editing.sharing
        owner, _ = await actions.people.register()
        house = await actions.create(owner)
        principals = [owner]
        for _ in range(people - 1):
            principal, _ = await actions.people.register()
            invited = await sharing.invite(owner, house.code, Invitation())
            await sharing.redeem(principal, invited.url.partition("#")[2])
            principals.append(principal)
        clients = [
            Client(name=f"client-{number}", person=principal.person, house=str(house.id))
            for number, principal in enumerate(principals)
        ]
        return Story(processes=self.processes, wire=self.wire, house=house.id, clients=clients)


@asynccontextmanager
async def world(database_url: str, redis_url: str) -> AsyncIterator[World]:
    wire = Wire()
    async with AsyncExitStack() as stack:
        processes = []
        for number in range(PROCESSES):
            settings = parse_settings(
                {
                    "DATABASE_URL": database_url,
                    "REDIS_URL": redis_url,
                    "NEST_NODE": f"process-{number}",
                    "NEST_DATABASE_POOL_SIZE": "6",
                    "NEST_LIMIT_SCALE": "1000",
                }
            )
            process = Process(settings, wire)
            stores = process.stores
            for part in (stores.database, stores.redis, stores.committer, process.tasks):
                await stack.enter_async_context(part)
            processes.append(process)
        yield World(processes=processes, wire=wire)
