"""Action items and the proposals to reassign them, and the news of them."""

from sqlalchemy import delete
from sqlmodel import Session, col

from services.notifier import targets
from services.notifier.projections.telling import tell
from services.notifier.tables import ActionItem, ActionItemPerson, Reassignment
from services.notifier.vocabulary import NoticeKind
from shared.events.catalogue import (
    ActionFacts,
    ActionItemAssigned,
    ActionItemChanged,
    ActionItemDueSoon,
    ActionItemOverdue,
    ActionItemReassigned,
    ActionItemReassignmentDeclined,
    ActionItemReassignmentProposed,
    ActionItemReassignmentWithdrawn,
)
from shared.events.envelope import Event
from shared.newest import keep_newest

ReassignmentAnswer = (
    ActionItemReassigned | ActionItemReassignmentDeclined | ActionItemReassignmentWithdrawn
)
ReassignmentEvent = ActionItemReassignmentProposed | ReassignmentAnswer


def action_item_assigned(session: Session, event: Event, data: ActionItemAssigned) -> None:
    """Keep the action item and tell readers who answers for it."""
    _keep(session, data.action)
    _tell_of_action(session, event, NoticeKind.ACTION_ITEM_ASSIGNED, data.action)


def action_item_changed(session: Session, event: Event, data: ActionItemChanged) -> None:
    """Keep the action item and tell readers how it stands."""
    _keep(session, data.action)
    _tell_of_action(session, event, NoticeKind.ACTION_ITEM_CHANGED, data.action)


def action_item_due(
    session: Session, _event: Event, data: ActionItemDueSoon | ActionItemOverdue
) -> None:
    """Keep the action item."""
    _keep(session, data.action)


def reassignment_proposed(
    session: Session, event: Event, data: ActionItemReassignmentProposed
) -> None:
    """Keep that another institution is asked to answer for the action item."""
    _keep(session, data.action)
    _keep_proposal(session, event, data)


def reassignment_answered(session: Session, event: Event, data: ReassignmentAnswer) -> None:
    """Keep that the proposal needs no answer any more, and who answers for the action item now."""
    _keep(session, data.action)
    proposal = _keep_proposal(session, event, data)
    proposal.answered_at = proposal.answered_at or event.time
    session.add(proposal)


def _keep(session: Session, facts: ActionFacts) -> None:
    kept = session.get(ActionItem, facts.action_item_id)
    if kept is not None and kept.version >= facts.version:
        return
    keep_newest(
        session,
        ActionItem(
            id=facts.action_item_id,
            group_id=facts.group_id,
            number=facts.number,
            title=facts.title,
            institution_id=facts.institution_id,
            institution_name=facts.institution_name,
            due_date=facts.due_date,
            time_zone=facts.time_zone,
            state=facts.state,
            priority=facts.priority,
            version=facts.version,
        ),
    )
    of_item = col(ActionItemPerson.action_item_id) == facts.action_item_id
    session.execute(delete(ActionItemPerson).where(of_item))
    session.add_all(
        ActionItemPerson(action_item_id=facts.action_item_id, person_id=person_id)
        for person_id in dict.fromkeys(facts.person_ids)
    )


def _keep_proposal(session: Session, event: Event, data: ReassignmentEvent) -> Reassignment:
    """Return the proposal as it is kept; one that was answered stays so."""
    facts = data.reassignment
    kept = session.get(Reassignment, facts.reassignment_id)
    if kept is None:
        kept = Reassignment(
            id=facts.reassignment_id,
            action_item_id=data.action.action_item_id,
            from_institution_id=facts.from_institution_id,
            to_institution_id=facts.to_institution_id,
            proposed_at=event.time,
        )
        session.add(kept)
    return kept


def _tell_of_action(session: Session, event: Event, kind: NoticeKind, action: ActionFacts) -> None:
    tell(
        session,
        event,
        kind,
        targets=(
            targets.theme(action.theme_slug),
            targets.group(action.group_id),
            targets.institution(action.institution_id),
        ),
        theme_slug=action.theme_slug,
        group_id=action.group_id,
        group_title=action.group_title,
    )
