"""Recipients' domains: how much each is sent at once, and rest for one that says "later".

What a domain answers holds up its own e-mails only. The row of a domain is made when it first
defers, or is limited.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select, update

from services.notifier.tables import Delivery, MailDomain, Subscriber, SubscriptionRequest, Trial
from services.notifier.vocabulary import DeliveryState

FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(hours=1)
BURST_SECONDS = 10.0
"""A domain may get what is its share of so many seconds at once."""


@dataclass(frozen=True)
class Limits:
    """What one domain gets at most; 0 is no limit."""

    at_once: int = 0
    """E-mails on the wire."""
    per_minute: int = 0


@dataclass(frozen=True)
class Wait:
    """Why an e-mail isn't tried now, and when it is."""

    until: datetime
    reason: str


def of(address: str) -> str:
    """Return the domain of an address."""
    return address.rpartition("@")[2].lower()


def waits(
    session: Session, wanted: Sequence[str], now: datetime, limits: Limits
) -> list[Wait | None]:
    """Return for each e-mail to these domains whether it must wait; the others use up a share."""
    names = sorted(set(wanted))
    if limits.per_minute:
        _make(session, names)
    statement = select(MailDomain).where(col(MailDomain.domain).in_(names))
    if limits.per_minute:
        statement = statement.order_by(col(MailDomain.domain)).with_for_update()
    rows = {row.domain: row for row in session.exec(statement)}
    behind: Counter[str] = Counter()
    found = []
    for name in wanted:
        wait = _wait(rows.get(name), behind[name], now, limits)
        behind[name] += wait is not None
        found.append(wait)
    session.add_all(rows.values())
    return found


def rest(session: Session, domain: str, reason: str | None, now: datetime) -> None:
    """Leave the domain alone for a while, each time twice as long, up to an hour."""
    _make(session, [domain])
    row = session.exec(
        select(MailDomain).where(col(MailDomain.domain) == domain).with_for_update()
    ).one()
    if row.rests_until is not None and row.rests_until > now:
        return
    row.rests_until = now + min(FIRST_REST * 2 ** min(row.deferrals, 20), LONGEST_REST)
    row.deferrals += 1
    row.reason = reason
    session.add(row)
    session.flush()


def recovered(session: Session, domains: Collection[str]) -> None:
    """Forget how often these domains deferred: they took an e-mail."""
    session.exec(
        update(MailDomain)
        .where(col(MailDomain.domain).in_(set(domains)), col(MailDomain.deferrals) > 0)
        .values(deferrals=0, rests_until=None, reason=None)
        .execution_options(synchronize_session=False)
    )


def with_room(session: Session, wanted: Sequence[str], now: datetime, limits: Limits) -> list[bool]:
    """Tell for each e-mail to these domains whether it may be on the wire beside what is there."""
    if not limits.at_once:
        return [True] * len(wanted)
    names = sorted(set(wanted))
    _make(session, names)
    session.exec(
        select(MailDomain.domain)
        .where(col(MailDomain.domain).in_(names))
        .order_by(col(MailDomain.domain))
        .with_for_update()
    ).all()
    busy = _on_the_wire(session, now)
    allowed = []
    for name in wanted:
        allowed.append(busy[name] < limits.at_once)
        busy[name] += allowed[-1]
    return allowed


def _on_the_wire(session: Session, now: datetime) -> Counter[str]:
    sending = (col(Delivery.state) == DeliveryState.SENDING, col(Delivery.next_attempt_at) > now)
    addresses = (
        select(Subscriber.email).join(Delivery, col(Delivery.subscriber_id) == col(Subscriber.id)),
        select(SubscriptionRequest.email).join(
            Delivery, col(Delivery.request_id) == col(SubscriptionRequest.id)
        ),
        select(Trial.email).join(Delivery, col(Delivery.trial_id) == col(Trial.id)),
    )
    return Counter(
        of(address)
        for statement in addresses
        for address in session.exec(statement.where(*sending)).all()
    )


def _wait(row: MailDomain | None, behind: int, now: datetime, limits: Limits) -> Wait | None:
    if row is None:
        return None
    if row.rests_until is not None and row.rests_until > now:
        return Wait(row.rests_until, f"The domain rests. {row.reason}")
    if not limits.per_minute:
        return None
    # The generic cell rate algorithm: each e-mail moves the time of the next one along.
    interval = timedelta(minutes=1) / limits.per_minute
    share_at = max(row.next_share_at or now, now)
    ahead = max(timedelta(seconds=BURST_SECONDS) - interval, timedelta())
    if share_at - now > ahead:
        return Wait(share_at - ahead + interval * behind, "The domain had its share of now.")
    row.next_share_at = share_at + interval
    return None


def _make(session: Session, names: Collection[str]) -> None:
    """Make the rows of domains that have none."""
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if postgres else sqlite.insert
    session.execute(
        insert(MailDomain).on_conflict_do_nothing(),
        [{"domain": name, "deferrals": 0} for name in sorted(names)],
    )
