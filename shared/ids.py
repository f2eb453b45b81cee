"""Identifiers."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562, section 5.7): unique, and sorted by its time of creation."""
    return uuid_utils.compat.uuid7()
