"""How the API shows matches."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import Response
from pydantic import Field
from sqlmodel import Session

from services.registry import recipients_choice
from services.registry.match_score import Part
from services.registry.routes.support_out import (
    InstitutionRef,
    NeedOut,
    OfferOut,
    institutions_of,
    shown,
)
from services.registry.support_permissions import visible_items
from services.registry.tables import SupportItem
from services.registry.triangular import ThirdRole, ThirdSide, proposed, third_sides
from shared.etags import etag
from shared.identity import Caller
from shared.text import Output

Standing = Literal["proposed", "dismissed", "accepted"]


class ComponentOut(Output):
    """One part of a score."""

    part: Part
    weight: float = Field(description="From 0 to 1; together 1.", examples=[0.25])
    value: float = Field(description="From 0 to 1.", examples=[0.6667])
    words: str = Field(examples=["shares 2 of 3 themes (weight 0.25)"])


class ThirdSideOut(Output):
    """An institution that could fund or facilitate, and why it is proposed."""

    offer_id: UUID
    title: str = Field(examples=["Seed funding for digital services"])
    institution: InstitutionRef
    role: ThirdRole
    reason: str = Field(examples=["offers funding for digital-transformation in BD"])


class MatchOut(Output):
    """An offer that fits a need."""

    id: UUID
    offer: OfferOut
    score: float = Field(description="From 0 to 1.", examples=[0.9167])
    components: list[ComponentOut] = Field(description="What the score is made of.")
    position: int | None = Field(description="The place that the recipient gave it, from 1.")
    standing: Standing = Field(description="What the recipient makes of it.")
    third_sides: list[ThirdSideOut] = Field(
        description="Who could make the partnership triangular; 3 at most."
    )
    computed_at: datetime


class MatchList(Output):
    """The matches of a need: in the recipient's order, then by score; 100 at most."""

    items: list[MatchOut]


class MatchedNeed(Output):
    """A need that an offer fits."""

    id: UUID = Field(description="The match's id.")
    need: NeedOut
    score: float = Field(description="From 0 to 1.", examples=[0.9167])
    components: list[ComponentOut] = Field(description="What the score is made of.")
    computed_at: datetime


def matches_shown(
    session: Session, caller: Caller, need: SupportItem, response: Response
) -> MatchList:
    """Return the matches of a need that the caller sees, with the ETag of the need."""
    session.flush()
    response.headers["ETag"] = etag(need.version)
    found = recipients_choice.matches_of(session, need, visible_items(session, caller))
    offers = shown(session, [offer for _, offer in found], OfferOut)
    thirds = third_sides(session, need)
    names = institutions_of(session, {third.offer.institution_id for third in thirds})
    return MatchList(
        items=[
            MatchOut(
                id=match.id,
                offer=offer_out,
                score=match.score,
                components=[ComponentOut.model_validate(c) for c in match.components],
                position=match.position,
                standing=match.standing,
                third_sides=[
                    _third(third, names[third.offer.institution_id])
                    for third in proposed(thirds, need, offer)
                ],
                computed_at=match.computed_at,
            )
            for (match, offer), offer_out in zip(found, offers, strict=True)
        ]
    )


def _third(third: ThirdSide, institution: InstitutionRef) -> ThirdSideOut:
    return ThirdSideOut(
        offer_id=third.offer.id,
        title=third.offer.title,
        institution=institution,
        role=third.role,
        reason=third.reason,
    )
