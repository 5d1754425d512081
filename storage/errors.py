"""Errors of storage, classified by who has to act.

StorageError
├── StorageUnavailable      outside failure: wait `retry_after_seconds`, then try again
│   └── OutcomeUnknown      the connection was lost at COMMIT: it may have happened or not
├── StorageConflict         the request contradicts the stored data
│   ├── CodeTaken
│   ├── CatalogueDiffers
│   ├── InquiryDiffers
│   ├── TooMany
│   ├── HouseMovedOn
│   ├── OwnerStays
│   ├── SchemaDiffers
│   └── Unknown
└── StorageDefect           the server refused our statement or value: our own bug
"""

from typing import Literal, TypeAlias

Store: TypeAlias = Literal["PostgreSQL", "Redis"]


class StorageError(Exception):
    """The base of all errors that storage raises."""


class StorageUnavailable(StorageError):
    """The server was not reached or did not answer in time.

    Covers: not reachable, pool exhausted, deadline passed, connection lost, server starting or
    stopping, disk full. A write that raises this may have been stored: resolve it by its own id
    (op_id, inquiry id, ...), never report it as failed.

    `why` is the reason; where `store` is set, it is the end of a sentence about that server.
    """

    def __init__(
        self, why: str, retry_after_seconds: float = 1.0, *, store: Store | None = None
    ) -> None:
        super().__init__(why if store is None else f"{store}: {why}")
        self.why = why
        self.store = store
        self.retry_after_seconds = retry_after_seconds


class OutcomeUnknown(StorageUnavailable):
    """The connection was lost after COMMIT was sent; repeating the call is safe and resolves it."""


class StorageConflict(StorageError):
    """The request contradicts the stored data; the same call will never succeed."""


class CodeTaken(StorageConflict):
    """Another configuration has this code: make a new one and try again."""


class CatalogueDiffers(StorageConflict):
    """A catalogue with this id and another revision is already published; ids are immutable."""


class InquiryDiffers(StorageConflict):
    """An inquiry with this id and another body is already stored."""


class TooMany(StorageConflict):
    """The limit for these objects is reached."""


class HouseMovedOn(StorageConflict):
    """The configuration is no longer at the version that the request names."""


class OwnerStays(StorageConflict):
    """The owner of a configuration cannot be removed from it."""


class SchemaDiffers(StorageConflict):
    """This code does not work with the schema of the database; the message says what to do."""


class Unknown(StorageConflict):
    """The configuration does not have the named link or person."""


class StorageDefect(StorageError):
    """The server refused a statement or value; retrying does not help."""
