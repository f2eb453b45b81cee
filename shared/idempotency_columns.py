"""The columns of the table of idempotency keys.

They stand apart from `shared.idempotency` because every process of a service reads its tables, and
only the one that serves HTTP should load a web framework (some 35 MB) for it.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from shared.columns import UtcDateTime


class IdempotencyColumns(SQLModel):
    """The columns of a service's table ``idempotency_record``."""

    caller: str = Field(primary_key=True, description="The caller's id, or `anonymous`.")
    key: str = Field(primary_key=True)
    request_hash: str = Field(description="SHA-256 of method, path and body.")
    status: int | None = Field(None, description="Null only inside the transaction that made it.")
    headers: str | None = Field(None, description="JSON object.")
    body: str | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime, index=True)
