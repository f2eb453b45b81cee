"""Partner institutions as the registry told of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups.tables import Institution
from shared.problems import NOT_ALLOWED_NOW, NOT_FOUND, FieldError, Problem

VERIFIED = "verified"


@dataclass(frozen=True)
class Named:
    """What an institution is called."""

    name: str | None
    acronym: str | None

    @property
    def short(self) -> str:
        """The acronym, else the name, for a sentence."""
        return self.acronym or self.name or "The institution"


UNNAMED = Named(None, None)
"""An institution that the read model lacks, as it may while it is being rebuilt."""


def names_of(session: Session, institution_ids: Iterable[UUID]) -> dict[UUID, Named]:
    """Return what the institutions are called, by id; one that is not known is left out."""
    rows = session.exec(
        select(Institution.id, Institution.name, Institution.acronym).where(
            col(Institution.id).in_(set(institution_ids))
        )
    )
    return {found: Named(name, acronym) for found, name, acronym in rows}


def require_verified(institution: Institution) -> None:
    """Raise a Problem (409) unless the institution is verified."""
    if institution.merged_into is not None:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"{institution.acronym or institution.name} is part of another institution now. "
            f"Take part as that one: {institution.merged_into}.",
        )
    if institution.status != VERIFIED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"{institution.acronym or institution.name} is {institution.status}, not verified. "
            "Take part once a coordinator has verified its registration.",
        )


def no_such_institution(pointer: str | None = None) -> Problem:
    """Return the Problem (404) for an institution that is unknown or foreign to the caller."""
    return Problem(
        NOT_FOUND,
        "There is no institution of that id for which you may act here. Check the id and who you "
        "are signed in as; after a change at the registry, try again in a moment.",
        errors=[FieldError(pointer=pointer, detail="Not an institution for which you may act.")]
        if pointer
        else (),
    )
