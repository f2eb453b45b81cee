"""The roles of people in a group: given, taken, confirmed, each with its history."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import groups
from services.workgroups.institutions import VERIFIED
from services.workgroups.membership import current
from services.workgroups.membership_lifecycle import Actor, State, note
from services.workgroups.permissions import OF_INSTITUTIONS, GroupRole
from services.workgroups.tables import Coordinator, FocalPoint, Group, Institution, Participant
from shared.columns import utc_now
from shared.events.catalogue import (
    GroupLeftWithoutCoordinator,
    RoleConfirmed,
    RoleEnded,
    RoleGiven,
    RoleSuspended,
)
from shared.outbox import publish
from shared.problems import (
    CONFLICT,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    FieldError,
    Problem,
    incorrect,
)

FROM_OUTSIDE = frozenset({GroupRole.OBSERVER, GroupRole.ADVISER})
"""Roles for people whose institution need not be a member of the group."""


class Step(StrEnum):
    """What happens to a role, as the history calls it."""

    GIVE = "give"
    END = "end"
    SUSPEND = "suspend"
    CONFIRM = "confirm"
    RESTORE = "restore"


def give(
    session: Session,
    group_id: UUID,
    person_id: UUID,
    role: GroupRole,
    *,
    institution_id: UUID | None,
    by: Actor,
) -> Participant:
    """Give a person a role in the group, through an institution that they speak for.

    Coordinators of the platform need no institution. Raises a Problem: 404 when nobody of that id
    is known here, 409 when the group is closed or they have the role already, 422 when they don't
    speak for the institution, or it is no member of the group and the role is for members.
    """
    group = groups.lock(session, group_id)
    groups.require_open(group)
    through = _through(session, group, person_id, role, institution_id)
    there = session.exec(
        select(Participant).where(
            Participant.group_id == group.id,
            Participant.person_id == person_id,
            Participant.role == role,
            col(Participant.ended_at).is_(None),
        )
    ).first()
    if there is not None:
        state = "" if there.state == State.ACTIVE else f", {there.state}: confirm it"
        raise Problem(CONFLICT, f"They have this role in “{group.title}” already{state}.")
    participant = Participant(
        group_id=group.id, person_id=person_id, institution_id=through, role=role
    )
    session.add(participant)
    session.flush()
    note(session, participant, Step.GIVE, None, by)
    publish(session, RoleGiven(**_told(session, group, participant)), subject=_subject(participant))
    return participant


def end(
    session: Session,
    participant: Participant,
    by: Actor,
    reason: str | None,
    *,
    leave_without_coordinator: bool = False,
) -> None:
    """Take a role from a person.

    Raises a Problem (409) when it ended already, or when the group would be left without a
    coordinator and nobody said that it may be.
    """
    group = groups.lock(session, participant.group_id)
    session.refresh(participant)
    if participant.ended_at is not None:
        raise Problem(NOT_ALLOWED_NOW, "This role has ended already. There is nothing left to do.")
    last = is_last_coordinator(session, participant)
    if last and not leave_without_coordinator:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"“{group.title}” would be left without a coordinator. Give somebody else the role "
            "first, or send leave_without_coordinator: true; coordinators of the platform lead it "
            "then.",
        )
    finish(session, group, participant, by, reason)


def finish(
    session: Session, group: Group, participant: Participant, by: Actor, reason: str | None
) -> None:
    """End a role, and tell of a group that it leaves without a coordinator."""
    last = is_last_coordinator(session, participant)
    before = participant.state
    participant.ended_at = max(utc_now(), participant.since)
    session.add(participant)
    note(session, participant, Step.END, before, by, reason=reason, after="ended")
    publish(
        session,
        RoleEnded(**_told(session, group, participant), reason=reason),
        subject=_subject(participant),
    )
    if last:
        _tell_of_no_coordinator(session, group)


def suspend(
    session: Session, group: Group, participant: Participant, by: Actor, reason: str
) -> None:
    """Let an active role wait until it is confirmed; ``reason`` says what happened."""
    last = is_last_coordinator(session, participant)
    participant.state = State.SUSPENDED
    session.add(participant)
    note(session, participant, Step.SUSPEND, State.ACTIVE, by, reason=reason)
    publish(
        session,
        RoleSuspended(**_told(session, group, participant), reason=reason),
        subject=_subject(participant),
    )
    if last:
        _tell_of_no_coordinator(session, group)


def confirm(session: Session, participant: Participant, by: Actor) -> None:
    """Let a suspended role go on, through the institution that the person speaks for now.

    Raises a Problem: 404 when nobody of that id is known here any more, 409 when it isn't
    suspended, 422 when their institution may not have it.
    """
    group = groups.lock(session, participant.group_id)
    session.refresh(participant)
    if participant.ended_at is not None or participant.state != State.SUSPENDED:
        raise Problem(
            NOT_ALLOWED_NOW, "Only a role that is suspended can be confirmed; this one is not."
        )
    role = GroupRole(participant.role)
    still = participant.institution_id is not None and (
        session.get(FocalPoint, (participant.person_id, participant.institution_id)) is not None
    )
    participant.institution_id = _through(
        session,
        group,
        participant.person_id,
        role,
        participant.institution_id if still else None,
    )
    restore(session, group, participant, Step.CONFIRM, by)


def restore(
    session: Session, group: Group, participant: Participant, step: Step, by: Actor
) -> None:
    """Make a suspended role active again, confirmed here or reinstated at the registry."""
    participant.state = State.ACTIVE
    session.add(participant)
    note(session, participant, step, State.SUSPENDED, by)
    publish(
        session, RoleConfirmed(**_told(session, group, participant)), subject=_subject(participant)
    )


def is_last_coordinator(session: Session, participant: Participant) -> bool:
    """Tell whether nobody else coordinates the group of an active coordinator."""
    if (
        participant.role != GroupRole.COORDINATOR
        or participant.state != State.ACTIVE
        or participant.ended_at is not None
    ):
        return False
    others = select(Participant.id).where(
        Participant.group_id == participant.group_id,
        Participant.id != participant.id,
        Participant.role == GroupRole.COORDINATOR,
        Participant.state == State.ACTIVE,
        col(Participant.ended_at).is_(None),
    )
    return session.exec(others.limit(1)).first() is None


def lock(session: Session, group_id: UUID, participant_id: UUID) -> Participant:
    """Return the role, held until the transaction ends; a Problem (404) when there is none."""
    found = session.exec(
        select(Participant)
        .where(Participant.id == participant_id, Participant.group_id == group_id)
        .with_for_update()
    ).first()
    if found is None:
        raise no_such_role()
    return found


def no_such_role() -> Problem:
    """Return the Problem (404) for a role that is unknown or hidden from the caller."""
    return Problem(NOT_FOUND, "There is no role of that id in this group.")


def _through(
    session: Session,
    group: Group,
    person_id: UUID,
    role: GroupRole,
    institution_id: UUID | None,
) -> UUID | None:
    """Return through which institution the person may have the role."""
    spoken_for = session.exec(
        select(FocalPoint.institution_id)
        .join(Institution, col(Institution.id) == col(FocalPoint.institution_id))
        .where(FocalPoint.person_id == person_id, Institution.status == VERIFIED)
    ).all()
    of_platform = session.get(Coordinator, person_id) is not None
    if not spoken_for and not of_platform:
        raise Problem(
            NOT_FOUND,
            "Nobody of that id speaks for a verified institution or coordinates the platform. "
            "Check the id; after a change at the registry, try again in a moment.",
            errors=[FieldError(pointer="/person_id", detail="Not a person known here.")],
        )
    if institution_id is not None and institution_id not in spoken_for:
        raise incorrect("/institution_id", "They don't speak for that institution.")
    named = [institution_id] if institution_id is not None else list(spoken_for)
    possible = [each for each in named if role in FROM_OUTSIDE or _is_member(session, group, each)]
    if len(possible) > 1:
        raise incorrect(
            "/institution_id", "They speak for several institutions: say through which one."
        )
    if possible:
        return possible[0]
    if of_platform and institution_id is None and role not in OF_INSTITUTIONS:
        return None
    raise Problem(
        INVALID,
        f"The role {role} is for people of institutions that are members of “{group.title}”; let "
        "their institution join first. People from outside can be observer or adviser.",
        errors=[FieldError(pointer="/role", detail="Only for people of member institutions.")],
    )


def _is_member(session: Session, group: Group, institution_id: UUID) -> bool:
    found = current(session, group.id, institution_id)
    return found is not None and found.state == State.ACTIVE


def _tell_of_no_coordinator(session: Session, group: Group) -> None:
    publish(
        session,
        GroupLeftWithoutCoordinator(
            group_id=group.id,
            group_title=group.title,
            theme_slug=groups.theme_of(session, group).slug,
        ),
        subject=f"groups/{group.id}",
    )


def _told(session: Session, group: Group, participant: Participant) -> dict[str, Any]:
    return {
        "participant_id": participant.id,
        "group_id": group.id,
        "group_title": group.title,
        "theme_slug": groups.theme_of(session, group).slug,
        **participant.model_dump(include={"person_id", "institution_id", "role"}),
    }


def _subject(participant: Participant) -> str:
    return f"groups/{participant.group_id}/roles/{participant.id}"
