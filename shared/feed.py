"""The feed: a source's whole history by HTTP, the truth that consumers fall back on (rule 5)."""

import asyncio
import time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlmodel import col, select
from starlette.concurrency import run_in_threadpool

from shared.database import Database
from shared.events.envelope import BATCH_CONTENT_TYPE
from shared.feed_headers import EPOCH_HEADER, HEAD_HEADER
from shared.outbox import positioned, tables_of
from shared.problems import FORBIDDEN, INVALID, UNAUTHENTICATED, responses
from shared.web import FeedReader

POLL_SECONDS = 0.1


def feed_router(source: str) -> APIRouter:
    """Return the route ``GET /feed`` of a source."""
    router = APIRouter()

    @router.get(
        "/feed",
        tags=["events"],
        summary="Events in their order",
        response_class=Response,
        responses={
            200: {
                "description": "A CloudEvents batch; empty when nothing came while waiting.",
                "content": {BATCH_CONTENT_TYPE: {"schema": {"type": "array"}}},
                "headers": {
                    EPOCH_HEADER: {
                        "description": "The epoch of the history: start at 0 when it is new.",
                        "schema": {"type": "string", "format": "uuid"},
                    },
                    HEAD_HEADER: {
                        "description": "The position of the newest event.",
                        "schema": {"type": "integer"},
                    },
                },
            },
            **responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
        },
    )
    async def feed(
        request: Request,
        _caller: FeedReader,
        after: Annotated[int, Query(ge=0, lt=2**63, description="The last position you have.")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000, description="How many events at most.")] = 100,
        wait: Annotated[
            float,
            Query(ge=0, le=30, description="Seconds to wait for an event when none is there."),
        ] = 0,
    ) -> Response:
        """Return the events after a position, oldest first, as a CloudEvents batch.

        Needs an API key with the scope `feed:read`. With `wait` the answer comes as soon as an
        event is there (long polling); no database connection is held meanwhile.
        """
        database: Database = request.app.state.database
        until = time.monotonic() + wait
        while True:
            epoch, head, events = await run_in_threadpool(_events, database, source, after, limit)
            if events or time.monotonic() >= until or await request.is_disconnected():
                break
            await asyncio.sleep(POLL_SECONDS)
        return Response(
            f"[{','.join(events)}]",
            media_type=BATCH_CONTENT_TYPE,
            headers={EPOCH_HEADER: str(epoch), HEAD_HEADER: str(head)},
        )

    return router


def _events(database: Database, source: str, after: int, limit: int) -> tuple[UUID, int, list[str]]:
    tables = tables_of(source)
    with database.read() as session:
        epoch, head = session.exec(select(tables.state.epoch, tables.state.last_position)).one()
        rows = session.exec(
            select(tables.outbox)
            .where(col(tables.outbox.position) > after)
            .order_by(col(tables.outbox.position))
            .limit(limit)
        ).all()
        return epoch, head, [positioned(row) for row in rows]
