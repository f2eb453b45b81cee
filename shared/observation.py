"""What operators and clients look at: health, metrics, event schemas, and what a problem means."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from shared.database import Database
from shared.events.schemas import asyncapi, published_by, schema_of
from shared.migration import pending
from shared.problems import NOT_FOUND, Problem, ProblemKind, responses
from shared.settings import ServiceDescription
from shared.text import Output

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Check:
    """One thing that readiness looks at."""

    name: str
    run: Callable[[], str | None]
    """Returns what is wrong and what to do, or ``None`` when all is well."""
    needed: bool = True
    """Whether the service can't answer requests without it; else it is only slower."""


class Health(Output):
    """How a service is."""

    status: Literal["ok", "degraded", "unavailable"]
    problems: dict[str, str]
    """What is wrong, by the name of the check; empty when all is well."""


def database_check(database: Database, migrations: str) -> Check:
    """Return the check that the database answers and has the newest schema."""

    def run() -> str | None:
        try:
            with database.reader.connect() as connection:
                return pending(connection, migrations)
        except SQLAlchemyError as error:
            log.warning("database_not_ready", error=str(error))
            return "The database can't be reached or read: check its address and that it runs."

    return Check("database", run)


def redis_check(redis_url: str) -> Check:
    """Return the check that Redis answers; without it events still travel, by the feeds."""
    client = Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1)

    def run() -> str | None:
        try:
            client.ping()
        except RedisError as error:
            log.warning("redis_not_ready", error=type(error).__name__)
            return "Redis doesn't answer: events travel by the feeds only, more slowly."
        return None

    return Check("redis", run, needed=False)


def observation_router(
    service: ServiceDescription,
    checks: Sequence[Check],
    metrics: CollectorRegistry,
    kinds: Sequence[ProblemKind],
) -> APIRouter:
    """Return the routes that every service has for those who run and use it."""
    router = APIRouter()

    @router.get("/health/live", tags=["health"], summary="Is the process alive?")
    def live() -> Health:
        """Answer 200 while the process can answer at all; restart it when it doesn't."""
        return Health(status="ok", problems={})

    @router.get(
        "/health/ready",
        tags=["health"],
        summary="Can it take requests?",
        response_model=Health,
        responses={503: {"model": Health, "description": "Not now; says what is wrong."}},
    )
    def ready() -> Response:
        """Answer 200 when requests can be taken, 503 when not, with what is wrong in words."""
        found = {check.name: wrong for check in checks if (wrong := check.run())}
        failed = any(check.needed and check.name in found for check in checks)
        status: Literal["ok", "degraded", "unavailable"] = (
            "unavailable" if failed else "degraded" if found else "ok"
        )
        health = Health(status=status, problems=found)
        return JSONResponse(health.model_dump(), status_code=503 if failed else 200)

    @router.get("/metrics", tags=["health"], summary="Metrics for Prometheus")
    def show_metrics() -> Response:
        """Return requests, and the figures of relay, consumers and workers, as text."""
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    if service.source is not None:
        _add_schemas(router, service, service.source)

    by_slug = {kind.slug: kind for kind in kinds}

    @router.get(
        "/problems/{slug}",
        tags=["problems"],
        summary="What a type of problem means",
        response_class=HTMLResponse,
        responses=responses(NOT_FOUND),
    )
    def explain(slug: str) -> HTMLResponse:
        """Return a page about a problem type; the `type` of every error leads here."""
        kind = by_slug.get(slug)
        if kind is None:
            raise Problem(NOT_FOUND, "There is no problem type of that name.")
        title = html.escape(kind.title)
        return HTMLResponse(
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
            f"<h1>{title}</h1><p>Answered with the HTTP status {kind.status}. The <code>detail"
            "</code> of the answer says what happened and what to do; <code>errors</code>, where "
            "present, says it for each field.</p></html>"
        )

    return router


def _add_schemas(router: APIRouter, service: ServiceDescription, source: str) -> None:
    @router.get(
        "/events/asyncapi.json", tags=["events"], summary="The events, as an AsyncAPI document"
    )
    def describe_events() -> dict[str, Any]:
        """Return the AsyncAPI 3.0 document of the events that this service publishes."""
        return asyncapi(source, service.title, "0.1.0")

    known = {data.type() for data in published_by(source)}

    @router.get(
        "/events/schemas/{type_name}",
        tags=["events"],
        summary="The JSON Schema of an event type",
        responses=responses(NOT_FOUND),
    )
    def describe_event(type_name: str) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the data of an event type."""
        schema = schema_of(type_name) if type_name in known else None
        if schema is None:
            raise Problem(
                NOT_FOUND, "This service publishes no event type of that name; see asyncapi.json."
            )
        return schema
