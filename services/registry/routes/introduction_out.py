"""How introductions are shown."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, select

from services.registry import introductions
from services.registry.introduction_lifecycle import INTRODUCED, Role, State
from services.registry.routes.support_out import InstitutionRef, VolumeOut, institutions_of
from services.registry.support_terms import amount_of
from services.registry.tables import Introduction, SupportItem
from shared.text import Output


class SideOut(Output):
    """One side of an introduction."""

    id: UUID = Field(description="The id of the need or the offer.")
    title: str
    institution: InstitutionRef


class ContactOut(Output):
    """Somebody to talk to."""

    side: Role
    name: str = Field(examples=["Ana Souza"])
    email: str = Field(examples=["ana.souza@example.org"])


class IntroductionOut(Output):
    """What a recipient asks of an offering institution, and what came of it."""

    id: UUID
    need: SideOut
    offer: SideOut
    message: str
    state: State
    reason: str | None = Field(description="Why it was declined, withdrawn or fell through.")
    volume: VolumeOut | None = Field(description="What was agreed; once delivered, delivered.")
    delivered_on: date | None
    contacts: list[ContactOut] = Field(
        description="Who speaks for both sides; shown once the other side has accepted."
    )
    version: int = Field(description="Grows with each change; the ETag.")
    requested_at: datetime
    updated_at: datetime


def introductions_shown(session: Session, found: Sequence[Introduction]) -> list[IntroductionOut]:
    """Return introductions as both sides see them."""
    ids = {introduction.need_id for introduction in found}
    ids |= {introduction.offer_id for introduction in found}
    items = {
        item.id: item
        for item in session.exec(select(SupportItem).where(col(SupportItem.id).in_(ids)))
    }
    names = institutions_of(session, {item.institution_id for item in items.values()})

    def side(item: SupportItem) -> SideOut:
        return SideOut(id=item.id, title=item.title, institution=names[item.institution_id])

    def contacts(introduction: Introduction) -> list[ContactOut]:
        if introduction.state not in INTRODUCED:
            return []
        return [
            ContactOut(side=role, name=person.name, email=person.email)
            for role, item_id in (
                (Role.RECIPIENT, introduction.need_id),
                (Role.PROVIDER, introduction.offer_id),
            )
            for person in introductions.contacts(session, items[item_id].institution_id)
        ]

    return [
        IntroductionOut.model_validate(
            {
                **introduction.model_dump(),
                "need": side(items[introduction.need_id]),
                "offer": side(items[introduction.offer_id]),
                "volume": amount_of(introduction),
                "contacts": contacts(introduction),
            }
        )
        for introduction in found
    ]
