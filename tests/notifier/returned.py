"""E-mails that were sent, for reports about them, and what became of those."""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from services.notifier.bounces.taking import Limits, take
from services.notifier.links import Purpose
from services.notifier.return_paths import ReturnMailbox, ReturnPaths
from services.notifier.tables import BounceReport, Delivery, SigningSecret, Subscriber, Suppression
from services.notifier.vocabulary import BounceSource, Frequency
from shared.columns import utc_now
from tests.notifier.reports import Sent
from tests.notifier.world import World

LIMITS = Limits(soft_bounces=3)
MAILBOX = ReturnMailbox("bounce.south.example.org")


def send_to(world: World, address: str) -> Sent:
    """Let an immediate e-mail go to the reader, who subscribes when new; return it as sent."""
    with world.database.read() as session:
        known = session.exec(select(Subscriber).where(Subscriber.email == address)).first()
    if known is None:
        world.subscribe(address, Frequency.IMMEDIATE)
    world.tell(world.update(f"News of {utc_now():%H:%M:%S.%f}"))
    world.deliver_all()
    with world.database.read() as session:
        reader = session.exec(select(Subscriber).where(Subscriber.email == address)).one()
        delivery_id = session.exec(
            select(Delivery.id)
            .where(Delivery.subscriber_id == reader.id)
            .order_by(col(Delivery.id).desc())
            .limit(1)
        ).one()
    return Sent(
        return_path=paths(world).address(MAILBOX, delivery_id),
        recipient=address,
        message_id=f"<{delivery_id}@south.example.org>",
        unsubscribe=world.links().url(Purpose.UNSUBSCRIBE, reader.id),
    )


def paths(world: World) -> ReturnPaths:
    """Return the installation's return paths."""
    with world.database.read() as session:
        secret = session.get_one(SigningSecret, 1).secret
    return ReturnPaths(secret)


def report(world: World, content: bytes, at: datetime | None = None) -> BounceReport:
    """Take a report, as every way in does."""
    with world.database.write() as session:
        return take(session, content, source=BounceSource.API, limits=LIMITS, now=at or utc_now())[
            0
        ]


def suppressed(world: World) -> dict[str | None, str]:
    """Return the addresses on the list, each with the reason."""
    with world.database.read() as session:
        return {
            each.address: each.reason
            for each in session.exec(
                select(Suppression).where(col(Suppression.lifted_at).is_(None))
            )
        }


def stored_reports(world: World) -> list[BounceReport]:
    """Return every report that was kept."""
    with world.database.read() as session:
        return list(session.exec(select(BounceReport).order_by(col(BounceReport.id))))


def delivery_id_of(sent: Sent) -> UUID:
    """Return the delivery of an e-mail."""
    return UUID(sent.message_id.strip("<>").partition("@")[0])
