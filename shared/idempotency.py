"""A creation asked twice happens once: the header ``Idempotency-Key``.

As in the IETF draft "The Idempotency-Key HTTP Header Field": the same key with the same request
gets the same answer for a day; with another request it is refused. The record is written in the
transaction of the change, so that either both exist or neither.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy import delete
from sqlmodel import Session, col, select

from shared.columns import utc_now
from shared.idempotency_columns import IdempotencyColumns
from shared.identity import Caller
from shared.problems import IDEMPOTENCY_MISMATCH, INVALID, FieldError, Problem
from shared.web import MaybeCaller

KEEP = timedelta(hours=24)
_KEY = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True)
class Answer:
    """What a creation answers."""

    body: BaseModel
    status: int = 201
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class IdempotentRequest:
    """The request's key, if it has one, and what identifies the request."""

    table: type[IdempotencyColumns]
    caller: str
    key: str | None
    request_hash: str

    def answer(self, session: Session, create: Callable[[], Answer]) -> Response:
        """Return what ``create`` answers, or what it answered to the same request before.

        Raises a Problem (422) when the key came with another request before.
        """
        if self.key is None:
            return _response(create())
        self._forget_old(session)
        if not self._claim(session):
            return self._repeat(session)
        made = _response(create())
        record = session.get_one(self.table, (self.caller, self.key))
        record.status = made.status_code
        record.headers = json.dumps(_kept_headers(made))
        record.body = bytes(made.body).decode()
        session.add(record)
        session.flush()
        return made

    def claim(self, session: Session) -> None:
        """Take the key for a request whose parts are transactions of their own.

        Raises a Problem (422) when the key came with another request before.
        """
        if self.key is None:
            return
        self._forget_old(session)
        if not self._claim(session):
            self._require_same(self._record(session))

    def part(self, number: int) -> "IdempotentRequest":
        """Return one part of the request, to be answered once for itself."""
        # No key of a caller holds a space, so a part can't be taken for a request.
        return replace(self, key=f"{self.key} {number}") if self.key is not None else self

    def _claim(self, session: Session) -> bool:
        # On PostgreSQL this waits for a transaction that holds the same key.
        dialect: Any = session.get_bind().dialect.name
        if dialect == "postgresql":
            from sqlalchemy.dialects.postgresql import insert
        else:
            from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
        claimed = session.execute(
            insert(self.table)
            .values(
                caller=self.caller,
                key=self.key,
                request_hash=self.request_hash,
                recorded_at=utc_now(),
            )
            .on_conflict_do_nothing()
            .returning(col(self.table.key))
        )
        return claimed.first() is not None

    def _repeat(self, session: Session) -> Response:
        record = self._record(session)
        self._require_same(record)
        return Response(
            content=record.body,
            status_code=record.status or 201,
            headers={**json.loads(record.headers or "{}"), "Idempotency-Replayed": "true"},
            media_type="application/json",
        )

    def _record(self, session: Session) -> IdempotencyColumns:
        return session.exec(
            select(self.table).where(
                col(self.table.caller) == self.caller, col(self.table.key) == self.key
            )
        ).one()

    def _require_same(self, record: IdempotencyColumns) -> None:
        if record.request_hash != self.request_hash:
            raise Problem(
                IDEMPOTENCY_MISMATCH,
                "This Idempotency-Key was used with another request. Make a new key for each "
                "thing that you create.",
            )

    def _forget_old(self, session: Session) -> None:
        session.execute(delete(self.table).where(col(self.table.recorded_at) < utc_now() - KEEP))


IdempotencyKey = Annotated[
    str | None,
    Header(
        description="A key of your own for this creation, 1 to 200 visible ASCII characters: "
        "asking again with it, within a day, returns the same answer and creates nothing."
    ),
]
"""The header; `Once` takes it, and a route that reads its body by itself."""


def idempotent(
    request: Request, caller: Caller | None, key: str | None, content: bytes
) -> IdempotentRequest:
    """Return the request with its key; ``content`` tells it from others of the same address.

    Raises a Problem (422) for a key that is none.
    """
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(
            INVALID,
            "The header Idempotency-Key must be 1 to 200 visible ASCII characters.",
            errors=[FieldError(pointer="Idempotency-Key", detail="Use for example a UUID.")],
        )
    subject = f"{request.method} {request.url.path}\n".encode() + content
    return IdempotentRequest(
        table=request.app.state.idempotency,
        caller=str(caller.id) if caller else "anonymous",
        key=key,
        request_hash=hashlib.sha256(subject).hexdigest(),
    )


async def _idempotent_request(
    request: Request, caller: MaybeCaller, idempotency_key: IdempotencyKey = None
) -> IdempotentRequest:
    return idempotent(request, caller, idempotency_key, await request.body())


Once = Annotated[IdempotentRequest, Depends(_idempotent_request)]
"""The request's Idempotency-Key; keys belong to the caller who sent them."""


def _response(answer: Answer) -> JSONResponse:
    return JSONResponse(
        answer.body.model_dump(mode="json"),
        status_code=answer.status,
        headers=dict(answer.headers),
    )


def _kept_headers(response: Response) -> dict[str, str]:
    kept = ("location", "etag")
    return {name: response.headers[name] for name in kept if name in response.headers}
