"""Merging: of two institutions that are one, one goes on with what belonged to both.

The other stays as a tombstone that leads there. Everything that changed hands is written down, so
that a merge can be undone.

The one that goes on keeps its own profile. It gets what it lacks: rows of `belongings`, and a copy
of the logo and of descriptions in languages in which it has none (`merge_copies`). What the other
said differently, such as its country or a description in the same language, stays with the
tombstone. Its flags stay where they were raised and count for both (`tombstones.parts_of`), so that
a concern does not end with a merge. A verification does not move: it was of the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.registry import matching, merge_copies, merge_steps
from services.registry.belongings import BELONGINGS, move, move_back, rows
from services.registry.duplicates import keep_search_keys
from services.registry.profiles import Document, profiles_of
from services.registry.relations import take_turns
from services.registry.tables import (
    FocalPoint,
    Institution,
    Merge,
    Person,
)
from services.registry.transitions import TRANSITIONS, Action, Status, require_possible
from shared import outbox
from shared.columns import utc_now
from shared.events.catalogue import FocalPointConfirmed, FocalPointRemoved
from shared.problems import INVALID, NOT_ALLOWED_NOW, NOT_FOUND, FieldError, Problem


@dataclass(frozen=True)
class Pair:
    """Two institutions, both locked, as they are now."""

    institution: Institution
    other: Institution


def lock_to_merge(session: Session, institution_id: UUID, into_id: UUID) -> Pair:
    """Return an institution and the one that it shall become part of.

    Raises a Problem (422) when that is itself or isn't there.
    """
    found = _locked(session, institution_id, into_id)
    if into_id == institution_id:
        raise _bad_survivor("An institution can't be merged into itself.")
    if into_id not in found:
        raise _bad_survivor("There is no institution of that id.")
    return Pair(found[institution_id], found[into_id])


def merge(session: Session, pair: Pair, reason: str, by: UUID) -> Merge:
    """Merge the first of two institutions into the other, and return what that moved.

    A row whose like the other has already stays where it is. Raises a Problem: 409 in a state in
    which the first can't be merged, 422 when the other can't take it.
    """
    institution, into = pair.institution, pair.other
    require_possible(institution, Action.MERGE)
    _require_survivor(institution, into)
    made = Merge(
        institution_id=institution.id,
        into_id=into.id,
        status_before=institution.status,
        reason=reason,
        by=by,
    )
    take_turns(session)
    before = _profiles(session, institution, into)
    made.moved = [
        moved
        for belonging in BELONGINGS
        for row in rows(session, belonging, institution.id)
        if (moved := move(session, belonging, row, into))
    ]
    made.moved += merge_copies.give(session, institution, into)
    session.add(made)
    _read_anew(session)
    changes = _differences(before, _profiles(session, institution, into))
    merge_steps.merge(session, institution, into, by, reason=reason, changes=changes)
    _tell_of_people(session, made.moved, leaving=institution, joining=into)
    _find_anew(session, pair)
    return made


def lock_to_unmerge(session: Session, institution_id: UUID) -> tuple[Pair, Merge | None]:
    """Return a merged institution, the one it is part of, and the merge; none without a merge."""
    made = session.exec(
        select(Merge).where(Merge.institution_id == institution_id, col(Merge.undone_at).is_(None))
    ).first()
    found = _locked(session, institution_id, made.into_id if made else institution_id)
    institution = found[institution_id]
    if made is None or institution.status != Status.MERGED:
        return Pair(institution, institution), None
    return Pair(institution, found[made.into_id]), made


def unmerge(session: Session, pair: Pair, made: Merge | None, reason: str, by: UUID) -> list[str]:
    """Undo a merge: what was moved goes back. Return in words what couldn't.

    Raises a Problem (409) when the institution isn't merged, or what it is part of is by now.
    """
    institution, survivor = pair.institution, pair.other
    require_possible(institution, Action.UNMERGE)
    if made is None:
        raise Problem(NOT_FOUND, "What this merge moved was not written down: nothing is undone.")
    if survivor.status == Status.MERGED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"{survivor.name} ({survivor.id}), of which it is part, was merged itself since. "
            "Undo that merge first.",
        )
    take_turns(session)
    before = _profiles(session, institution, survivor)
    back: list[dict[str, Any]] = []
    lost: list[str] = []
    for moved in reversed(made.moved):
        if merge_copies.is_copy(moved):
            merge_copies.take_back(session, survivor, moved)
        elif move_back(session, moved):
            back.append(moved)
        else:
            lost.append(f"{moved['described']}: changed or removed since, or given anew")
    made.undone_at, made.undone_by = utc_now(), by
    session.add(made)
    _read_anew(session)
    merge_steps.unmerge(
        session,
        institution,
        survivor,
        by,
        reason=reason,
        back_to=Status(made.status_before),
        changes=_differences(before, _profiles(session, institution, survivor)),
    )
    _tell_of_people(session, list(reversed(back)), leaving=survivor, joining=institution)
    _find_anew(session, pair)
    return list(reversed(lost))


def _require_survivor(institution: Institution, into: Institution) -> None:
    if into.merged_into == institution.id:
        raise _bad_survivor(f"{into.name} is part of this one already: that would be a circle.")
    if into.status not in TRANSITIONS[Action.ABSORB].sources:
        raise _bad_survivor(f"{into.name} is {into.status}: nothing can be merged into it.")
    if institution.status == Status.VERIFIED and into.status != Status.VERIFIED:
        raise _bad_survivor(
            f"{into.name} isn't verified and this one is. Merge them the other way round."
        )


def _bad_survivor(why: str) -> Problem:
    return Problem(
        INVALID,
        why,
        errors=[
            FieldError(
                pointer="/into",
                detail="Give the id of another institution, submitted, returned or verified.",
            )
        ],
    )


def _locked(session: Session, *ids: UUID) -> dict[UUID, Institution]:
    # Always in one order: two merges at once wait for each other and don't lock each other out.
    found = session.exec(
        select(Institution)
        .where(col(Institution.id).in_(ids))
        .order_by(col(Institution.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {each.id: each for each in found}


def _tell_of_people(
    session: Session,
    moved: Sequence[dict[str, Any]],
    *,
    leaving: Institution,
    joining: Institution,
) -> None:
    people = [
        UUID(each["key"]["person_id"])
        for each in moved
        if each["table"] == FocalPoint.__tablename__
    ]
    for person_id in people:
        role = session.get_one(FocalPoint, (person_id, joining.id))
        if role.confirmed_at is None:
            continue
        person = session.get_one(Person, person_id)
        outbox.publish(
            session,
            FocalPointRemoved(person_id=person_id, institution_id=leaving.id),
            subject=f"institutions/{leaving.id}",
        )
        outbox.publish(
            session,
            FocalPointConfirmed.model_validate(
                {
                    "person_id": person_id,
                    "institution_id": joining.id,
                    "person_name": person.name,
                    "role": role.role,
                }
            ),
            subject=f"institutions/{joining.id}",
        )


def _read_anew(session: Session) -> None:
    # The rows were changed behind the session's back.
    session.flush()
    session.expire_all()


def _differences(
    before: Mapping[UUID, Document], after: Mapping[UUID, Document]
) -> dict[UUID, dict[str, list[Any]]]:
    return {
        each: {
            field: [value, after[each][field]]
            for field, value in before[each].items()
            if value != after[each][field]
        }
        for each in before
    }


def _profiles(session: Session, *institutions: Institution) -> dict[UUID, Document]:
    found = profiles_of(session, institutions)
    return {each.id: {**found[each.id], "logo_digest": each.logo_digest} for each in institutions}


def _find_anew(session: Session, pair: Pair) -> None:
    for each in (pair.institution, pair.other):
        keep_search_keys(session, each.id)
    matching.match_soon(session, (pair.institution.id, pair.other.id), utc_now())
