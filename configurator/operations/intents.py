"""The operations in the form that is sent: named intents, bounded when they are decoded.

They are msgspec structs, which the protocol embeds unchanged.
"""

from typing import Annotated

import msgspec

from configurator.errors import OperationInvalid

MAX_APPLIED = 16

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[!-~]+(?!\n)$")]
"""An id of a category or option, as the log stores it: visible ASCII without spaces."""

Quantity = Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]


class _Tagged(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """The base of all operations: immutable, tagged by `kind`, unknown fields ignored."""


class Select(_Tagged, frozen=True, kw_only=True, tag="select"):
    """Choose an option; without `quantity` the category keeps its own if it fits, else the default."""

    category: Id
    option: Id
    quantity: Quantity | None = None


class SetQuantity(_Tagged, frozen=True, kw_only=True, tag="set_quantity"):
    """Set how many; 0 clears. Selects the option where there is only one."""

    category: Id
    quantity: Quantity


class Clear(_Tagged, frozen=True, kw_only=True, tag="clear"):
    """Leave a category out."""

    category: Id


SingleOperation = Select | SetQuantity | Clear


class Apply(_Tagged, frozen=True, kw_only=True, tag="apply"):
    """Do several operations at once, all or none."""

    operations: Annotated[
        tuple[SingleOperation, ...], msgspec.Meta(min_length=1, max_length=MAX_APPLIED)
    ]


class Reset(_Tagged, frozen=True, kw_only=True, tag="reset"):
    """Go back to the defaults of the catalogue."""


class Undo(_Tagged, frozen=True, kw_only=True, tag="undo"):
    """Take back the author's newest op that is not taken back yet.

    When somebody else has changed the same since, it is a conflict; with `anyway` it is done.
    """

    anyway: bool = False


class Redo(_Tagged, frozen=True, kw_only=True, tag="redo"):
    """Bring back what the author's newest undo took back; `anyway` as in undo."""

    anyway: bool = False


Operation = Select | SetQuantity | Clear | Apply | Reset | Undo | Redo


def parse_operation(value: object) -> Operation:
    """The operation in a JSON object. Raises OperationInvalid."""
    try:
        operation: Operation = msgspec.convert(value, type=Operation)
    except msgspec.ValidationError as error:
        raise OperationInvalid(str(error)) from error
    return operation


def operation_kind(operation: Operation) -> str:
    """`select`, `set_quantity`, `clear`, `apply`, `reset`, `undo` or `redo`."""
    return str(operation.__struct_config__.tag)
