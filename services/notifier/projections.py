"""What the notifier makes of other services' events: its read models, and notices for readers.

Every handler may be called again with the same event: it leaves the same rows and tells no reader
twice.
"""

from functools import partial
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from services.notifier import notices, subscriptions, targets
from services.notifier.queues import enqueue_delivery
from services.notifier.tables import (
    Checkpoint,
    Coordinator,
    FocalPoint,
    Group,
    Institution,
    Parked,
    Theme,
)
from services.notifier.vocabulary import DeliveryKind, NoticeKind
from shared.columns import utc_now
from shared.database import after_commit
from shared.events.catalogue import (
    REGISTRY,
    WORKGROUPS,
    ActionFacts,
    ActionItemAssigned,
    ActionItemChanged,
    CoordinatorAppointed,
    CoordinatorRemoved,
    FocalPointConfirmed,
    FocalPointRemoved,
    GroupCreated,
    GroupFacts,
    GroupUpdated,
    InstitutionFacts,
    InstitutionMerged,
    InstitutionReinstated,
    InstitutionRejected,
    InstitutionReturned,
    InstitutionSubmitted,
    InstitutionSuspended,
    InstitutionUnmerged,
    InstitutionUpdated,
    InstitutionVerificationExpired,
    InstitutionVerificationExpiring,
    InstitutionVerificationRenewed,
    InstitutionVerified,
    InstitutionWithdrawn,
    MeetingRecorded,
    MembershipJoined,
    MembershipLeft,
    PersonErased,
    PersonRenamed,
    ThemeCreated,
    ThemeMerged,
    ThemeUpdated,
    UpdatePosted,
)
from shared.events.envelope import Event, EventData
from shared.newest import keep_newest
from shared.projection import Handler, Projection
from shared.redaction import redact_parked

CLOSED = frozenset({"concluded", "replaced", "abandoned", "archived"})
"""The states of a group that has ended, in old events and new ones."""


def institution_known(
    session: Session,
    _event: Event,
    data: InstitutionSubmitted
    | InstitutionReturned
    | InstitutionRejected
    | InstitutionVerificationRenewed
    | InstitutionVerificationExpiring
    | InstitutionVerificationExpired
    | InstitutionSuspended
    | InstitutionReinstated
    | InstitutionWithdrawn
    | InstitutionMerged
    | InstitutionUnmerged,
) -> None:
    """Keep the institution; readers hear of it when it is a new partner that everybody may see.

    What else comes is between the institution and the coordinators.
    """
    _keep_institution(session, data.institution)


def institution_verified(session: Session, event: Event, data: InstitutionVerified) -> None:
    """Keep the institution and tell readers of the new partner, if everybody may hear of it."""
    _keep_institution(session, data.institution)
    if data.institution.visibility == "public":
        _tell_of_partner(session, event, data.institution)


def institution_updated(session: Session, event: Event, data: InstitutionUpdated) -> None:
    """Keep the institution, and tell readers of a partner whom everybody may see only now.

    Once, whether it was told when it was verified or later: it may hide again and come back.
    """
    _keep_institution(session, data.institution)
    is_shown = (data.institution.status, data.institution.visibility) == ("verified", "public")
    if is_shown and not notices.was_told(session, NoticeKind.INSTITUTION_VERIFIED, event.subject):
        _tell_of_partner(session, event, data.institution)


def focal_point_confirmed(session: Session, _event: Event, data: FocalPointConfirmed) -> None:
    """Keep who speaks for the institution."""
    session.merge(
        FocalPoint(person_id=data.person_id, institution_id=data.institution_id, role=data.role)
    )


def focal_point_removed(session: Session, _event: Event, data: FocalPointRemoved) -> None:
    """Forget who spoke for the institution."""
    _forget(session, FocalPoint, (data.person_id, data.institution_id))


def coordinator_appointed(session: Session, _event: Event, data: CoordinatorAppointed) -> None:
    """Keep who coordinates the platform."""
    session.merge(Coordinator(person_id=data.person_id, name=data.person_name))


def coordinator_removed(session: Session, _event: Event, data: CoordinatorRemoved) -> None:
    """Forget who coordinated the platform."""
    _forget(session, Coordinator, data.person_id)


def person_renamed(session: Session, _event: Event, data: PersonRenamed) -> None:
    """Show the coordinator by the new name; focal points are kept without theirs."""
    kept = session.get(Coordinator, data.person_id)
    if kept is not None:
        kept.name = data.person_name
        session.add(kept)


def person_erased(session: Session, _event: Event, data: PersonErased) -> None:
    """Forget the person, also in events that wait to be put through again."""
    _forget(session, Coordinator, data.person_id)
    for role in session.exec(select(FocalPoint).where(FocalPoint.person_id == data.person_id)):
        session.delete(role)
    redact_parked(session, REGISTRY_PROJECTION, data.person_id)


