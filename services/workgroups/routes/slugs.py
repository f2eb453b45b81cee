"""The short names of themes and groups in addresses."""

from typing import Annotated

from pydantic import Field

Slug = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        description="Lower-case letters, digits and single hyphens; it can't be changed later.",
        examples=["digital-transformation"],
    ),
]
