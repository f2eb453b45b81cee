"""Verification: a checklist, gone through by a coordinator, that holds for five years.

Each verification is a row of its own with its checks, and none is ever changed: verifying again
adds another. The checklist follows what governments and intergovernmental bodies can show.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from services.registry import lifecycle, standing
from services.registry.tables import Institution, Verification, VerificationCheck
from services.registry.transitions import Action, Status, require_possible
from shared.columns import utc_now
from shared.problems import INVALID, FieldError, Problem
from shared.text import Input, Reason

YEARS = 5
"""How long a verification holds."""


class Item(StrEnum):
    """What can be checked of an institution."""

    NOMINATION_LETTER = "nomination_letter"
    """A letter of the institution names the focal point."""
    OFFICIAL_DOMAIN = "official_domain"
    """The focal point writes from an e-mail domain that is the institution's own."""
    MANDATE = "mandate"
    """A treaty, resolution or statute establishes it."""
    LEGAL_REGISTRATION = "legal_registration"
    """A public register of its country lists it."""
    CONTACT_CONFIRMED = "contact_confirmed"
    """The institution, reached by another way, knows the focal point."""


class Outcome(StrEnum):
    """What came of a check."""

    CONFIRMED = "confirmed"
    NOT_APPLICABLE = "not_applicable"
    NOT_CONFIRMED = "not_confirmed"


class Check(Input):
    """One item of the checklist."""

    item: Item
    outcome: Outcome
    comment: Reason | None = Field(
        None,
        description="What was seen; required unless the outcome is `confirmed`.",
        examples=["Note verbale of 3 March 2026, in the shared folder."],
    )


class Finding(Input):
    """What a coordinator found."""

    evidence: Reason = Field(
        description="In a sentence, for the history.",
        examples=["Nomination letter of 3 March, and the official domain."],
    )
    checklist: list[Check] = Field(
        min_length=1,
        max_length=len(Item),
        description="Each item once. `contact_confirmed` must be confirmed; besides, for a "
        "government body (10, 11, 15) `nomination_letter` or `official_domain`, for a multilateral "
        "one (40) `mandate`, for any other `legal_registration` or `official_domain`.",
    )


Requirement = tuple[Item, ...]
"""Items of which one must be confirmed."""

_ALWAYS: Requirement = (Item.CONTACT_CONFIRMED,)
_OF_GOVERNMENT: Requirement = (Item.NOMINATION_LETTER, Item.OFFICIAL_DOMAIN)
_BY_TYPE: dict[str, Requirement] = {
    "10": _OF_GOVERNMENT,
    "11": _OF_GOVERNMENT,
    "15": _OF_GOVERNMENT,
    "40": (Item.MANDATE,),
}
_OF_OTHERS: Requirement = (Item.LEGAL_REGISTRATION, Item.OFFICIAL_DOMAIN)


def requirements(organisation_type: str) -> tuple[Requirement, ...]:
    """Return what must be confirmed of an institution of that IATI OrganisationType."""
    return (_ALWAYS, _BY_TYPE.get(organisation_type, _OF_OTHERS))


def faults(organisation_type: str, checklist: Sequence[Check]) -> list[FieldError]:
    """Return what is wrong with a checklist, each with what to do; empty when it suffices."""
    found: list[FieldError] = []
    places: dict[Item, int] = {}
    for place, check in enumerate(checklist):
        if places.setdefault(check.item, place) != place:
            found.append(
                FieldError(
                    pointer=f"/checklist/{place}/item",
                    detail=f"Give {check.item} once: it stands at {places[check.item]} already.",
                )
            )
        if check.comment is None and check.outcome != Outcome.CONFIRMED:
            found.append(
                FieldError(
                    pointer=f"/checklist/{place}/comment",
                    detail=f"Say why {check.item} is {check.outcome.replace('_', ' ')}.",
                )
            )
    confirmed = {check.item for check in checklist if check.outcome == Outcome.CONFIRMED}
    for alternatives in requirements(organisation_type):
        if not confirmed & set(alternatives):
            given = [places[item] for item in alternatives if item in places]
            found.append(
                FieldError(
                    pointer=f"/checklist/{given[0]}/outcome" if given else "/checklist",
                    detail=f"Confirm {' or '.join(alternatives)}: without it an institution of "
                    f"the type {organisation_type} can't be verified.",
                )
            )
    return found


def verify(
    session: Session,
    institution: Institution,
    finding: Finding,
    by: UUID,
    now: datetime | None = None,
) -> Verification:
    """Verify a submitted institution, or a verified one again, for five years from ``now``.

    Raises a Problem: 409 in another state or while a blocking flag stands, 422 for a checklist
    that doesn't suffice.
    """
    again = institution.status == Status.VERIFIED
    require_possible(institution, Action.RENEW if again else Action.VERIFY)
    wrong = faults(institution.organisation_type, finding.checklist)
    if wrong:
        raise Problem(
            INVALID, "The checklist doesn't suffice; each point says what to do.", errors=wrong
        )
    moment = now or utc_now()
    institution.verified_until = years_after(moment)
    (standing.renew if again else lifecycle.verify)(session, institution, by, finding.evidence)
    verification = Verification(
        institution_id=institution.id,
        version=institution.version,
        evidence=finding.evidence,
        verified_by=by,
        verified_at=moment,
        valid_until=institution.verified_until,
    )
    session.add(verification)
    session.flush()
    session.add_all(
        VerificationCheck(
            verification_id=verification.id, place=place, **check.model_dump(mode="json")
        )
        for place, check in enumerate(finding.checklist)
    )
    session.flush()
    return verification


def years_after(moment: datetime) -> datetime:
    """Return the same day five years later; the 28th for a 29 February."""
    try:
        return moment.replace(year=moment.year + YEARS)
    except ValueError:
        return moment.replace(year=moment.year + YEARS, day=28)
