"""Membership: which institutions belong to a group.

An institution joins once; joining again while it is a member is refused with a clear sentence, so
that nobody believes to have changed something. It may leave, and join again later.
"""

from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import groups
from services.workgroups.institutions import require_verified
from services.workgroups.tables import ActionItem, Group, Institution, Membership
from services.workgroups.transitions import UNFINISHED
from shared.columns import utc_now
from shared.events.catalogue import MembershipJoined, MembershipLeft
from shared.outbox import publish
from shared.problems import CONFLICT, NOT_ALLOWED_NOW, NOT_FOUND, Problem


def join(session: Session, group_id: UUID, institution: Institution, *, by: UUID) -> Membership:
    """Make the institution a member of the group.

    Raises a Problem: 404 without such a group, 409 when the group is archived, the institution is
    not verified, or it is a member already.
    """
    group = groups.lock(session, group_id)
    groups.require_active(group)
    require_verified(institution)
    if current(session, group.id, institution.id) is not None:
        raise Problem(
            CONFLICT,
            f"{institution.acronym or institution.name} is a member of “{group.title}” already. "
            "There is nothing left to do.",
        )
    membership = Membership(group_id=group.id, institution_id=institution.id, joined_by=by)
    session.add(membership)
    session.flush()
    reference = groups.reference(session, group)
    publish(
        session,
        MembershipJoined(
            group_id=group.id,
            group_title=group.title,
            theme_slug=reference.theme_slug,
            institution_id=institution.id,
            institution_name=institution.name,
            institution_acronym=institution.acronym,
        ),
        subject=_subject(group, institution),
    )
    return membership


def leave(session: Session, group_id: UUID, institution: Institution) -> None:
    """End the membership of the institution.

    Raises a Problem: 404 when it is no member, 409 while it answers for unfinished action items,
    for then nobody would.
    """
    group = groups.lock(session, group_id)
    membership = read(session, group.id, institution.id)
    owed = session.exec(
        select(ActionItem.number)
        .where(
            ActionItem.group_id == group.id,
            ActionItem.institution_id == institution.id,
            col(ActionItem.state).in_(UNFINISHED),
        )
        .order_by(col(ActionItem.number))
    ).all()
    if owed:
        numbers = ", ".join(str(number) for number in owed)
        raise Problem(
            NOT_ALLOWED_NOW,
            f"{institution.acronym or institution.name} still answers for action items of this "
            f"group (number {numbers}). Finish them, or ask a coordinator to cancel them, first.",
        )
    # A clock that was set back must not keep anybody in.
    membership.left_at = max(utc_now(), membership.joined_at)
    session.add(membership)
    session.flush()
    reference = groups.reference(session, group)
    publish(
        session,
        MembershipLeft(
            group_id=group.id,
            group_title=group.title,
            theme_slug=reference.theme_slug,
            institution_id=institution.id,
            institution_name=institution.name,
            institution_acronym=institution.acronym,
        ),
        subject=_subject(group, institution),
    )


def current(session: Session, group_id: UUID, institution_id: UUID) -> Membership | None:
    """Return the membership that lasts, or ``None``."""
    return session.exec(
        select(Membership).where(
            Membership.group_id == group_id,
            Membership.institution_id == institution_id,
            col(Membership.left_at).is_(None),
        )
    ).first()


def read(session: Session, group_id: UUID, institution_id: UUID) -> Membership:
    """Return the membership that lasts; a Problem (404) when there is none."""
    membership = current(session, group_id, institution_id)
    if membership is None:
        raise Problem(NOT_FOUND, "That institution is not a member of this group.")
    return membership


def require_member(session: Session, group: Group, institution: Institution) -> None:
    """Raise a Problem (409) unless the institution is a member of the group."""
    if current(session, group.id, institution.id) is None:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"{institution.acronym or institution.name} is not a member of “{group.title}”. It "
            f"joins with POST /groups/{group.id}/members.",
        )


def _subject(group: Group, institution: Institution) -> str:
    return f"groups/{group.id}/members/{institution.id}"
