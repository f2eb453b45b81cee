"""The tables of workgroups, with what must always hold as constraints."""

from services.workgroups.tables.action_items import (
    ActionItem,
    ActionItemEntry,
    ActionItemPerson,
    ActionItemSupport,
    Reassignment,
)
from services.workgroups.tables.agreed_points import AgreedPoint, AgreedPointChange
from services.workgroups.tables.attachments import Attachment, AttachmentSweep
from services.workgroups.tables.base import Table
from services.workgroups.tables.comments import Comment, CommentMention, CommentVersion
from services.workgroups.tables.events import (
    Checkpoint,
    FollowedEvent,
    FollowedSince,
    IdempotencyRecord,
    Outbox,
    Parked,
    RelayState,
)
from services.workgroups.tables.groups import Charter, Group, GroupHistory
from services.workgroups.tables.institutions import Coordinator, FocalPoint, Institution
from services.workgroups.tables.introductions import Introduction
from services.workgroups.tables.invitations import Attendance, Invitation, InvitationReply
from services.workgroups.tables.meeting_series import MeetingSeries
from services.workgroups.tables.meetings import Meeting, MeetingChange, MeetingGroup
from services.workgroups.tables.membership import (
    Admission,
    Membership,
    MembershipHistory,
    Participant,
)
from services.workgroups.tables.minutes import AgendaItem, MinutesVersion
from services.workgroups.tables.moves import MembershipMove
from services.workgroups.tables.search import SearchEntry
from services.workgroups.tables.secret_addresses import SecretAddress
from services.workgroups.tables.support import Support
from services.workgroups.tables.themes import Theme
from services.workgroups.tables.updates import Update, UpdateLink, UpdateMention, UpdateVersion

__all__ = [
    "ActionItem",
    "ActionItemEntry",
    "ActionItemPerson",
    "ActionItemSupport",
    "Admission",
    "AgendaItem",
    "AgreedPoint",
    "AgreedPointChange",
    "Attachment",
    "AttachmentSweep",
    "Attendance",
    "Charter",
    "Checkpoint",
    "Comment",
    "CommentMention",
    "CommentVersion",
    "Coordinator",
    "FocalPoint",
    "FollowedEvent",
    "FollowedSince",
    "Group",
    "GroupHistory",
    "IdempotencyRecord",
    "Institution",
    "Introduction",
    "Invitation",
    "InvitationReply",
    "Meeting",
    "MeetingChange",
    "MeetingGroup",
    "MeetingSeries",
    "Membership",
    "MembershipHistory",
    "MembershipMove",
    "MinutesVersion",
    "Outbox",
    "Parked",
    "Participant",
    "Reassignment",
    "RelayState",
    "SearchEntry",
    "SecretAddress",
    "Support",
    "Table",
    "Theme",
    "Update",
    "UpdateLink",
    "UpdateMention",
    "UpdateVersion",
]
