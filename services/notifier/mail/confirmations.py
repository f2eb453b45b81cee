"""Confirmations: an e-mail that asks an address to confirm what was asked for in its name."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier import targets
from services.notifier.languages import written
from services.notifier.links import Purpose
from services.notifier.mail.envelopes import Envelope, Sender
from services.notifier.mail.fragments import Body
from services.notifier.mail.headers import UnwritableError
from services.notifier.mail.messages import enveloped, local
from services.notifier.mail.rendering import rendered
from services.notifier.subscribers import DEFAULT_TIME_ZONE
from services.notifier.tables import SubscriptionRequest
from services.notifier.targets import Target
from services.notifier.vocabulary import DeliveryKind
from services.notifier.wording import wording


class Confirmations:
    """Writes the confirmations of requests."""

    def __init__(
        self,
        session: Session,
        sender: Sender,
        requests: Sequence[SubscriptionRequest],
        now: datetime,
    ) -> None:
        self._sender = sender
        self._now = now
        self._requests = {request.id: request for request in requests}
        self._titles = targets.titles(session, {_target(request) for request in requests})

    @classmethod
    def of(
        cls, session: Session, sender: Sender, request_ids: Collection[UUID], now: datetime
    ) -> Self:
        """Return what writes the confirmations of these requests, which are read at once."""
        asked = select(SubscriptionRequest).where(col(SubscriptionRequest.id).in_(request_ids))
        return cls(session, sender, session.exec(asked).all() if request_ids else (), now)

    def message(self, delivery_id: UUID, request_id: UUID | None) -> Envelope:
        """Return the e-mail that asks for a confirmation of the request."""
        request = self._requests.get(request_id) if request_id else None
        if request is None:
            raise UnwritableError("The request for a subscription is gone.")
        language = written(request.language)
        words = wording(language)
        zone = request.time_zone or DEFAULT_TIME_ZONE
        asked = {
            "emails": words.emails(request.frequency),
            "target": words.target(request.target_kind, self._titles.get(_target(request))),
        }
        values = {
            **asked,
            "confirm_url": self._sender.links.url(Purpose.CONFIRM, request.id),
            "asked_at": words.moment(local(request.asked_at, zone)),
            "expires_at": words.moment(local(request.expires_at, zone)),
        }
        return enveloped(
            self._sender,
            delivery_id,
            request.email,
            kind=DeliveryKind.CONFIRMATION,
            language=language,
            subject=words.gettext("Please confirm: %(emails)s on %(target)s") % asked,
            date=local(self._now, zone),
            more_headers=(),
            body=Body.of(
                rendered(language, "confirmation.html", **values),
                rendered(language, "confirmation.txt", **values),
            ),
        )


def _target(request: SubscriptionRequest) -> Target:
    return Target(request.target_kind, request.target_id)
