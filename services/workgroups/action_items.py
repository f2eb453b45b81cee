"""Action items: who answers for what until when."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session, func, select

from services.workgroups import groups, membership
from services.workgroups.institutions import UNNAMED, names_of, require_verified
from services.workgroups.tables import ActionItem, AgreedPoint, Group, Institution, MeetingGroup
from services.workgroups.transitions import Role, State, require_transition
from shared.columns import utc_now
from shared.events.catalogue import ActionFacts, ActionItemAssigned, ActionItemChanged
from shared.outbox import publish
from shared.problems import FORBIDDEN, INVALID, NOT_FOUND, FieldError, Problem


@dataclass(frozen=True)
class Origin:
    """Where an action item comes from: a meeting, and what it agreed."""

    meeting_id: UUID | None = None
    agreed_point_id: UUID | None = None


@dataclass(frozen=True)
class Change:
    """What shall become of an action item; ``None`` leaves a value as it is."""

    state: State | None = None
    due_date: date | None = None
    title: str | None = None


def assign(
    session: Session,
    group_id: UUID,
    institution: Institution,
    *,
    title: str,
    due_date: date,
    origin: Origin,
    by: UUID,
) -> ActionItem:
    """Make a member institution accountable for something until the end of ``due_date``.

    A date that is over already is taken: what a meeting agreed may be recorded late. Raises a
    Problem: 404 without such a group, 409 when it is archived or the institution is no member,
    422 when the origin isn't a meeting of this group or not what that meeting agreed.
    """
    group = groups.lock(session, group_id)
    groups.require_active(group)
    require_verified(institution)
    membership.require_member(session, group, institution)
    origin = _checked(session, group, origin)
    item = ActionItem(
        group_id=group.id,
        number=_next_number(session, group),
        title=title,
        institution_id=institution.id,
        due_date=due_date,
        meeting_id=origin.meeting_id,
        agreed_point_id=origin.agreed_point_id,
        assigned_by=by,
    )
    session.add(item)
    session.flush()
    publish(session, ActionItemAssigned(action=_facts(session, item)), subject=_subject(item))
    return item


def change(session: Session, item: ActionItem, wanted: Change, roles: frozenset[Role]) -> None:
    """Change the action item as somebody in ``roles``; equal values change nothing.

    Raises a Problem: 409 when the state can't follow or the accountable institution is not verified
    any more, 403 when another role is needed: the due date and the title were agreed, so only a
    coordinator moves them.
    """
    accountable = session.get(Institution, item.institution_id)
    if accountable is not None and Role.COORDINATOR not in roles:
        require_verified(accountable)
    after = {
        name: value
        for name, value in vars(wanted).items()
        if value is not None and value != getattr(item, name)
    }
    if not after:
        return
    if after.keys() & {"due_date", "title"} and Role.COORDINATOR not in roles:
        raise Problem(
            FORBIDDEN, "Only a coordinator may change the due date or the title: ask one."
        )
    if wanted.state is not None:
        require_transition(State(item.state), wanted.state, roles)
    for name, value in after.items():
        setattr(item, name, value)
    item.version += 1
    item.updated_at = utc_now()
    session.add(item)
    session.flush()
    publish(session, ActionItemChanged(action=_facts(session, item)), subject=_subject(item))


def read(session: Session, action_item_id: UUID) -> ActionItem:
    """Return the action item; a Problem (404) when there is none of that id."""
    item = session.get(ActionItem, action_item_id)
    if item is None:
        raise no_such_item()
    return item


def no_such_item() -> Problem:
    """Return the Problem (404) for an action item that is unknown or hidden from the caller."""
    return Problem(NOT_FOUND, "There is no action item of that id that you may see.")


def _next_number(session: Session, group: Group) -> int:
    # The caller holds the group, so no other request can take the same number.
    highest = session.exec(
        select(func.max(ActionItem.number)).where(ActionItem.group_id == group.id)
    ).one()
    return (highest or 0) + 1


def _checked(session: Session, group: Group, origin: Origin) -> Origin:
    meeting_id = origin.meeting_id
    if origin.agreed_point_id is not None:
        point = session.get(AgreedPoint, origin.agreed_point_id)
        if point is None or meeting_id not in (None, point.meeting_id):
            raise _invalid("/agreed_point_id", "Not an agreed point of that meeting.")
        meeting_id = point.meeting_id
    if meeting_id is not None and session.get(MeetingGroup, (meeting_id, group.id)) is None:
        pointer = "/agreed_point_id" if origin.meeting_id is None else "/meeting_id"
        raise _invalid(pointer, "Not from a meeting of this group.")
    return Origin(meeting_id, origin.agreed_point_id)


def _facts(session: Session, item: ActionItem) -> ActionFacts:
    group = session.get_one(Group, item.group_id)
    institution = names_of(session, [item.institution_id]).get(item.institution_id, UNNAMED)
    return ActionFacts.model_validate(
        {
            **item.model_dump(),
            "action_item_id": item.id,
            "group_title": group.title,
            "theme_slug": groups.theme_of(session, group).slug,
            "institution_name": institution.name or "",
            "institution_acronym": institution.acronym,
        }
    )


def _subject(item: ActionItem) -> str:
    return f"action-items/{item.id}"


def _invalid(pointer: str, detail: str) -> Problem:
    return Problem(
        INVALID,
        f"Correct {pointer}: {detail}",
        errors=[FieldError(pointer=pointer, detail=detail)],
    )
