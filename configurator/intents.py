"""The operations as they travel: named intents, bounded when they are decoded.

They are msgspec structs, so that the protocol embeds them as they are. Everybody imports them from
configurator.operations.
"""

from typing import Annotated

import msgspec

from configurator.errors import OperationInvalid

MAX_APPLIED = 16

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[!-~]+(?!\n)$")]
"""Names of categories and options, as the log keeps them: visible ASCII without spaces."""

Quantity = Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]


class _Tagged(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """What the operations share: immutable, tagged by `kind`, unknown fields ignored."""


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


def operation_to_json(operation: Operation) -> dict[str, object]:
    """The JSON object of an operation; a quantity that was not given is absent."""
    shown: dict[str, object] = msgspec.to_builtins(operation)
    if isinstance(operation, Apply):
        shown["operations"] = [operation_to_json(nested) for nested in operation.operations]
    return shown


def operation_kind(operation: Operation) -> str:
    """`select`, `set_quantity`, `clear`, `apply`, `reset`, `undo` or `redo`."""
    return str(operation.__struct_config__.tag)
