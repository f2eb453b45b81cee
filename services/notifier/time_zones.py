"""Time zones by their IANA names."""

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError


@cache
def names() -> frozenset[str]:
    """Return every name that a reader may choose."""
    return frozenset(available_timezones())


def _known(value: str) -> str:
    if value not in names():
        raise PydanticCustomError(
            "time_zone", "This is not an IANA time zone; write for example Asia/Bangkok."
        )
    return value


TimeZone = Annotated[
    str,
    Field(description="IANA time zone.", examples=["Asia/Bangkok"], max_length=64),
    AfterValidator(_known),
]
