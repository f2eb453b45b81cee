"""Versions of what is edited: ``ETag`` in answers, ``If-Match`` in edits (RFC 9110, 13.1)."""

import re
from typing import Annotated

from fastapi import Depends, Header

from shared.problems import (
    INVALID,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    FieldError,
    Problem,
)

_ETAG = re.compile(r'"(\d{1,18})"')


def etag(version: int) -> str:
    """Return the ``ETag`` of a version: ``"3"``, with its quotation marks."""
    return f'"{version}"'


def require_version(actual: int, expected: int) -> None:
    """Raise a Problem (412) when somebody changed the object since the caller saw it."""
    if actual != expected:
        raise Problem(
            VERSION_CONFLICT,
            f"You edited version {expected}, but it is at version {actual} by now. "
            "Read it again, apply your change to that, and send its ETag in If-Match.",
        )


async def _expected_version(
    if_match: Annotated[
        str | None,
        Header(description="The ETag of the version that you saw.", examples=['"3"']),
    ] = None,
) -> int:
    if if_match is None:
        raise Problem(
            VERSION_REQUIRED,
            'Send the ETag of the version that you saw in the header If-Match, such as "3".',
        )
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise Problem(
            INVALID,
            'The header If-Match must hold one ETag as we sent it, such as "3".',
            errors=[FieldError(pointer="If-Match", detail='Expected a form such as "3".')],
        )
    return int(match.group(1))


IfMatch = Annotated[int, Depends(_expected_version)]
"""The version that the caller saw; 428 without the header, 422 when it isn't one of our ETags."""
