"""Webhook endpoints: registered by who signs in, told what that person may see."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from services.notifier import targets
from services.notifier.permissions import Person, is_coordinator, require_endpoint
from services.notifier.queues import enqueue_webhooks
from services.notifier.routes.target_in import TargetIn
from services.notifier.settings import Settings
from services.notifier.tables import WebhookEndpoint
from services.notifier.targets import Target, criteria_of
from services.notifier.vocabulary import EndpointState, TargetKind
from services.notifier.webhooks import endpoints
from services.notifier.webhooks.network import LONGEST_URL, Reach
from shared.columns import utc_now
from shared.database import after_commit
from shared.etags import IfMatch, etag, require_version
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    CONFLICT,
    FORBIDDEN,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    Problem,
    responses,
)
from shared.text import Input, Line, Name, Output
from shared.web import Reading, Writing

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

EndpointId = Annotated[UUID, Path(description="The endpoint's id.")]

URL = "Where messages are sent by POST; over TLS, at a public address, without a redirect."
Url = Annotated[str, Line(LONGEST_URL)]
Targets = Annotated[
    list[TargetIn],
    Field(
        min_length=1,
        max_length=endpoints.TARGETS_OF_ONE,
        description="What it follows, as with subscriptions.",
        examples=[[{"kind": "theme", "id": "digital-transformation"}]],
    ),
]


class EndpointIn(Input):
    """An address of a system of yours, and what it is to be told of."""

    name: Name = Field(examples=["Our intranet"])
    url: Url = Field(description=URL, examples=["https://intranet.example.org/hooks/southlink"])
    targets: Targets


class EndpointChange(Input):
    """What shall change; a field that is left out stays as it is."""

    name: Name | None = None
    url: Url | None = Field(None, description=URL)
    targets: Targets | None = None
    state: Literal["enabled", "paused"] | None = Field(
        None,
        description="Paused it keeps its messages until it is enabled again; a disabled one may be "
        "enabled too.",
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise PydanticCustomError("null", "No field can be null: leave it out to keep it.")
        return self


class TargetOut(Output):
    """Something that an endpoint follows."""

    kind: TargetKind
    id: str | None = Field(description="Of needs and offers the key of the criteria.")
    criteria: dict[str, list[str]] | None
    name: str = Field(examples=["the theme Digital transformation"])


class EndpointOut(Output):
    """A webhook endpoint."""

    id: UUID
    owner_id: UUID = Field(description="Who registered it; it is told what this person may see.")
    name: str
    url: str
    targets: list[TargetOut]
    state: EndpointState
    former_secret_until: datetime | None = Field(
        description="Until then the secret before signs as well."
    )
    failures: int = Field(description="Failed attempts since it last answered with 2xx.")
    failing_since: datetime | None = Field(description="Since when there were failures alone.")
    rests_until: datetime | None = Field(description="Until then it is left alone.")
    disabled_at: datetime | None
    disabled_because: str | None = Field(examples=["It answered 410 (gone)."])
    version: int = Field(description="Grows with each change; the ETag.")
    created_at: datetime


class EndpointWithSecretOut(EndpointOut):
    """A webhook endpoint with the secret that signs its messages; it is shown this once."""

    secret: str = Field(examples=["whsec_…"])


@router.post(
    "",
    status_code=201,
    summary="Register a webhook endpoint",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID, CONFLICT, NOT_ALLOWED_NOW),
)
def register(
    body: EndpointIn, caller: Person, session: Writing, request: Request, response: Response
) -> EndpointWithSecretOut:
    """Send what you follow to a system of yours, signed as Standard Webhooks say.

    It is told what you may see, at that moment. The secret is shown once. You have one endpoint at
    an address, so asking twice makes one.
    """
    # Before the first statement, for a slow name server mustn't hold up who else writes.
    url = _checked(request, body.url)
    endpoint = endpoints.register(
        session,
        caller.id,
        name=body.name,
        url=url,
        followed=_targets(body.targets),
        now=utc_now(),
    )
    response.headers["Location"] = f"/webhooks/{endpoint.id}"
    return _with_secret(session, endpoint, response)


@router.get(
    "",
    summary="List webhook endpoints",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_endpoints(
    caller: Person,
    session: Reading,
    page: PageQuery,
    everybody: Annotated[
        bool, Query(description="Everybody's instead of yours (coordinators).")
    ] = False,
) -> Page[EndpointOut]:
    """Return your endpoints, the eldest first."""
    statement = select(WebhookEndpoint)
    if not everybody:
        statement = statement.where(col(WebhookEndpoint.owner_id) == caller.id)
    elif not is_coordinator(session, caller.id):
        raise Problem(FORBIDDEN, "Only a coordinator sees everybody's endpoints.")
    found = paginate(session, statement, col(WebhookEndpoint.id), page)
    return Page(items=_shown(session, found.items), next_cursor=found.next_cursor)


@router.get(
    "/{endpoint_id}",
    summary="Show a webhook endpoint",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def show(
    endpoint_id: EndpointId, caller: Person, session: Reading, response: Response
) -> EndpointOut:
    """Return one of your endpoints; coordinators see everybody's."""
    found = require_endpoint(session, session.get(WebhookEndpoint, endpoint_id), caller.id)
    response.headers["ETag"] = etag(found.version)
    return _shown(session, [found])[0]


