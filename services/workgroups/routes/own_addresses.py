"""Somebody's secret addresses: made, listed, revoked."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from sqlmodel import Session, col, select

from services.workgroups import secret_addresses
from services.workgroups.secret_addresses import Purpose
from services.workgroups.tables import Group, SecretAddress
from shared.identity import Caller
from shared.pagination import Page, PageQuery, paginate
from shared.problems import FORBIDDEN, INVALID, NOT_FOUND, UNAUTHENTICATED, Problem, responses
from shared.text import Output
from shared.web import CurrentCaller, Reading

router = APIRouter(tags=["people"])


class AddressOut(Output):
    """A secret address; it is shown this once."""

    url: str


class OwnAddressOut(Output):
    """A secret address that holds; it was shown when it was made."""

    purpose: Purpose
    group_id: UUID | None = Field(description="Null where it is of all that is yours.")
    group_title: str | None
    made_at: datetime


def _person(caller: CurrentCaller) -> Caller:
    if not caller.acts:
        raise Problem(FORBIDDEN, "Only a person has a secret address: sign in as one.")
    return caller


Person = Annotated[Caller, Depends(_person)]


@router.get(
    "/me/secret-addresses",
    summary="List your secret addresses",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_own_addresses(caller: Person, session: Reading, page: PageQuery) -> Page[OwnAddressOut]:
    """Return your addresses of calendars and feeds that hold, the first one first.

    The addresses themselves are not kept: make one anew when it is lost, and the one before ends.
    """
    statement = select(SecretAddress).where(
        SecretAddress.person_id == caller.id, col(SecretAddress.revoked_at).is_(None)
    )
    found = paginate(session, statement, col(SecretAddress.id), page)
    ids = {address.group_id for address in found.items}
    titles = dict(
        session.exec(select(Group.id, Group.title).where(col(Group.id).in_(ids - {None}))).all()
    )
    return Page(
        items=[
            OwnAddressOut(
                purpose=Purpose(address.purpose),
                group_id=address.group_id,
                group_title=titles.get(address.group_id) if address.group_id else None,
                made_at=address.made_at,
            )
            for address in found.items
        ],
        next_cursor=found.next_cursor,
    )


def made(
    session: Session, request: Request, caller: Caller, purpose: Purpose, group_id: UUID | None
) -> AddressOut:
    """Return a new secret address of the caller; the one before of the same purpose ends."""
    secret = secret_addresses.make(session, caller.id, purpose, group_id)
    where = {Purpose.CALENDAR: f"calendars/{secret}.ics", Purpose.FEED: f"feeds/{secret}.atom"}
    return AddressOut(url=f"{request.app.state.settings.public_url}/{where[purpose]}")


def revoke(session: Session, caller: Caller, purpose: Purpose, group_id: UUID | None) -> None:
    """End the caller's address; a Problem (404) when there is none."""
    if not secret_addresses.revoke(session, caller.id, purpose, group_id):
        raise no_such_address()


def found(session: Session, secret: str, purpose: Purpose) -> tuple[SecretAddress, Caller]:
    """Return the address of the secret, and for whom it reads; a Problem (404) without one."""
    address = secret_addresses.find(session, secret, purpose)
    if address is None:
        raise no_such_address()
    return address, Caller(address.person_id, "person", frozenset({"act"}))


def no_such_address() -> Problem:
    """Return the Problem (404) for an address that is unknown, revoked, or reads nothing now."""
    return Problem(
        NOT_FOUND, "There is no such address, or it was revoked. Make a new one when signed in."
    )
