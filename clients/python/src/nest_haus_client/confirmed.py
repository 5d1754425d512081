"""What the server said last about a house: a value that moves by one op, or is replaced whole."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

import msgspec

from nest_haus_client.messages import OpFrame, Outcome, Position, Snapshot, You
from nest_haus_client.operations import Choice, Chosen, Selection, plain


class _Total(msgspec.Struct):
    total_cents: int


class _Priced(msgspec.Struct):
    price: _Total


_priced = msgspec.json.Decoder(_Priced)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A house at one version; price and selection belong to it. ``you``: who this client is here."""

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
        """What is chosen at this version; a plain copy, as ``House.selection``."""
        return plain(self.choices)

    @property
    def position(self) -> Position:
        """The version, in its history."""
        return Position(epoch=self.epoch, version=self.version)

    @classmethod
    def of(cls, frame: Snapshot) -> Self:
        """As a snapshot says. Raises msgspec.DecodeError when it has no price."""
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
        """Whether ``version`` is in it, so that what follows that version can be applied."""
        return self.epoch == epoch and version <= self.version

    def after(self, frame: OpFrame) -> Self:
        """With the op of the next version. The ops before the last of a message are not whole."""
        selection = frame.selection
        return replace(
            self,
            version=frame.version,
            choices=_changed(self.choices, frame) if selection is None else selection,
            total_cents=frame.total_cents,
            derived=frame.derived if bytes(frame.derived) else self.derived,
        )

    def told(self, you: You | None) -> Self:
        """With what the server says about this client, if it said something."""
        return self if you is None else replace(self, you=you)

    def told_by(self, outcome: Outcome) -> Self:
        """With what an outcome says about undo and redo, if it says something."""
        if outcome.can_undo is None:
            return self
        you = msgspec.structs.replace(
            self.you, can_undo=outcome.can_undo, can_redo=outcome.can_redo
        )
        return replace(self, you=you)


def _changed(selection: Selection, frame: OpFrame) -> Mapping[str, Choice]:
    after = dict(selection)
    for change in frame.changes:
        if change.after is None:
            after.pop(change.category, None)
        else:
            after[change.category] = change.after
    return after
