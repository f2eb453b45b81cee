"""How possible duplicates are shown."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import Field

from services.registry.duplicates import Candidate
from services.registry.likeness import BLOCKS
from services.registry.routes.institution_out import InstitutionOut
from shared.text import Output

Score = Field(
    ge=0,
    le=1,
    description="How alike the two are: 0.9 and more needs a coordinator's decision, 0.5 and "
    "more is a warning.",
    examples=[0.94],
)
Reasons = Field(
    description="What speaks for one institution and what against it, in words.",
    examples=[["the names share integrated, rural, development", "same acronym CIRDAP"]],
)


class DecisionOut(Output):
    """What a coordinator decided on two institutions."""

    decision: Literal["distinct", "duplicate"]
    reason: str
    by: UUID
    at: datetime


class CandidateOut(InstitutionOut):
    """An institution that may be the same as another."""

    score: float = Score
    reasons: list[str] = Reasons
    blocks: bool = Field(
        description="Whether the other can't be verified until somebody decides that the two are "
        "distinct. One whose address is not confirmed never blocks."
    )
    decision: DecisionOut | None = Field(description="The newest decision on the two.")

    @classmethod
    def of(cls, candidate: Candidate) -> Self:
        """Return a candidate as a coordinator sees it."""
        return cls.model_validate(
            {
                **candidate.institution.model_dump(),
                "score": candidate.likeness.score,
                "reasons": list(candidate.likeness.reasons),
                "blocks": candidate.blocks,
                "decision": candidate.decision,
            }
        )


class PublicCandidate(Output):
    """A verified institution that a registration may repeat."""

    id: UUID
    name: str = Field(examples=["Centre on Integrated Rural Development for Asia and the Pacific"])
    acronym: str | None = Field(examples=["CIRDAP"])
    country: str | None = Field(description="ISO 3166-1 alpha-2.", examples=["BD"])
    website: str | None = Field(examples=["https://www.cirdap.org/"])
    score: float = Score
    reasons: list[str] = Reasons
    blocks: bool = Field(
        description="Whether a registration like this waits for a coordinator's decision."
    )

    @classmethod
    def of(cls, candidate: Candidate) -> Self:
        """Return a candidate as anybody may see it."""
        return cls.model_validate(
            {
                **candidate.institution.model_dump(),
                "score": candidate.likeness.score,
                "reasons": list(candidate.likeness.reasons),
                "blocks": candidate.likeness.score >= BLOCKS,
            }
        )
