"""Recipients: whom an address or an id names, and why there is no e-mail to them about something.

Each rule below knows one reason; the first that holds is the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from services.notifier import (
    audiences,
    linking,
    pauses,
    reach,
    sight,
    standing,
    subscribers,
    suppressions,
)
from services.notifier.addresses import normalised
from services.notifier.audiences import Audience
from services.notifier.tables import (
    Delivery,
    DigestItem,
    DigestWindow,
    Notice,
    Person,
    Subscriber,
    Subscription,
    SubscriptionRequest,
    Trial,
)
from services.notifier.vocabulary import Frequency
from shared.problems import INVALID, FieldError, Problem


@dataclass(frozen=True)
class Recipient:
    """Who is asked about, as far as they are known here."""

    addresses: frozenset[str]
    reader: Subscriber | None
    person_id: UUID | None


def find(session: Session, asked: str) -> Recipient:
    """Return whom an address or a person's id names; raise ``Problem`` (422) when it is neither."""
    person_id = uuid_of(asked)
    if person_id is None and "@" not in asked:
        raise Problem(
            INVALID,
            "Give the whole e-mail address of the reader, or the person's id in the registry.",
            errors=[FieldError(pointer="recipient", detail="Neither an address nor an id.")],
        )
    if person_id is not None:
        person = session.get(Person, person_id)
        reader = linking.reader_of(session, person_id)
        if reader is None and person is not None:
            reader = session.exec(
                select(Subscriber).where(col(Subscriber.email) == person.email)
            ).one_or_none()
        known = {each.email for each in (person, reader) if each is not None}
        return Recipient(frozenset(known), reader, person_id)
    address = normalised(asked)
    reader = session.exec(
        select(Subscriber)
        .where(func.lower(col(Subscriber.email)) == address)
        .order_by(col(Subscriber.joined_into).is_not(None), col(Subscriber.id))
    ).first()
    if reader is not None and reader.joined_into is not None:
        reader = subscribers.find(session, reader.id)
    who = standing.of_subscribers(session, [reader.id]).get(reader.id) if reader else None
    if who is None:
        who = session.exec(
            select(Person.id).where(func.lower(col(Person.email)) == address)
        ).first()
    known = {address, asked.strip(), *([reader.email] if reader else [])}
    return Recipient(frozenset(known), reader, who)


def to(who: Recipient) -> ColumnElement[bool]:
    """Return the condition that a delivery is to the recipient."""
    requests = select(SubscriptionRequest.id).where(
        col(SubscriptionRequest.email).in_(who.addresses)
    )
    trials = select(Trial.id).where(col(Trial.email).in_(who.addresses))
    asked = col(Delivery.request_id).in_(requests) | col(Delivery.trial_id).in_(trials)
    if who.reader is None:
        return asked
    return (col(Delivery.subscriber_id) == who.reader.id) | asked


