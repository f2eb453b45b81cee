"""The logo of an institution."""

import hashlib
from uuid import UUID

from sqlmodel import Session

from services.registry import lifecycle
from services.registry.pictures import Picture
from services.registry.tables import Institution, InstitutionLogo
from services.registry.transitions import Action, require_possible
from shared.problems import NOT_FOUND, Problem


def keep_logo(session: Session, institution: Institution, picture: Picture, by: UUID) -> None:
    """Let the institution show this picture; the same one again makes no new version.

    Raises a Problem (409) in a state in which nothing may change.
    """
    require_possible(institution, Action.UPDATE)
    digest = hashlib.sha256(picture.png).hexdigest()
    if digest != institution.logo_digest:
        session.merge(InstitutionLogo(institution_id=institution.id, png=picture.png))
        _record(session, institution, digest, by)


def remove_logo(session: Session, institution: Institution, by: UUID) -> None:
    """Take the logo away.

    Raises a Problem: 409 in a state in which nothing may change, 404 when there is none.
    """
    require_possible(institution, Action.UPDATE)
    session.delete(logo_of(session, institution))
    _record(session, institution, None, by)


def logo_of(session: Session, institution: Institution) -> InstitutionLogo:
    """Return the logo; a Problem (404) when the institution has none."""
    logo = session.get(InstitutionLogo, institution.id)
    if logo is None:
        raise Problem(NOT_FOUND, "This institution has no logo. Its people can send one.")
    return logo


def _record(session: Session, institution: Institution, digest: str | None, by: UUID) -> None:
    changes = {"logo_digest": [institution.logo_digest, digest]}
    institution.logo_digest = digest
    lifecycle.record_update(session, institution, by, changes)
