"""The words of the notifier that its tables, rules and API share."""

from enum import StrEnum


class Frequency(StrEnum):
    """How soon a subscriber wants to read of something; ``never`` keeps that nothing is wanted."""

    IMMEDIATE = "immediate"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    NEVER = "never"

    @property
    def urgency(self) -> int:
        """Rank: the smaller, the sooner."""
        return list(Frequency).index(self)


DIGEST_FREQUENCIES = (Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY)
"""The frequencies that gather notices in a window."""


class TargetKind(StrEnum):
    """What a subscription is about."""

    EVERYTHING = "everything"
    THEME = "theme"
    GROUP = "group"
    INSTITUTION = "institution"
    UPDATE_KIND = "update_kind"
    NEEDS = "needs"
    OFFERS = "offers"


class SubscriptionOrigin(StrEnum):
    """Where a subscription comes from: the reader asked for it, or the reader's roles bring it."""

    ASKED = "asked"
    MEMBERSHIP = "membership"


class EndedBy(StrEnum):
    """Why a subscription is over: its reader, a role that ended, or a merge with what goes on."""

    READER = "reader"
    ROLE = "role"
    MERGE = "merge"


class NoticeKind(StrEnum):
    """What happened, for readers."""

    INSTITUTION_VERIFIED = "institution_verified"
    GROUP_OPENED = "group_opened"
    GROUP_ARCHIVED = "group_archived"
    GROUP_REOPENED = "group_reopened"
    MEMBER_JOINED = "member_joined"
    MEMBER_LEFT = "member_left"
    MEETING_RECORDED = "meeting_recorded"
    UPDATE_POSTED = "update_posted"
    ACTION_ITEM_ASSIGNED = "action_item_assigned"
    ACTION_ITEM_CHANGED = "action_item_changed"
    MEETING_SCHEDULED = "meeting_scheduled"
    MEETING_RESCHEDULED = "meeting_rescheduled"
    MEETING_CANCELLED = "meeting_cancelled"
    MEETING_INVITED = "meeting_invited"
    MINUTES_AGREED = "minutes_agreed"
    AGREED_POINT_RECORDED = "agreed_point_recorded"
    COMMENT_POSTED = "comment_posted"
    NEED_PUBLISHED = "need_published"
    NEED_UNANSWERED = "need_unanswered"
    OFFER_PUBLISHED = "offer_published"
    GROUP_REVIEW_DUE = "group_review_due"
    GROUP_QUIET = "group_quiet"
    GROUP_WITHOUT_LEAD = "group_without_lead"
    ANNOUNCEMENT_WAITING = "announcement_waiting"


class RunTrigger(StrEnum):
    """Why a digest run started."""

    SCHEDULE = "schedule"
    COORDINATOR = "coordinator"


class RunState(StrEnum):
    """Where a digest run is: collecting items into digests, sending them, done."""

    COLLECTING = "collecting"
    SENDING = "sending"
    DONE = "done"


class DeliveryKind(StrEnum):
    """What an e-mail is; the value of its header ``X-Southlink-Kind``."""

    CONFIRMATION = "confirmation"
    IMMEDIATE = "immediate"
    DIGEST = "digest"
    WELCOME = "welcome"
    ANNOUNCEMENT = "announcement"
    TEST = "test"


class DeliveryState(StrEnum):
    """Where an e-mail is.

    ``due`` waits for its time, ``sending`` is on the wire until the worker's hold lapses, ``sent``
    was accepted by the mail server, ``failed`` was given up with a reason, ``cancelled`` lost its
    reader or all that it was to say before it left, ``parked`` could not be written and waits until
    it is put through again.
    """

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PARKED = "parked"


UNFINISHED = (DeliveryState.DUE, DeliveryState.SENDING)
"""States in which an e-mail may still leave."""


class AnnouncementState(StrEnum):
    """Where an announcement is.

    A ``draft`` goes to nobody, ``waiting`` waits for a second person, ``scheduled`` for its time,
    ``sending`` goes out; ``sent`` and ``cancelled`` are final, one that was ``refused`` may be
    written anew.
    """

    DRAFT = "draft"
    WAITING = "waiting"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class AnnouncementAct(StrEnum):
    """What happened to an announcement, in its record.

    ``held``: it was to begin without an approval, and had come to reach too many by then.
    """

    DRAFTED = "drafted"
    CHANGED = "changed"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    HELD = "held"
    BEGUN = "begun"
    SENT = "sent"


class AnnouncementReader(StrEnum):
    """Why a reader gets what is announced to a group, or why not."""

    LEADS = "leads"
    TAKES_PART = "takes_part"
    SPEAKS_FOR_A_MEMBER = "speaks_for_a_member"
    FOLLOWS = "follows"
    ENDED = "ended"
    CHOSE_NEVER = "chose_never"
    PAUSED = "paused"
    SUPPRESSED = "suppressed"
    MAY_NOT_SEE = "may_not_see"

    @property
    def gets_it(self) -> bool:
        """Whether such a reader is sent the announcement."""
        return self in _REACHED


_REACHED = frozenset(
    {
        AnnouncementReader.LEADS,
        AnnouncementReader.TAKES_PART,
        AnnouncementReader.SPEAKS_FOR_A_MEMBER,
        AnnouncementReader.FOLLOWS,
    }
)


class EndpointState(StrEnum):
    """Whether a webhook endpoint is sent messages.

    ``paused`` keeps them until its owner goes on. ``disabled`` gets none any more, for a reason.
    """

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"


class MessageKind(StrEnum):
    """What a webhook message tells: a notice, or nothing but that the endpoint can be reached."""

    NOTICE = "notice"
    TEST = "test"


class MessageState(StrEnum):
    """Where a webhook message is.

    ``due`` waits for its time, ``sending`` is on the wire until the worker's hold lapses,
    ``delivered`` was answered with 2xx, ``failed`` was given up, ``cancelled`` may not be told any
    more.
    """

    DUE = "due"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


OUTSTANDING = (MessageState.DUE, MessageState.SENDING)
"""States in which a webhook message may still be sent."""


class BounceKind(StrEnum):
    """What a report says, or that it says nothing that we can use.

    ``refused`` is a failure that says nothing of the address, such as of content or of a policy.
    """

    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCE = "soft_bounce"
    REFUSED = "refused"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    COMPLAINT = "complaint"
    OTHER_FEEDBACK = "other_feedback"
    ANSWER = "answer"
    NOT_A_REPORT = "not_a_report"


class BounceSource(StrEnum):
    """How a report came."""

    API = "api"
    MAILBOX = "mailbox"
    FOLDER = "folder"
    PIPE = "pipe"
    SMTP = "smtp"


class SuppressionReason(StrEnum):
    """Why an address gets no e-mail."""

    COMPLAINT = "complaint"
    BY_HAND = "by_hand"
    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCES = "soft_bounces"

    @property
    def gravity(self) -> int:
        """Rank: the larger, the more it takes to lift it."""
        return -list(SuppressionReason).index(self)
