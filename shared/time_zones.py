"""Time zones by their IANA names."""

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError


@cache
def time_zone_names() -> frozenset[str]:
    """Return every name of the IANA time zone database that this machine knows."""
    return frozenset(available_timezones())


def _known(value: str) -> str:
    if value not in time_zone_names():
        raise PydanticCustomError(
            "time_zone", "Use a name of the IANA time zone database, such as Asia/Bangkok."
        )
    return value


TimeZone = Annotated[
    str,
    Field(description="IANA time zone.", examples=["Asia/Bangkok"], max_length=64),
    AfterValidator(_known),
]
"""The name of a time zone, as input."""
