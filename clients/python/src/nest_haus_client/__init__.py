"""Edit houses of NEST-Haus Live together with others.

async with Client.register("http://127.0.0.1:8080") as client:
    house = await client.join((await client.create()).code)
    outcome = await house.select("nest", "nest120")

The modules of this package:

    client             the client: identity, connection, joined houses
    house              a joined house: its state, and all operations on it
    houses             the houses that a client has joined, and ops that an earlier client left
    seat, answers      callers and listeners of a house; callers that wait for an answer
    events             the events of a house, and their bounded queue
    watcher            the live interactions as an async iterator
    messages, sharing  the messages of the protocol; those about access
    rest               the requests over HTTP
    errors             the errors of this client
    backoff, ids       delays before a retry; ids of ops
    connecting/        the way to the server
    core/              the client without I/O
    blocking/          the same client without ``async``

Imported by: `app.commands`.
"""

from nest_haus_client.client import Client
from nest_haus_client.core.confirmed import Confirmed
from nest_haus_client.core.operations import (
    Apply,
    Clear,
    Operation,
    Redo,
    Reset,
    Select,
    SetQuantity,
    Undo,
)
from nest_haus_client.core.queue import PendingOp
from nest_haus_client.core.selection import Choice, Chosen
from nest_haus_client.errors import (
    ClientClosed,
    ClientError,
    HouseEnded,
    NotAdmitted,
    QueueFull,
    Refused,
    Undecided,
    Unreachable,
    Withdrawn,
)
from nest_haus_client.events import (
    Changed,
    Ended,
    Event,
    Members,
    Replaced,
    Settled,
    Skipped,
    Status,
)
from nest_haus_client.house import House
from nest_haus_client.ids import new_op_id
from nest_haus_client.messages import (
    Activity,
    ActivityFilter,
    Change,
    Member,
    OpFrame,
    Outcome,
    Person,
    Reason,
    Repair,
)
from nest_haus_client.rest import Created, LoggedOp, StoredHouse, Ticket
from nest_haus_client.seat import Submitted
from nest_haus_client.sharing import (
    AccessList,
    LinkEnded,
    Participant,
    Removed,
    Share,
    ShareLink,
)

__all__ = [
    "AccessList",
    "Activity",
    "ActivityFilter",
    "Apply",
    "Change",
    "Changed",
    "Choice",
    "Chosen",
    "Clear",
    "Client",
    "ClientClosed",
    "ClientError",
    "Confirmed",
    "Created",
    "Ended",
    "Event",
    "House",
    "HouseEnded",
    "LinkEnded",
    "LoggedOp",
    "Member",
    "Members",
    "NotAdmitted",
    "OpFrame",
    "Operation",
    "Outcome",
    "Participant",
    "PendingOp",
    "Person",
    "QueueFull",
    "Reason",
    "Redo",
    "Refused",
    "Removed",
    "Repair",
    "Replaced",
    "Reset",
    "Select",
    "SetQuantity",
    "Settled",
    "Share",
    "ShareLink",
    "Skipped",
    "Status",
    "StoredHouse",
    "Submitted",
    "Ticket",
    "Undecided",
    "Undo",
    "Unreachable",
    "Withdrawn",
    "new_op_id",
]
