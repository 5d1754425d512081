"""The count of entries that the stream took, noted in PostgreSQL and held against the ledger."""

from realtime.offered import Offered
from storage.postgres.engine import Database
from storage.postgres.ledger import Ledger
from storage.postgres.stream_lives import StreamLives
from storage.redis.stream import InteractionStream


def offered_of(stream: InteractionStream, database: Database) -> Offered:
    """Not entered yet."""
    return Offered(stream, Ledger(database), StreamLives(database))