def moment(at: datetime) -> str:
    """Return a moment as operators read it: ``2026-03-01 08:00 UTC``."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class _Case:
    """A reader to whom no e-mail told a notice."""

    session: Session
    reader: Subscriber
    person_id: UUID | None
    notice: Notice
    now: datetime


def why_not(session: Session, who: Recipient, notice: Notice, now: datetime) -> str:
    """Return in a sentence why there is no e-mail to the recipient that tells the notice."""
    if who.reader is None:
        known = "is known to the registry but" if who.person_id else "is unknown here and"
        return f"No e-mail, because the person {known} follows nothing."
    case = _Case(session, who.reader, who.person_id, notice, now)
    return next(filter(None, (rule(case) for rule in _RULES)), _UNKNOWN)


def _waits(case: _Case) -> str | None:
    item = case.session.exec(
        select(DigestItem).where(
            col(DigestItem.subscriber_id) == case.reader.id,
            col(DigestItem.notice_id) == case.notice.id,
        )
    ).one_or_none()
    if item is None or item.digest_id is not None:
        return None
    window = case.session.get(DigestWindow, (case.reader.id, item.frequency))
    subscription = case.session.get_one(Subscription, item.subscription_id)
    said = f"No e-mail yet: it waits for the {item.frequency} digest"
    if window is not None:
        said += f", which closes on {moment(window.ends_at)}"
    if subscription.paused_until is not None and pauses.is_paused(subscription, case.now):
        said += f"; the subscription is paused until {moment(subscription.paused_until)}"
    return f"{said}."


def _gets_nothing(case: _Case) -> str | None:
    reader = case.reader
    reasons = suppressions.among(case.session, [reader.email])
    if reasons:
        return f"No e-mail, because {suppressions.in_words(reasons[reader.email])}."
    if reader.left_at is not None:
        return f"No e-mail, because the person stopped all e-mails on {moment(reader.left_at)}."
    if reader.unreachable_since is not None:
        return (
            "No e-mail, because the registry took back how to reach the person on "
            f"{moment(reader.unreachable_since)}."
        )
    return None


def _taken_back(case: _Case) -> str | None:
    if case.notice.taken_back_at is None:
        return None
    return f"No e-mail, because it was taken back on {moment(case.notice.taken_back_at)}."


def _hidden(case: _Case) -> str | None:
    guard = sight.Guard.of(case.notice)
    hidden = sight.Hidden.of(case.session, [guard])
    stands = standing.UNKNOWN
    if case.person_id is not None:
        stands = standing.standings(case.session, [case.person_id])[case.person_id]
    if hidden.lets(guard, stands):
        return None
    return "No e-mail, because the group or institution is hidden from this person."


def _concerns_others(case: _Case) -> str | None:
    if case.notice.targets:
        return None
    named = [Audience.of_key(key) for key in case.notice.concerns]
    people = audiences.people(case.session, named).values()
    if any(case.person_id in each for each in people):
        return None
    return "No e-mail, because it concerned other people alone."


def _not_followed(case: _Case) -> str | None:
    fitting = _fitting(case)
    if any(each.ended_at is None for each in fitting):
        return None
    ended = [each.ended_at for each in fitting if each.ended_at is not None]
    since = f" since {moment(max(ended))}" if ended else ""
    return f"No e-mail, because the person follows nothing that tells it{since}."


def _followed_later(case: _Case) -> str | None:
    begun = min(each.confirmed_at for each in _active(case))
    if begun <= case.notice.recorded_at:
        return None
    return (
        f"No e-mail, because the person follows it only since {moment(begun)}; it was told on "
        f"{moment(case.notice.recorded_at)}."
    )


def _never(case: _Case) -> str | None:
    if any(each.frequency is not Frequency.NEVER for each in _active(case)):
        return None
    return "No e-mail, because the person chose never to be told of it."


def _paused(case: _Case) -> str | None:
    active = _active(case)
    ends = [
        each.paused_until
        for each in active
        if each.paused_until is not None and pauses.is_paused(each, case.notice.recorded_at)
    ]
    if len(ends) < len(active):
        return None
    return f"No e-mail, because the subscription was paused until {moment(min(ends))}."


def _active(case: _Case) -> list[Subscription]:
    return [each for each in _fitting(case) if each.ended_at is None]


def _fitting(case: _Case) -> list[Subscription]:
    ever = case.session.exec(
        select(Subscription)
        .where(col(Subscription.subscriber_id) == case.reader.id)
        .order_by(col(Subscription.id))
    )
    concerning = audiences.concerning(case.session, [case.notice], case.reader.id)
    return [
        each for each in ever if case.notice.id in concerning or reach.follows(case.notice, each)
    ]


_RULES: tuple[Callable[[_Case], str | None], ...] = (
    _waits,
    _gets_nothing,
    _taken_back,
    _hidden,
    _concerns_others,
    _not_followed,
    _followed_later,
    _never,
    _paused,
)

_UNKNOWN = (
    "No e-mail, and no reason is kept: the person changed what they follow, or what they may see "
    "changed, after it was told."
)


def uuid_of(text: str) -> UUID | None:
    """Return the id that a text is, or ``None``."""
    try:
        return UUID(text)
    except ValueError:
        return None
