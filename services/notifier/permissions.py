"""What callers of the notifier may do, decided on the roles that the registry told."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlmodel import Session, col, select

from services.notifier.tables import Coordinator as CoordinatorRow
from services.notifier.tables import FocalPoint, WebhookEndpoint
from shared.identity import Caller
from shared.problems import FORBIDDEN, NOT_FOUND, Problem
from shared.web import CurrentCaller, Reading, Writing


def is_coordinator(session: Session, person_id: UUID) -> bool:
    """Tell whether the person coordinates the platform now."""
    return session.get(CoordinatorRow, person_id) is not None


def institutions_of(session: Session, person_id: UUID) -> list[UUID]:
    """Return the institutions that the person speaks for now."""
    return list(
        session.exec(
            select(FocalPoint.institution_id)
            .where(col(FocalPoint.person_id) == person_id)
            .order_by(col(FocalPoint.institution_id))
        )
    )


def require_endpoint(
    session: Session, endpoint: WebhookEndpoint | None, person_id: UUID
) -> WebhookEndpoint:
    """Return the endpoint for its owner or a coordinator; anybody else gets a Problem (404)."""
    if endpoint is None or (
        endpoint.owner_id != person_id and not is_coordinator(session, person_id)
    ):
        raise Problem(NOT_FOUND, "You have no webhook endpoint with this id.")
    return endpoint


def _coordinator(caller: CurrentCaller, session: Reading) -> Caller:
    if not is_coordinator(session, caller.id):
        raise Problem(FORBIDDEN, "Only a coordinator may do this: ask one to do it for you.")
    return caller


Coordinator = Annotated[Caller, Depends(_coordinator)]
"""A caller who coordinates the platform; 401 or 403 otherwise."""


def _changing_coordinator(caller: CurrentCaller, session: Writing) -> Caller:
    return _coordinator(caller, session)


ChangingCoordinator = Annotated[Caller, Depends(_changing_coordinator)]
"""`Coordinator` in the transaction of the change, for routes that write."""


def _bounce_reporter(caller: CurrentCaller, session: Writing) -> Caller:
    if "bounces:write" not in caller.scopes and not is_coordinator(session, caller.id):
        raise Problem(
            FORBIDDEN,
            "Reporting a bounce needs an API key with the scope bounces:write, or a coordinator.",
        )
    return caller


BounceReporter = Annotated[Caller, Depends(_bounce_reporter)]
"""A system that reports bounces, or a coordinator; 401 or 403 otherwise."""


async def _person(caller: CurrentCaller) -> Caller:
    if not caller.acts:
        raise Problem(
            FORBIDDEN, "This belongs to people: sign in at the registry and send that token."
        )
    return caller


Person = Annotated[Caller, Depends(_person)]
"""A person who acts for themselves; 401 or 403 otherwise."""
