"""One configuration that is open in this process: its order, its head, its members.

Theory. PostgreSQL has the authoritative log, append-only, of the versions 1..n. A room is a cache
of the log's head and a fan-out to the members of this process. It moves forward only, by one
version at a time, and learns of version v + 1 in one of three ways:

1. an op of one of its own members was committed (``submit``),
2. another process published the op frame on the bus (``hear``),
3. it read the log (``catch_up``): after a gap, a reconnected bus, a head beacon or a moved head.

The first one counts; the others are recognised by their version and ignored. Every member therefore
sees every version once and in order. Three classes share the work:

    Order      judges ops one after the other and commits them        (order.py)
    Following  has the head, moves it on, keeps the newest ops        (following.py)
    FanOut     tells the members the ops that moved the head          (fan_out.py)
"""

from uuid import UUID

from configurator.catalogue.model import Catalogue
from configurator.pricing.pictures import preview_url
from configurator.protocol.messages import OpRequest, Outcome, Position
from realtime.delivery.frame import Frame
from realtime.people.principal import Principal
from realtime.rooms.following import Following
from realtime.rooms.judge import Head
from realtime.rooms.membership import Attachment, Membership
from realtime.rooms.order import Order
from realtime.rooms.parts import RoomParts
from storage.postgres.configurations.commit.statement import NotAllowed
from storage.postgres.configurations.stored import StoredConfiguration
from storage.redis.bus.bus import room_channel


class Room:
    """One open configuration. Made by the hub, which owns its tasks; not safe across threads."""

    def __init__(
        self, *, parts: RoomParts, catalogue: Catalogue, stored: StoredConfiguration
    ) -> None:
        self.members = Membership(
            configuration_id=stored.id,
            process=parts.process,
            now=parts.now,
            tell_others=lambda report: parts.bus.publish(room_channel(stored.id), b"p" + report),
        )
        self._following = Following(
            parts=parts, catalogue=catalogue, stored=stored, members=self.members
        )
        self._order = Order(parts=parts, following=self._following)

    @property
    def id(self) -> UUID:
        """The configuration's id."""
        return self._following.id

    @property
    def code(self) -> str:
        """The configuration's code."""
        return self._following.stored.code

    @property
    def version(self) -> int:
        """The version that its members have seen."""
        return self._following.version

    @property
    def epoch(self) -> UUID:
        """The epoch of the history that the version counts in; a restored database has another."""
        return self._following.epoch

    @property
    def position(self) -> Position:
        """The version that its members have seen, in its history."""
        return self._following.position

    @property
    def head(self) -> Head:
        """The state at that version."""
        return self._following.head

    @property
    def total_cents(self) -> int:
        """The price at that version."""
        return self._following.head.total_cents

    def picture(self, view: str) -> str:
        """The address of the picture of this view at that version."""
        return preview_url(view, self._following.head.document.selection)

    @property
    def under_way(self) -> int:
        """The number of ops that were judged and have no answer yet."""
        return self._order.under_way

    @property
    def judging(self) -> bool:
        """Whether an op is being judged, or waits until none is under way."""
        return self._order.judging

    # ---- ops

    async def submit(
        self, principal: Principal, asked: OpRequest, *, author_connection: str | None = None
    ) -> Outcome | NotAllowed:
        """Judge an op, commit it, then tell every member; returns the outcome for the author.

        ``author_connection`` is the member who gets the outcome. The op is sent to them before this
        returns, so that they never read an outcome before the version that it names.

        Raises:
            Refused: ``version_unknown``, ``op_id_reused``, ``not_saved`` or ``not_found``.
            StorageUnavailable: the outcome is unknown; the same ``op_id`` again decides it.
        """
        outcome = await self._order.submit(principal, asked)
        if author_connection is not None:
            self._following.fan_out.show_to(author_connection)
        return outcome

    async def show_version(self, version: int, *, author_connection: str | None = None) -> None:
        """Reach this version and send it to this member, who will read its outcome next.

        Raises StorageUnavailable.
        """
        if version > self.version:
            await self.catch_up()
        if author_connection is not None:
            self._following.fan_out.show_to(author_connection)

    async def settled(self) -> None:
        """Return when all ops that came before this call have an outcome.

        Raises StorageUnavailable.
        """
        await self._order.settled()

    async def undo_state(self, person_id: UUID) -> tuple[bool, bool]:
        """Whether this person has something to undo, and to redo. Raises StorageUnavailable."""
        return await self._following.undo_state(person_id)

    def undo_known(self, person_id: UUID) -> tuple[bool, bool] | None:
        """Like ``undo_state``, but only from memory; None if the log would have to be read."""
        return self._following.undo_known(person_id)

    # ---- versions from elsewhere

    def hear(self, payload: bytes) -> bool:
        """Take a message of another process; returns False if the log must be read instead.

        Raises ``codec.UNREADABLE``.
        """
        kind, content = payload[:1], payload[1:]
        if kind == b"p":
            self.members.hear(content)
        return kind != b"o" or self._following.hear_op(content)

    async def catch_up(self) -> None:
        """Read the log up to its end and tell the members. Raises StorageUnavailable."""
        await self._following.catch_up()

    def tell_position(self) -> None:
        """Tell the members the newest version, in case one of them missed it."""
        self._following.fan_out.tell_position()

    def forget_authors(self) -> None:
        """Drop the newest ops and read them again: in the log an erased author has no name."""
        self._following.forget_authors()

    # ---- entering

    async def reach(self, since: Position) -> None:
        """Make ready for a member who has seen ``since``: have that version and all later ones.

        Raises StorageUnavailable.
        """
        await self._following.reach(since)

    def attach(
        self,
        attachment: Attachment,
        *,
        since: Position | None = None,
        can_undo: tuple[bool, bool] | None = None,
        re: str | None = None,
    ) -> Frame:
        """Let a member in: the missed ops or a snapshot first, then everything that follows."""
        fan_out = self._following.fan_out
        missed = self._following.missed(since) if since is not None else None
        if since is None or missed is None:
            return fan_out.enter(attachment, can_undo=can_undo, re=re)
        return fan_out.come_back(attachment, since.version, missed, re=re)

    def close(self) -> None:
        """Send the members nothing any more."""
        self.members.close()
        self._following.fan_out.close()
