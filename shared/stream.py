"""The Redis stream of a source: the fast path of its events, never the truth (rule 5)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

from shared.events.envelope import Event

MAX_LENGTH = 100_000
_NOT_LARGER = "equal or smaller"


class HistoryConflictError(Exception):
    """The stream holds another event at a position: the database was restored from a backup."""


def connect(redis_url: str, seconds: float) -> "Redis":
    """Return a client that gives up after ``seconds`` instead of waiting for a dead server."""
    return Redis.from_url(
        redis_url,
        decode_responses=True,
        socket_connect_timeout=seconds,
        socket_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
    )


def stream_key(source: str, epoch: UUID) -> str:
    """Return the key of a source's stream in an epoch."""
    return f"events:{source.removeprefix('/')}:{epoch}"


@dataclass(frozen=True)
class Numbered:
    """An event with its position, as it goes to the stream."""

    position: int
    event_id: UUID
    json: str


def add(redis: "Redis", key: str, events: list[Numbered]) -> None:
    """Add events under their positions; one that is already there is left as it is.

    Raises `HistoryConflictError` when another event is at a position, ``RedisError`` when Redis
    doesn't take them.
    """
    pipeline = redis.pipeline(transaction=False)
    for event in events:
        pipeline.xadd(
            key,
            {"event": event.json},
            id=f"{event.position}-0",
            maxlen=MAX_LENGTH,
            approximate=True,
        )
    for event, answer in zip(events, pipeline.execute(raise_on_error=False), strict=True):
        if isinstance(answer, ResponseError) and _NOT_LARGER in str(answer):
            _check_same(redis, key, event)
        elif isinstance(answer, Exception):
            raise answer


def _check_same(redis: "Redis", key: str, event: Numbered) -> None:
    entries: Any = redis.xrange(key, f"{event.position}-0", f"{event.position}-0")
    for _, fields in entries:
        if str(event.event_id) not in fields.get("event", ""):
            raise HistoryConflictError(f"{key} holds another event at {event.position}.")


def remove(redis: "Redis", source: str, positions: list[int]) -> None:
    """Delete the events at those positions from a source's streams, of earlier epochs too.

    Positions stay taken: a stream refuses an id that is not larger than any it ever had. Raises
    ``RedisError`` when Redis doesn't answer.
    """
    entries = [f"{position}-0" for position in positions]
    for key in redis.scan_iter(match=f"events:{source.removeprefix('/')}:*", _type="stream"):
        redis.xdel(key, *entries)


def read(redis: "Redis", key: str, after: int, count: int, block_ms: int) -> list[Event]:
    """Return events after a position, waiting up to ``block_ms`` for one.

    Entries that aren't events are left out, so they show as gaps.
    """
    answer: Any = redis.xread({key: f"{after}-0"}, count=count, block=block_ms) or []
    events: list[Event] = []
    for _, entries in answer:
        for entry_id, fields in entries:
            try:
                event = Event.model_validate_json(fields["event"])
            except (ValidationError, KeyError, TypeError):
                continue
            if entry_id == f"{event.sequence}-0":
                events.append(event)
    return events
