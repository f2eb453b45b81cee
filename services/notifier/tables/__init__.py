"""The notifier's tables, a module per subject.

Read models keep what other services said. The ledger of what readers asked for and got is the
notifier's own.
"""

from services.notifier.tables.announcements import Announcement, AnnouncementRecord
from services.notifier.tables.base import Table
from services.notifier.tables.bounces import BounceReport, Suppression
from services.notifier.tables.commitments import (
    ActionItem,
    ActionItemPerson,
    Admission,
    Introduction,
    Reassignment,
)
from services.notifier.tables.deliveries import Delivery, MailDomain, SendingPause, Trial
from services.notifier.tables.digests import (
    Digest,
    DigestItem,
    DigestRun,
    DigestShard,
    DigestWindow,
    Notice,
    NoticeTarget,
)
from services.notifier.tables.events import Checkpoint, IdempotencyRecord, Parked
from services.notifier.tables.meetings import Invitation, Meeting, MeetingGroup
from services.notifier.tables.read_models import (
    Coordinator,
    FocalPoint,
    Group,
    GroupMember,
    Institution,
    Participant,
    Person,
    Theme,
)
from services.notifier.tables.subscribers import (
    RoleNews,
    SigningSecret,
    Subscriber,
    Subscription,
    SubscriptionRequest,
    Unwanted,
)
from services.notifier.tables.support import Support
from services.notifier.tables.webhooks import (
    WebhookAttempt,
    WebhookEndpoint,
    WebhookMessage,
    WebhookTarget,
)

__all__ = [
    "ActionItem",
    "ActionItemPerson",
    "Admission",
    "Announcement",
    "AnnouncementRecord",
    "BounceReport",
    "Checkpoint",
    "Coordinator",
    "Delivery",
    "Digest",
    "DigestItem",
    "DigestRun",
    "DigestShard",
    "DigestWindow",
    "FocalPoint",
    "Group",
    "GroupMember",
    "IdempotencyRecord",
    "Institution",
    "Introduction",
    "Invitation",
    "MailDomain",
    "Meeting",
    "MeetingGroup",
    "Notice",
    "NoticeTarget",
    "Parked",
    "Participant",
    "Person",
    "Reassignment",
    "RoleNews",
    "SendingPause",
    "SigningSecret",
    "Subscriber",
    "Subscription",
    "SubscriptionRequest",
    "Support",
    "Suppression",
    "Table",
    "Theme",
    "Trial",
    "Unwanted",
    "WebhookAttempt",
    "WebhookEndpoint",
    "WebhookMessage",
    "WebhookTarget",
]
