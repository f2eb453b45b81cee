"""Taking a report: whose it is, what it means, and what follows for the address.

A report is believed only when it proves that it is about an e-mail of ours: by the signed return
path; by the Message-ID together with the recipient, who are known to those alone who have the
e-mail; or, of a complaint, by the signed link to leave, which lets its holder leave anyway. All
else is kept and changes nothing.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update

from services.notifier import suppressions
from services.notifier.addresses import fingerprints, normalised
from services.notifier.bounces.reading import (
    COMPLAINTS,
    READ_BYTES,
    Fate,
    Form,
    Report,
    plain,
    read,
)
from services.notifier.bounces.statuses import Verdict, enhanced_code, verdict_on_recipient
from services.notifier.links import Purpose, links
from services.notifier.return_paths import ReturnPaths
from services.notifier.settings import Settings
from services.notifier.tables import BounceReport, Delivery, SigningSecret, Subscriber, Suppression
from services.notifier.vocabulary import BounceKind, BounceSource, SuppressionReason
from shared.problems import Problem

KINDS = {
    Verdict.HARD: BounceKind.HARD_BOUNCE,
    Verdict.SOFT: BounceKind.SOFT_BOUNCE,
    Verdict.NOTHING: BounceKind.REFUSED,
}
_REASONS = {
    BounceKind.HARD_BOUNCE: SuppressionReason.HARD_BOUNCE,
    BounceKind.COMPLAINT: SuppressionReason.COMPLAINT,
}
_UNCOUNTED = {
    BounceKind.REFUSED: "Kept: the failure says nothing of the address.",
    BounceKind.DELAYED: "Kept: the mail server still tries.",
    BounceKind.DELIVERED: "Kept: the e-mail went on its way.",
    BounceKind.OTHER_FEEDBACK: "Kept: feedback, but no complaint.",
    BounceKind.ANSWER: "Kept: an answer that a machine sent, such as out of office.",
    BounceKind.NOT_A_REPORT: "Kept: it holds no report that can be read.",
}
_NOT_OURS = "Kept: it does not prove that it is about an e-mail of ours."
_STALE = "Kept: the e-mail was sent before the address was let through again."
_LINK = re.compile(r"[?&]token=([\w.~-]{1,200})")


@dataclass(frozen=True)
class Limits:
    """How often an address may bounce for the time being."""

    soft_bounces: int = 5
    within: timedelta = timedelta(days=30)

    @classmethod
    def of(cls, chosen: Settings) -> Self:
        """Return the limits of the settings."""
        return cls(chosen.soft_bounce_limit, timedelta(days=chosen.soft_bounce_days))


NORMAL_LIMITS = Limits()


@dataclass(frozen=True)
class _Subject:
    """What a report is about, and what it says of that."""

    address: str
    fates: tuple[Fate, ...]
    delivery_id: UUID | None = None
    sent_at: datetime | None = None


def take(
    session: Session,
    content: bytes,
    *,
    source: BounceSource,
    limits: Limits,
    now: datetime,
    by: UUID | None = None,
    size: int | None = None,
) -> tuple[BounceReport, bool]:
    """Keep a report and do what follows; return its row and whether it came for the first time.

    The same report again is counted on its row and changes nothing else. ``size`` is its length
    when ``content`` is the beginning.
    """
    report = read(content)
    subject = _subject(session, report)
    fate = _gravest(subject.fates if subject else report.fates)
    row = BounceReport(
        digest=hashlib.sha256(content[:READ_BYTES]).hexdigest(),
        source=source,
        reported_by=by,
        kind=_kind(report, fate),
        outcome="",
        delivery_id=subject.delivery_id if subject else None,
        code=fate.code if fate else None,
        diagnostic=(fate.diagnostic or None) if fate else None,
        feedback_type=report.feedback_type,
        reporter=report.reporter,
        size=len(content) if size is None else size,
        received_at=now,
    )
    return _kept(session, row, subject, limits, now)


def needs_a_look(row: BounceReport) -> bool:
    """Return whether a person should look at the message: it may be a letter, or a forgery."""
    return row.kind is BounceKind.NOT_A_REPORT or row.outcome == _NOT_OURS


def note_refusal(
    session: Session, delivery_id: UUID, reply: int, text: str, *, limits: Limits, now: datetime
) -> BounceReport:
    """Keep that the mail server refused the recipient of a delivery, and do what follows.

    Called again for the same delivery, it changes nothing.
    """
    address = suppressions.recipients_of(session, [delivery_id]).get(delivery_id)
    verdict = verdict_on_recipient(reply, text)
    row = BounceReport(
        digest=hashlib.sha256(f"refused at once {delivery_id}".encode()).hexdigest(),
        source=BounceSource.SMTP,
        kind=KINDS[verdict],
        outcome="",
        delivery_id=delivery_id if address else None,
        code=enhanced_code(text),
        diagnostic=plain(f"{reply} {text}"),
        size=len(text),
        received_at=now,
    )
    subject = _Subject(address, (), delivery_id, now) if address else None
    return _kept(session, row, subject, limits, now)[0]


def _kept(
    session: Session,
    row: BounceReport,
    subject: _Subject | None,
    limits: Limits,
    now: datetime,
) -> tuple[BounceReport, bool]:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return _again(session, row.digest), False
    row.outcome = _follow(session, row, subject, limits, now)
    session.add(row)
    session.flush()
    return row, True


def _again(session: Session, digest: str) -> BounceReport:
    session.exec(
        update(BounceReport)
        .where(col(BounceReport.digest) == digest)
        .values(times=col(BounceReport.times) + 1)
    )
    return session.exec(
        select(BounceReport)
        .where(col(BounceReport.digest) == digest)
        .execution_options(populate_existing=True)
    ).one()


def _follow(
    session: Session,
    row: BounceReport,
    subject: _Subject | None,
    limits: Limits,
    now: datetime,
) -> str:
    """Do what follows from a report, and return it in a sentence."""
    if row.kind in _UNCOUNTED:
        return _UNCOUNTED[row.kind]
    if subject is None:
        return _NOT_OURS
    fingerprint = fingerprints(session).of(subject.address)
    # Two reports of one address at once would each count without the other.
    session.exec(
        select(Subscriber.id).where(col(Subscriber.email) == subject.address).with_for_update()
    ).all()
    lifted = session.exec(
        select(func.max(Suppression.lifted_at)).where(col(Suppression.fingerprint) == fingerprint)
    ).one()
    is_bounce = row.kind is not BounceKind.COMPLAINT
    if is_bounce and lifted and subject.sent_at and subject.sent_at <= lifted:
        return _STALE
    row.fingerprint = fingerprint
    session.add(row)
    session.flush()
    reason = _REASONS.get(row.kind)
    if reason is None:
        bounced = _soft_bounces(
            session, fingerprint, max(filter(None, (lifted, now - limits.within)))
        )
        if bounced < limits.soft_bounces:
            return f"Counted: {bounced} of {limits.soft_bounces} for the time being."
        reason = SuppressionReason.SOFT_BOUNCES
    _, fresh = suppressions.suppress(session, subject.address, reason, now, report_id=row.id)
    return "The address gets no more e-mail." if fresh else "The address got no e-mail already."


def _soft_bounces(session: Session, fingerprint: str, since: datetime) -> int:
    """Return how many e-mails to the address bounced after ``since``, however often each."""
    return session.exec(
        select(func.count(func.distinct(col(BounceReport.delivery_id)))).where(
            col(BounceReport.fingerprint) == fingerprint,
            col(BounceReport.kind) == BounceKind.SOFT_BOUNCE,
            col(BounceReport.received_at) > since,
        )
    ).one()


def _subject(session: Session, report: Report) -> _Subject | None:
    secret = session.get_one(SigningSecret, 1).secret
    proven = ReturnPaths(secret).delivery_in(report.places)
    if proven is not None:
        return _of_delivery(session, proven, report, must_name=False)
    for named in map(UUID, filter(_is_uuid, report.message_ids)):
        if found := _of_delivery(session, named, report, must_name=True):
            return found
    return _of_reader(session, report) if report.form is Form.FEEDBACK else None


def _of_delivery(
    session: Session, delivery_id: UUID, report: Report, *, must_name: bool
) -> _Subject | None:
    delivery = session.get(Delivery, delivery_id)
    address = suppressions.recipients_of(session, [delivery_id]).get(delivery_id)
    if delivery is None or address is None:
        return None
    own = tuple(fate for fate in report.fates if _names(fate, address))
    if must_name and not own:
        return None
    return _Subject(
        address=address,
        fates=own or tuple(map(_of_another, report.fates)),
        delivery_id=delivery_id,
        sent_at=delivery.finished_at or delivery.created_at,
    )


def _of_reader(session: Session, report: Report) -> _Subject | None:
    signed = links(session, "")
    for token in (token for text in report.links for token in _LINK.findall(text)):
        try:
            reader = session.get(Subscriber, signed.owner(Purpose.UNSUBSCRIBE, token))
        except Problem:
            continue
        if reader is not None:
            return _Subject(reader.email, report.fates)
    return None


def _names(fate: Fate, address: str) -> bool:
    return normalised(address) in map(normalised, fate.addresses)


def _of_another(fate: Fate) -> Fate:
    """Return what it means for us that an e-mail came back from where it was forwarded to."""
    if fate.verdict is not Verdict.HARD:
        return fate
    return replace(fate, verdict=Verdict.SOFT)


def _gravest(fates: Sequence[Fate]) -> Fate | None:
    failed = [fate for fate in fates if fate.action == "failed"]
    return max(failed or fates, key=lambda fate: fate.verdict.gravity, default=None)


def _kind(report: Report, fate: Fate | None) -> BounceKind:
    match report.form:
        case Form.FEEDBACK:
            is_complaint = report.feedback_type in COMPLAINTS
            return BounceKind.COMPLAINT if is_complaint else BounceKind.OTHER_FEEDBACK
        case Form.ANSWER:
            return BounceKind.ANSWER
    match fate.action if fate else None:
        case "failed":
            return KINDS[fate.verdict] if fate else BounceKind.NOT_A_REPORT
        case "delayed":
            return BounceKind.DELAYED
        case "delivered" | "relayed" | "expanded":
            return BounceKind.DELIVERED
    return BounceKind.NOT_A_REPORT


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
