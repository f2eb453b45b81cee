"""Updates: what member institutions tell their group."""

from uuid import UUID

from sqlmodel import Session

from services.workgroups import groups, membership
from services.workgroups.institutions import require_verified
from services.workgroups.tables import Institution, Update
from shared.events.catalogue import UpdateKind, UpdatePosted
from shared.outbox import publish
from shared.problems import NOT_FOUND, Problem


def post(
    session: Session,
    group_id: UUID,
    institution: Institution,
    *,
    kind: UpdateKind,
    title: str,
    text: str,
    by: UUID,
) -> Update:
    """Post an update of a member institution to the group.

    Raises a Problem: 404 without such a group, 409 when the group is archived or the institution
    is no member.
    """
    group = groups.hold(session, group_id)
    groups.require_active(group)
    require_verified(institution)
    membership.require_member(session, group, institution)
    update = Update(
        group_id=group.id,
        institution_id=institution.id,
        posted_by=by,
        kind=kind,
        title=title,
        text=text,
    )
    session.add(update)
    session.flush()
    publish(
        session,
        UpdatePosted(
            update_id=update.id,
            group_id=group.id,
            group_title=group.title,
            theme_slug=groups.theme_of(session, group).slug,
            institution_id=institution.id,
            institution_name=institution.name,
            institution_acronym=institution.acronym,
            kind=kind,
            title=title,
            text=text,
        ),
        subject=f"updates/{update.id}",
    )
    return update


def read(session: Session, update_id: UUID) -> Update:
    """Return the update; a Problem (404) when there is none of that id."""
    update = session.get(Update, update_id)
    if update is None:
        raise no_such_update()
    return update


def no_such_update() -> Problem:
    """Return the Problem (404) for an update that is unknown or hidden from the caller."""
    return Problem(NOT_FOUND, "There is no update of that id that you may see.")