def theme_created(session: Session, _event: Event, data: ThemeCreated) -> None:
    """Keep the theme; readers hear of its groups."""
    session.merge(Theme(slug=data.slug, title=data.title))


def theme_updated(session: Session, _event: Event, data: ThemeUpdated) -> None:
    """Call the theme what it is called now."""
    session.merge(Theme(slug=data.slug, title=data.title))


def theme_merged(session: Session, _event: Event, data: ThemeMerged) -> None:
    """Let who follows the theme follow the one that goes on with it."""
    session.merge(Theme(slug=data.into_slug, title=data.into_title))
    kept = session.get(Theme, data.slug)
    if kept is not None:
        session.delete(kept)
    subscriptions.follow_merged(
        session, targets.theme(data.slug), targets.theme(data.into_slug), utc_now()
    )


def group_created(session: Session, event: Event, data: GroupCreated) -> None:
    """Keep the group and tell readers of it, unless it is proposed or not for everybody."""
    _keep_group(session, data.group)
    if data.group.status != "proposed" and data.group.visibility == "all":
        _tell_of_group(session, event, NoticeKind.GROUP_OPENED, data.group)


def group_updated(session: Session, event: Event, data: GroupUpdated) -> None:
    """Keep the group, and tell readers when it was opened, closed or opened again."""
    before = session.get(Group, data.group.group_id)
    status_before = before.status if before else data.group.status
    _keep_group(session, data.group)
    kind = _news_of(status_before, data.group.status)
    if kind is not None and data.group.visibility == "all":
        _tell_of_group(session, event, kind, data.group)


def membership_joined(session: Session, event: Event, data: MembershipJoined) -> None:
    """Tell readers who joined a group."""
    _tell_of_membership(session, event, NoticeKind.MEMBER_JOINED, data)


def membership_left(session: Session, event: Event, data: MembershipLeft) -> None:
    """Tell readers who left a group."""
    _tell_of_membership(session, event, NoticeKind.MEMBER_LEFT, data)


def meeting_recorded(session: Session, event: Event, data: MeetingRecorded) -> None:
    """Tell the readers of each of its groups of the meeting; the convenor's readers too.

    Not when one of its groups is hidden: the notice names them all.
    """
    if not all(_is_open(session, group.group_id) for group in data.groups):
        return
    themes = {group.theme_slug for group in data.groups}
    only = data.groups[0] if len(data.groups) == 1 else None
    _tell(
        session,
        event,
        NoticeKind.MEETING_RECORDED,
        targets=(
            *(targets.theme(slug) for slug in sorted(themes)),
            *(targets.group(group.group_id) for group in data.groups),
            *([targets.institution(data.convenor_id)] if data.convenor_id else []),
        ),
        theme_slug=themes.pop() if len(themes) == 1 else None,
        group_id=only.group_id if only else None,
        group_title=only.title if only else None,
    )


def update_posted(session: Session, event: Event, data: UpdatePosted) -> None:
    """Tell readers of the update."""
    _tell(
        session,
        event,
        NoticeKind.UPDATE_POSTED,
        targets=(
            targets.theme(data.theme_slug),
            targets.group(data.group_id),
            targets.institution(data.institution_id),
            targets.update_kind(data.kind),
        ),
        theme_slug=data.theme_slug,
        group_id=data.group_id,
        group_title=data.group_title,
    )


def action_item_assigned(session: Session, event: Event, data: ActionItemAssigned) -> None:
    """Tell readers who answers for what."""
    _tell_of_action(session, event, NoticeKind.ACTION_ITEM_ASSIGNED, data.action)


def action_item_changed(session: Session, event: Event, data: ActionItemChanged) -> None:
    """Tell readers how an action item stands."""
    _tell_of_action(session, event, NoticeKind.ACTION_ITEM_CHANGED, data.action)


REGISTRY_HANDLERS: dict[type[EventData], Handler] = {
    InstitutionSubmitted: institution_known,
    InstitutionReturned: institution_known,
    InstitutionVerified: institution_verified,
    InstitutionRejected: institution_known,
    InstitutionUpdated: institution_updated,
    InstitutionVerificationRenewed: institution_known,
    InstitutionVerificationExpiring: institution_known,
    InstitutionVerificationExpired: institution_known,
    InstitutionSuspended: institution_known,
    InstitutionReinstated: institution_known,
    InstitutionWithdrawn: institution_known,
    InstitutionMerged: institution_known,
    InstitutionUnmerged: institution_known,
    FocalPointConfirmed: focal_point_confirmed,
    FocalPointRemoved: focal_point_removed,
    CoordinatorAppointed: coordinator_appointed,
    CoordinatorRemoved: coordinator_removed,
    PersonRenamed: person_renamed,
    PersonErased: person_erased,
}

