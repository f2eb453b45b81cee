"""Identifiers."""

from datetime import datetime
from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562, section 5.7): unique, and sorted by its time of creation."""
    return uuid_utils.compat.uuid7()


def first_id_of(moment: datetime) -> UUID:
    """Return the smallest UUIDv7 of the millisecond: ids made before it are smaller."""
    milliseconds = int(moment.timestamp() * 1_000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62)
