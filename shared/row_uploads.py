"""A file of rows that comes as the body of a request."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from fastapi import Request

from shared.idempotency import IdempotentRequest, idempotent
from shared.identity import Caller
from shared.problems import UNSUPPORTED_MEDIA, Problem
from shared.row_files import Form

FORMS: Mapping[str, Form] = {
    "text/csv": Form.CSV,
    "application/jsonl": Form.JSONL,
    "application/x-ndjson": Form.JSONL,
}
"""The media types of files."""
IN_MEMORY_BYTES = 1_048_576


@dataclass(frozen=True)
class Upload:
    """A file that came as the body, and the request's Idempotency-Key."""

    file: BinaryIO
    form: Form
    once: IdempotentRequest


@asynccontextmanager
async def received(request: Request, caller: Caller, key: str | None) -> AsyncIterator[Upload]:
    """Yield the file that is the body; the query belongs to what the key stands for.

    Raises a Problem: 415 for another media type, 422 for a key that is none.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = FORMS.get(media_type)
    if form is None:
        raise Problem(
            UNSUPPORTED_MEDIA, f"Send the file itself as the body, as one of {', '.join(FORMS)}."
        )
    digest = hashlib.sha256(str(request.query_params).encode())
    with SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
        async for part in request.stream():
            digest.update(part)
            file.write(part)
        once = idempotent(request, caller, key, digest.digest())
        yield Upload(cast("BinaryIO", file), form, once)


def described_body(max_rows: int, *, csv: str, jsonl: str) -> dict[str, Any]:
    """Return what a route's ``openapi_extra=`` says of such a body, with examples."""
    return {
        "requestBody": {
            "required": True,
            "description": f"The file, in UTF-8, with {max_rows:,} rows at most.",
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": csv},
                "application/jsonl": {"schema": {"type": "string"}, "example": jsonl},
            },
        }
    }
