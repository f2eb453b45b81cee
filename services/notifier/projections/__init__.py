"""What the notifier makes of other services' events: its read models, and notices for readers.

Every handler may be called again with the same event: it leaves the same rows and tells no reader
twice.
"""

from services.notifier.projections.action_items import action_item_assigned, action_item_changed
from services.notifier.projections.groups import (
    group_created,
    group_updated,
    theme_created,
    theme_merged,
    theme_updated,
)
from services.notifier.projections.institutions import (
    institution_known,
    institution_updated,
    institution_verified,
)
from services.notifier.projections.meetings import meeting_recorded
from services.notifier.projections.membership import (
    membership_confirmed,
    membership_joined,
    membership_left,
    membership_moved,
    membership_suspended,
    role_ended,
    role_held,
    role_suspended,
)
from services.notifier.projections.people import (
    coordinator_appointed,
    coordinator_removed,
    focal_point_confirmed,
    focal_point_removed,
    person_erased,
    person_reachable,
    person_renamed,
    person_unreachable,
)
from services.notifier.projections.updates import update_posted
from services.notifier.tables import (
    Checkpoint,
    Coordinator,
    FocalPoint,
    Group,
    GroupMember,
    Institution,
    Parked,
    Participant,
    Person,
    Theme,
)
from shared.events.catalogue import (
    REGISTRY,
    WORKGROUPS,
    ActionItemAssigned,
    ActionItemChanged,
    CoordinatorAppointed,
    CoordinatorRemoved,
    FocalPointConfirmed,
    FocalPointRemoved,
    GroupCreated,
    GroupUpdated,
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
    MembershipConfirmed,
    MembershipJoined,
    MembershipLeft,
    MembershipMoved,
    MembershipSuspended,
    PersonErased,
    PersonReachable,
    PersonRenamed,
    PersonUnreachable,
    RoleConfirmed,
    RoleEnded,
    RoleGiven,
    RoleSuspended,
    ThemeCreated,
    ThemeMerged,
    ThemeUpdated,
    UpdatePosted,
)
from shared.events.envelope import EventData
from shared.projection import Handler, Projection

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
    PersonReachable: person_reachable,
    PersonUnreachable: person_unreachable,
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
    MembershipSuspended: membership_suspended,
    MembershipConfirmed: membership_confirmed,
    MembershipMoved: membership_moved,
    RoleGiven: role_held,
    RoleConfirmed: role_held,
    RoleSuspended: role_suspended,
    RoleEnded: role_ended,
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
    read_models=(Institution, FocalPoint, Coordinator, Person),
)

WORKGROUPS_PROJECTION = Projection(
    service="notifier",
    source=WORKGROUPS,
    handlers=WORKGROUPS_HANDLERS,
    checkpoint=Checkpoint,
    parked=Parked,
    read_models=(Theme, Group, GroupMember, Participant),
)
