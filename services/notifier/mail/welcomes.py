"""Letters of welcome: they tell people, once, what their roles bring and how to change it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier import targets
from services.notifier.languages import written
from services.notifier.links import Purpose
from services.notifier.mail.envelopes import Envelope, Sender
from services.notifier.mail.fragments import Body
from services.notifier.mail.headers import NothingToSayError, header
from services.notifier.mail.messages import enveloped, local
from services.notifier.mail.rendering import rendered
from services.notifier.tables import Delivery, Subscriber, Subscription
from services.notifier.targets import Target
from services.notifier.vocabulary import DeliveryKind, Frequency
from services.notifier.wording import wording

LISTED = 20
"""Things named in a letter; of more, how many there are besides."""


class Welcomes:
    """Writes letters of welcome: ``readers`` by delivery, and what they follow."""

    def __init__(
        self,
        session: Session,
        sender: Sender,
        readers: Mapping[UUID, Subscriber],
        followed: Iterable[Subscription],
        now: datetime,
    ) -> None:
        self._sender = sender
        self._now = now
        self._readers = readers
        self._followed: dict[UUID, list[Subscription]] = {}
        for subscription in followed:
            self._followed.setdefault(subscription.subscriber_id, []).append(subscription)
        self._titles = targets.titles(
            session, {_target(each) for some in self._followed.values() for each in some}
        )

    @classmethod
    def of(
        cls, session: Session, sender: Sender, delivery_ids: Collection[UUID], now: datetime
    ) -> Self:
        """Return what writes these deliveries; their readers are read at once."""
        readers = dict(_readers(session, delivery_ids)) if delivery_ids else {}
        followed = active(session, [reader.id for reader in readers.values()])
        return cls(session, sender, readers, followed, now)

    def message(self, delivery_id: UUID) -> Envelope:
        """Return the letter of a delivery."""
        reader = self._readers.get(delivery_id)
        followed = self._followed.get(reader.id) if reader else None
        if reader is None or followed is None:
            raise NothingToSayError("The reader follows nothing any more.")
        language = written(reader.language)
        words = wording(language)
        soonest = sorted(followed, key=lambda each: each.frequency.urgency)
        unsubscribe = self._sender.links.url(Purpose.UNSUBSCRIBE, reader.id)
        values = {
            "followed": [
                (
                    words.target(each.target_kind, self._titles.get(_target(each))),
                    words.rhythm(each.frequency, reader.time_zone, reader.hour, reader.weekday),
                )
                for each in soonest[:LISTED]
            ],
            "others": len(soonest[LISTED:]),
            "preferences_url": self._sender.links.url(Purpose.PREFERENCES, reader.id),
            "unsubscribe_url": unsubscribe,
        }
        return enveloped(
            self._sender,
            delivery_id,
            reader.email,
            kind=DeliveryKind.WELCOME,
            language=language,
            subject=words.gettext("What Southlink will send you, and how to change it"),
            date=local(self._now, reader.time_zone),
            more_headers=(
                header("List-Unsubscribe", f"<{unsubscribe}>"),
                header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ),
            body=Body.of(
                rendered(language, "welcome.html", **values),
                rendered(language, "welcome.txt", **values),
            ),
        )


def _readers(session: Session, delivery_ids: Collection[UUID]) -> list[tuple[UUID, Subscriber]]:
    return list(
        session.exec(
            select(Delivery.id, Subscriber)
            .join(Subscriber, col(Subscriber.id) == col(Delivery.subscriber_id))
            .where(col(Delivery.id).in_(delivery_ids))
        )
    )


def active(session: Session, reader_ids: Collection[UUID]) -> Sequence[Subscription]:
    """Return what a letter names: the subscriptions of the readers that bring anything."""
    if not reader_ids:
        return ()
    return session.exec(
        select(Subscription)
        .where(
            col(Subscription.subscriber_id).in_(reader_ids),
            col(Subscription.ended_at).is_(None),
            col(Subscription.frequency) != Frequency.NEVER,
        )
        .order_by(col(Subscription.id))
    ).all()


def _target(subscription: Subscription) -> Target:
    return Target(subscription.target_kind, subscription.target_id)
