"""Counts of what was found, as answers show them."""

from collections.abc import Mapping

from pydantic import Field

from shared.text import Output


class Count(Output):
    """How many of what was found have a code."""

    code: str = Field(examples=["TH", "update"])
    count: int = Field(examples=[42])


def counted(counts: Mapping[str, Mapping[str, int]]) -> dict[str, list[Count]]:
    """Return the counts of each field, the most frequent code first, as they come."""
    return {
        name: [Count(code=code, count=count) for code, count in of_field.items()]
        for name, of_field in counts.items()
    }
