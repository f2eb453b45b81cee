"""The base of every service's FastAPI application."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry
from sqlmodel import Session

from shared.answers import add_problem_handlers
from shared.database import Database
from shared.identity import Caller, TokenVerifier, unauthenticated
from shared.observation import Check, database_check, observation_router
from shared.problems import (
    FORBIDDEN,
    INTERNAL,
    INVALID,
    KINDS,
    TOO_LARGE,
    UNAVAILABLE,
    Problem,
    ProblemKind,
    responses,
)
from shared.requests import RequestFrame
from shared.settings import ServiceDescription, ServiceSettings
from shared.telemetry import Collect, RequestMetrics, StoredFigures

_bearer = HTTPBearer(
    auto_error=False, description="A token from POST /tokens of the registry.", bearerFormat="JWT"
)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def _reading(request: Request) -> Iterator[Session]:
    with request.app.state.database.read() as session:
        yield session


def _writing(request: Request) -> Iterator[Session]:
    with request.app.state.database.write() as session:
        yield session


Reading = Annotated[Session, Depends(_reading, scope="function")]
"""A session that only reads."""

Writing = Annotated[Session, Depends(_writing, scope="function")]
"""One transaction, committed before the answer is sent, rolled back when the route raises."""


def _maybe_caller(request: Request, credentials: _Credentials) -> Caller | None:
    if "authorization" not in request.headers:
        return None
    if credentials is None:
        raise unauthenticated("The header Authorization must read: Bearer <token>.")
    verifier: TokenVerifier = request.app.state.verifier
    return verifier.verify(credentials.credentials)


MaybeCaller = Annotated[Caller | None, Depends(_maybe_caller)]
"""Who calls, or ``None`` without a token; 401 with a bad one."""


async def _current_caller(caller: MaybeCaller) -> Caller:
    if caller is None:
        raise unauthenticated(
            "Send a token in the header Authorization: Bearer <token>. "
            "Get one by signing in at the registry."
        )
    return caller


CurrentCaller = Annotated[Caller, Depends(_current_caller)]
"""Who calls; 401 without a good token."""


async def _feed_reader(caller: CurrentCaller) -> Caller:
    if "feed:read" not in caller.scopes:
        raise Problem(FORBIDDEN, "Reading the feed needs an API key with the scope feed:read.")
    return caller


FeedReader = Annotated[Caller, Depends(_feed_reader)]
"""A caller whose key has the scope ``feed:read``; 401 or 403 otherwise."""


def build_app(
    *,
    service: ServiceDescription,
    settings: ServiceSettings,
    database: Database,
    verifier: TokenVerifier,
    routers: Sequence[APIRouter],
    idempotency: type[Any] | None = None,
    readiness: Sequence[Check] = (),
    figures: Sequence[Collect] = (),
    kinds: Sequence[ProblemKind] = (),
    body_limits: Mapping[str, int] | None = None,
) -> FastAPI:
    """Return the application of a service.

    ``idempotency`` is its table of `IdempotencyColumns`; ``readiness`` its own checks beside the
    database; ``figures`` what it shows in ``/metrics``; ``kinds`` the problems of its own;
    ``body_limits`` how many bytes a path takes whose limit isn't ``max_body_bytes``.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        database.close()

    metrics_registry = CollectorRegistry()
    metrics_registry.register(StoredFigures(database, figures))
    app = FastAPIOffline(
        title=service.title,
        summary=service.summary,
        version="0.1.0",
        root_path=settings.root_path,
        redirect_slashes=False,
        lifespan=lifespan,
        redoc_url=None,
        docs_url="/docs",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        # Without INVALID here the framework documents its own form of a 422 on many routes.
        responses=responses(INVALID, TOO_LARGE, INTERNAL, UNAVAILABLE),
        swagger_ui_parameters={"persistAuthorization": False, "displayRequestDuration": True},
    )
    app.state.database = database
    app.state.verifier = verifier
    app.state.idempotency = idempotency
    app.state.settings = settings
    app.add_middleware(
        RequestFrame,
        metrics=RequestMetrics(metrics_registry),
        max_body_bytes=settings.max_body_bytes,
        body_limits=body_limits,
    )
    add_problem_handlers(app)
    app.include_router(
        observation_router(
            service,
            [database_check(database, service.migrations), *readiness],
            metrics_registry,
            (*KINDS, *kinds),
        )
    )
    for router in routers:
        app.include_router(router)
    return app
