"""The confirmed state of a house: a value that changes by one op, or is replaced as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

import msgspec

from nest_haus_client.core.selection import Chosen, Selection, changed, plain
from nest_haus_client.messages import Member, OpFrame, Outcome, Position, Snapshot, You


class _Total(msgspec.Struct):
    total_cents: int


class _Priced(msgspec.Struct):
    price: _Total


_priced = msgspec.json.Decoder(_Priced)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A house at one version, with its price and selection. ``you``: this client's own role here."""

    id: UUID
    code: str
    catalogue: str
    you: You
    epoch: UUID
    version: int
    choices: Selection
    total_cents: int
    derived: msgspec.Raw

    @property
    def selection(self) -> dict[str, Chosen]:
        """The selection at this version; a plain copy, as ``House.selection``."""
        return plain(self.choices)

    @property
    def position(self) -> Position:
        """The version, in its history."""
        return Position(epoch=self.epoch, version=self.version)

    @classmethod
    def of(cls, frame: Snapshot) -> Self:
        """The state in a snapshot. Raises msgspec.DecodeError if it has no price."""
        return cls(
            id=frame.configuration,
            code=frame.code,
            catalogue=frame.catalogue,
            you=frame.you,
            epoch=frame.epoch,
            version=frame.version,
            choices=frame.selection,
            total_cents=_priced.decode(frame.derived).price.total_cents,
            derived=frame.derived,
        )

    def has(self, epoch: UUID, version: int) -> bool:
        """Whether it includes ``version``, so that ops after that version can be applied."""
        return self.epoch == epoch and version <= self.version

    def after(self, frame: OpFrame) -> Self:
        """The state after the op of the next version. Only the last op of a message is complete."""
        changes = ((change.category, change.after) for change in frame.changes)
        return replace(
            self,
            you=_after_own(self.you, frame),
            version=frame.version,
            choices=changed(self.choices, changes) if frame.selection is None else frame.selection,
            total_cents=frame.total_cents,
            derived=frame.derived if bytes(frame.derived) else self.derived,
        )

    def told(self, you: You | None) -> Self:
        """The state with the server's facts about this client, if there are any.

        Where the server did not look at what can be undone, that stays as it was known.
        """
        return self if you is None else replace(self, you=_merged(you, self.you))

    def told_by(self, outcome: Outcome) -> Self:
        """The state with an outcome's facts about undo and redo, if it has any."""
        nothing = {reason.code for reason in outcome.reasons}
        can_undo = False if "nothing_to_undo" in nothing else outcome.can_undo
        can_redo = False if "nothing_to_redo" in nothing else outcome.can_redo
        return self.told(msgspec.structs.replace(self.you, can_undo=can_undo, can_redo=can_redo))

    def among(self, members: Sequence[Member]) -> Self:
        """The state with the role that this person has among the members.

        An admin who looks on keeps their role, because it is not that of a member.
        """
        role = next((each.role for each in members if each.person == self.you.person), None)
        if role is None or self.you.role == "admin":
            return self
        return replace(self, you=msgspec.structs.replace(self.you, role=role))


def _after_own(you: You, frame: OpFrame) -> You:
    """The facts about this client that follow from an op; another person's op changes none."""
    if frame.author.id != you.person or not frame.changes:
        return you
    match frame.operation_kind:
        case "undo":
            return msgspec.structs.replace(you, can_redo=True)
        case "redo":
            return msgspec.structs.replace(you, can_undo=True)
        case _:
            return msgspec.structs.replace(you, can_undo=True, can_redo=False)


def _merged(you: You, before: You) -> You:
    return msgspec.structs.replace(
        you,
        can_undo=before.can_undo if you.can_undo is None else you.can_undo,
        can_redo=before.can_redo if you.can_redo is None else you.can_redo,
    )
