"""What can go wrong in storage, told apart by who has to act.

StorageError
├── StorageUnavailable      outside failure: wait `retry_after_seconds`, then try again
│   └── OutcomeUnknown      the connection was lost at COMMIT: it may have happened or not
├── StorageConflict         the caller asked for something that contradicts what is stored
│   ├── CodeTaken
│   ├── CatalogueDiffers
│   ├── InquiryDiffers
│   ├── TooMany
│   ├── HouseMovedOn
│   ├── OwnerStays
│   ├── SchemaDiffers
│   └── Unknown
└── StorageDefect           the server refused what we sent it: our own bug
"""


class StorageError(Exception):
    """Everything that storage raises."""


class StorageUnavailable(StorageError):  # noqa: N818 - the name is the contract
    """The server was not reached or did not answer in time.

    Covers: not reachable, pool exhausted, deadline passed, connection lost, server starting or
    stopping, disk full. A write that raises this may have been stored: resolve it by its own id
    (op_id, inquiry id, ...), never report it as failed.
    """

    def __init__(self, message: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class OutcomeUnknown(StorageUnavailable):
    """The connection was lost after COMMIT was sent; the same call again is safe and decides it."""


class StorageConflict(StorageError):  # noqa: N818 - the name is the contract
    """The request contradicts what is stored; the same call will never succeed."""


class CodeTaken(StorageConflict):
    """Another configuration has this code: make a new one and try again."""


class CatalogueDiffers(StorageConflict):
    """A catalogue with this id and another revision is already published; ids are immutable."""


class InquiryDiffers(StorageConflict):
    """An inquiry with this id and another body is already stored."""


class TooMany(StorageConflict):
    """There are as many of these as there may be."""


class HouseMovedOn(StorageConflict):
    """The configuration is not at the version any more that was meant."""


class OwnerStays(StorageConflict):
    """The owner of a configuration cannot be removed from it."""


class SchemaDiffers(StorageConflict):
    """The database has a schema that this code does not work with; the message says what to do."""


class Unknown(StorageConflict):
    """There is no such thing in this configuration."""


class StorageDefect(StorageError):  # noqa: N818 - the name is the contract
    """The server refused a statement or value; retrying does not help."""
