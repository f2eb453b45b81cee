"""Moments in requests: a day, or a date-time with its offset (RFC 3339)."""

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.columns import utc_now

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def moment_of(text: str) -> datetime:
    """Return the moment that a day or a date-time with its offset means (RFC 3339).

    A day stands for its end, in UTC. Raises ``ValueError`` for anything else.
    """
    if _DAY.fullmatch(text):
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    # In an address an unescaped plus sign is a blank.
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    if moment.tzinfo is None or "T" not in text.upper():
        raise ValueError("A date-time has a T and an offset.")
    return moment.astimezone(UTC)


def _past(value: Any) -> datetime:
    try:
        moment = moment_of(value)
    except (ValueError, TypeError):
        raise PydanticCustomError(
            "moment", "Give a day such as 2026-03-01, or a time such as 2026-03-01T12:00:00Z."
        ) from None
    now = utc_now()
    # A day means its end, and today is a day that has come.
    if moment > now and (moment.date() > now.date() or not _DAY.fullmatch(value)):
        raise PydanticCustomError("future", "Give a day that has come: nobody knows later ones.")
    return moment


PastMoment = Annotated[
    datetime,
    PlainValidator(_past),
    WithJsonSchema({"type": "string", "examples": ["2026-03-01"]}),
]
"""A day (meaning its end, in UTC) or a date-time with its offset, that has come."""
