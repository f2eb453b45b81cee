"""Who sees an update and who may change it: its institution's people, and who leads the group."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from services.workgroups import groups, sight
from services.workgroups.permissions import institutions_of, may_steer, require_steering
from services.workgroups.tables import Group, Institution, Update
from shared.identity import Caller
from shared.problems import NOT_FOUND, Problem


def written_for(session: Session, caller: Caller | None) -> list[UUID]:
    """Return the institutions whose updates are the caller's to change.

    They are those that the caller speaks for, and what was merged into them.
    """
    own = institutions_of(session, caller) if caller is not None else []
    if not own:
        return []
    merged = session.exec(select(Institution.id).where(col(Institution.merged_into).in_(own)))
    return [*own, *merged]


def in_sight(session: Session, caller: Caller | None) -> ColumnElement[bool]:
    """Return the condition on `Update` that the caller sees it.

    A draft is its institution's alone; what was published is seen by who sees the group.
    """
    shown = and_(
        col(Update.state) != "draft",
        col(Update.group_id).in_(select(Group.id).where(sight.in_sight(session, caller))),
    )
    return or_(shown, col(Update.institution_id).in_(written_for(session, caller)))


def update_to_see(session: Session, caller: Caller | None, update_id: UUID) -> Update:
    """Return the update; a Problem (404) when there is none of that id that the caller sees."""
    update = session.exec(
        select(Update).where(Update.id == update_id, in_sight(session, caller))
    ).first()
    if update is None:
        raise no_such_update()
    return update


def update_to_write(session: Session, caller: Caller, update_id: UUID) -> Update:
    """Return an update of the caller's institution, locked; a Problem (404) otherwise."""
    update = _locked(session, update_id)
    if update.institution_id not in written_for(session, caller):
        raise _not_yours()
    return update


def update_to_attach_to(session: Session, caller: Caller, update_id: UUID) -> Update:
    """Return an update of the caller's institution, locked with its group; a Problem (404) else.

    What the files of the group take is counted under that lock.
    """
    found = session.get(Update, update_id)
    if found is None or found.institution_id not in written_for(session, caller):
        raise _not_yours()
    groups.lock(session, found.group_id)
    return _fresh(session, update_id)


def update_to_withdraw(session: Session, caller: Caller, update_id: UUID) -> tuple[Update, bool]:
    """Return the update, locked, and whether the caller takes it back for the group.

    That may its institution's people, and who leads the group. Raises a Problem (404) otherwise.
    """
    update = _locked(session, update_id)
    if update.institution_id in written_for(session, caller):
        return update, False
    if update.state == "draft" or not may_steer(session, caller, update.group_id):
        raise _not_yours()
    return update, True


def update_to_pin(session: Session, caller: Caller, update_id: UUID) -> Update:
    """Return the update, locked with its group.

    Raises a Problem: 404 when the caller doesn't see it, 403 unless the caller leads the group.
    """
    seen = update_to_see(session, caller, update_id)
    require_steering(session, caller, seen.group_id)
    groups.lock(session, seen.group_id)
    return _fresh(session, update_id)


def may_look_back(session: Session, caller: Caller | None, update: Update) -> bool:
    """Tell whether the caller sees an update's text after its withdrawal, and its draft's notes."""
    return caller is not None and (
        update.institution_id in written_for(session, caller)
        or (update.state != "draft" and may_steer(session, caller, update.group_id))
    )


def no_such_update() -> Problem:
    """Return the Problem (404) for an update that is unknown or hidden from the caller."""
    return Problem(NOT_FOUND, "There is no update of that id that you may see.")


def _locked(session: Session, update_id: UUID) -> Update:
    found = session.get(Update, update_id)
    if found is None:
        raise _not_yours()
    # The group first, as whoever locks it for more than one update does.
    groups.hold(session, found.group_id)
    return _fresh(session, update_id)


def _fresh(session: Session, update_id: UUID) -> Update:
    found = session.exec(
        select(Update)
        .where(Update.id == update_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise _not_yours()
    return found


def _not_yours() -> Problem:
    return Problem(
        NOT_FOUND,
        "There is no update of that id that you may change. Its institution's focal point may, and "
        "who leads the group may withdraw it.",
    )