@router.patch(
    "/{endpoint_id}",
    summary="Change, pause or enable a webhook endpoint",
    responses=responses(
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        INVALID,
        CONFLICT,
        VERSION_CONFLICT,
        VERSION_REQUIRED,
    ),
)
def change(
    endpoint_id: EndpointId,
    body: EndpointChange,
    caller: Person,
    session: Writing,
    expected: IfMatch,
    *,
    request: Request,
    response: Response,
) -> EndpointOut:
    """Change what is named. What waits goes to the new address once it is enabled."""
    url = _checked(request, body.url) if body.url is not None else None
    endpoint = _to_change(session, endpoint_id, caller.id)
    require_version(endpoint.version, expected)
    endpoints.change(
        session,
        endpoint,
        name=body.name,
        url=url,
        followed=_targets(body.targets) if body.targets is not None else None,
        state=EndpointState(body.state) if body.state else None,
    )
    if endpoint.state is EndpointState.ENABLED:
        after_commit(session, partial(enqueue_webhooks, [endpoint.id]))
    response.headers["ETag"] = etag(endpoint.version)
    return _shown(session, [endpoint])[0]


@router.delete(
    "/{endpoint_id}",
    status_code=204,
    summary="Delete a webhook endpoint",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def remove(endpoint_id: EndpointId, caller: Person, session: Writing) -> None:
    """Delete an endpoint with its messages and their log; one on the wire is the last."""
    endpoints.remove(session, _to_change(session, endpoint_id, caller.id).id)


@router.post(
    "/{endpoint_id}/secret",
    summary="Make a new secret for a webhook endpoint",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID),
)
def renew_secret(
    endpoint_id: EndpointId,
    caller: Person,
    session: Writing,
    request: Request,
    response: Response,
) -> EndpointWithSecretOut:
    """Return a new secret, shown this once (its owner alone).

    For a day, as the installation is set, the secret before signs beside it, so that the receiver
    can change over without missing anything; one that signed until now ends.
    """
    endpoint = _to_change(session, endpoint_id, caller.id)
    if endpoint.owner_id != caller.id:
        raise Problem(FORBIDDEN, "Only its owner gets the secret of an endpoint.")
    chosen: Settings = request.app.state.settings
    overlap = timedelta(hours=chosen.webhook_secret_overlap_hours)
    endpoints.renew_secret(session, endpoint, utc_now(), overlap)
    return _with_secret(session, endpoint, response)


def _checked(request: Request, url: str) -> str:
    reach = Reach.of(request.app.state.settings)
    usual = reach.require_url(url)
    reach.require_address(usual)
    return usual


def _to_change(session: Session, endpoint_id: UUID, person_id: UUID) -> WebhookEndpoint:
    return require_endpoint(session, endpoints.locked(session, endpoint_id), person_id)


def _targets(asked: Sequence[TargetIn]) -> list[Target]:
    return [each.target(f"/targets/{number}") for number, each in enumerate(asked)]


def _with_secret(
    session: Session, endpoint: WebhookEndpoint, response: Response
) -> EndpointWithSecretOut:
    response.headers["ETag"] = etag(endpoint.version)
    response.headers["Cache-Control"] = "no-store"
    shown = _shown(session, [endpoint])[0]
    return EndpointWithSecretOut(**dict(shown), secret=endpoint.secret)


def _shown(session: Session, found: Sequence[WebhookEndpoint]) -> list[EndpointOut]:
    followed = endpoints.followed_by(session, [endpoint.id for endpoint in found])
    now = utc_now()
    return [
        EndpointOut(
            id=endpoint.id,
            owner_id=endpoint.owner_id,
            name=endpoint.name,
            url=endpoint.url,
            targets=[
                TargetOut(
                    kind=target.kind,
                    id=target.id or None,
                    criteria=criteria_of(target),
                    name=targets.name(session, target),
                )
                for target in followed[endpoint.id]
            ],
            state=endpoint.state,
            former_secret_until=_to_come(endpoint.former_until, now),
            failures=endpoint.failures,
            failing_since=endpoint.failing_since,
            rests_until=_to_come(endpoint.rests_until, now),
            disabled_at=endpoint.disabled_at,
            disabled_because=endpoint.disabled_because,
            version=endpoint.version,
            created_at=endpoint.created_at,
        )
        for endpoint in found
    ]


def _to_come(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment > now else None
