"""The notifier's tables, a module per subject.

Read models keep what other services said. The ledger of what readers asked for and got is the
notifier's own.
"""

from services.notifier.tables.base import Table
from services.notifier.tables.bounces import BounceReport, Suppression
from services.notifier.tables.deliveries import Delivery
from services.notifier.tables.digests import Digest, DigestItem, DigestRun, DigestWindow, Notice
from services.notifier.tables.events import Checkpoint, IdempotencyRecord, Parked
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

__all__ = [
    "BounceReport",
    "Checkpoint",
    "Coordinator",
    "Delivery",
    "Digest",
    "DigestItem",
    "DigestRun",
    "DigestWindow",
    "FocalPoint",
    "Group",
    "GroupMember",
    "IdempotencyRecord",
    "Institution",
    "Notice",
    "Parked",
    "Participant",
    "Person",
    "RoleNews",
    "SigningSecret",
    "Subscriber",
    "Subscription",
    "SubscriptionRequest",
    "Suppression",
    "Table",
    "Theme",
    "Unwanted",
]
