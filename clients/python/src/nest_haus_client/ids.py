"""Ids of ops: UUID version 7, so that they sort by the time they were made."""

import secrets
import time
from uuid import UUID


def new_op_id() -> UUID:
    """A new UUIDv7 of now."""
    milliseconds = time.time_ns() // 1_000_000 & (1 << 48) - 1
    bits = milliseconds << 80 | secrets.randbits(80)
    bits = bits & ~(0xF << 76) | 0x7 << 76
    return UUID(int=bits & ~(0x3 << 62) | 0x2 << 62)