WORKGROUPS_HANDLERS: dict[type[EventData], Handler] = {
    ThemeCreated: theme_created,
    ThemeUpdated: theme_updated,
    ThemeMerged: theme_merged,
    GroupCreated: group_created,
    GroupUpdated: group_updated,
    MembershipJoined: membership_joined,
    MembershipLeft: membership_left,
    MeetingRecorded: meeting_recorded,
    UpdatePosted: update_posted,
    ActionItemAssigned: action_item_assigned,
    ActionItemChanged: action_item_changed,
}

HANDLERS: dict[type[EventData], Handler] = {**REGISTRY_HANDLERS, **WORKGROUPS_HANDLERS}
"""What happens here on each event of another service."""

REGISTRY_PROJECTION = Projection(
    service="notifier",
    source=REGISTRY,
    handlers=REGISTRY_HANDLERS,
    checkpoint=Checkpoint,
    parked=Parked,
    read_models=(Institution, FocalPoint, Coordinator),
)

WORKGROUPS_PROJECTION = Projection(
    service="notifier",
    source=WORKGROUPS,
    handlers=WORKGROUPS_HANDLERS,
    checkpoint=Checkpoint,
    parked=Parked,
    read_models=(Theme, Group),
)


def _keep_institution(session: Session, facts: InstitutionFacts) -> None:
    keep_newest(
        session,
        Institution(
            id=facts.institution_id,
            name=facts.name,
            acronym=facts.acronym,
            status=facts.status,
            version=facts.version,
            merged_into=facts.merged_into,
        ),
    )


def _keep_group(session: Session, facts: GroupFacts) -> None:
    keep_newest(
        session,
        Group(
            id=facts.group_id,
            title=facts.title,
            theme_slug=facts.theme_slug,
            status=facts.status,
            visibility=facts.visibility,
            version=facts.version,
        ),
    )


def _is_open(session: Session, group_id: UUID) -> bool:
    """Tell whether everybody may hear of what the group does; not of one that is unknown."""
    group = session.get(Group, group_id)
    return group is not None and group.visibility == "all"


def _news_of(before: str, after: str) -> NoticeKind | None:
    """Return what readers hear when a group goes from one state to another."""
    if (before in CLOSED) != (after in CLOSED):
        return NoticeKind.GROUP_ARCHIVED if after in CLOSED else NoticeKind.GROUP_REOPENED
    return NoticeKind.GROUP_OPENED if (before, after) == ("proposed", "active") else None


def _forget(session: Session, table: type[FocalPoint | Coordinator], key: Any) -> None:
    row = session.get(table, key)
    if row is not None:
        session.delete(row)


def _tell_of_partner(session: Session, event: Event, institution: InstitutionFacts) -> None:
    _tell(
        session,
        event,
        NoticeKind.INSTITUTION_VERIFIED,
        targets=(targets.institution(institution.institution_id),),
    )


def _tell_of_group(session: Session, event: Event, kind: NoticeKind, group: GroupFacts) -> None:
    _tell(
        session,
        event,
        kind,
        targets=(targets.theme(group.theme_slug), targets.group(group.group_id)),
        theme_slug=group.theme_slug,
        group_id=group.group_id,
        group_title=group.title,
    )


def _tell_of_membership(
    session: Session, event: Event, kind: NoticeKind, data: MembershipJoined | MembershipLeft
) -> None:
    _tell(
        session,
        event,
        kind,
        targets=(
            targets.theme(data.theme_slug),
            targets.group(data.group_id),
            targets.institution(data.institution_id),
        ),
        theme_slug=data.theme_slug,
        group_id=data.group_id,
        group_title=data.group_title,
    )


def _tell_of_action(session: Session, event: Event, kind: NoticeKind, action: ActionFacts) -> None:
    _tell(
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


def _tell(
    session: Session,
    event: Event,
    kind: NoticeKind,
    *,
    targets: tuple[targets.Target, ...],
    theme_slug: str | None = None,
    group_id: UUID | None = None,
    group_title: str | None = None,
) -> None:
    if group_id is not None and not _is_open(session, group_id):
        # Readers are not known to belong to a group, so a hidden one is told of to nobody.
        return
    happening = notices.Happening(
        kind=kind,
        event_id=event.id,
        subject=event.subject,
        occurred_at=event.time,
        facts=event.data,
        targets=targets,
        theme_slug=theme_slug,
        group_id=group_id,
        group_title=group_title,
    )
    for delivery_id in notices.record(session, happening, utc_now()):
        after_commit(session, partial(enqueue_delivery, delivery_id, DeliveryKind.IMMEDIATE))
