"""Trials: test e-mails, which coordinators have sent to their own address and to no other.

One is an e-mail as readers get it, marked in its subject line, with links that lead nowhere. What
it shows is chosen when it is asked for. It has a delivery, so its way can be followed.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier import suppressions
from services.notifier.languages import written
from services.notifier.links import InertLinks
from services.notifier.mail.envelopes import Envelope, Sender
from services.notifier.mail.headers import NothingToSayError, UnwritableError
from services.notifier.permissions import is_coordinator
from services.notifier.previews import choosing, writing
from services.notifier.previews.choosing import Choice
from services.notifier.previews.templates import Template
from services.notifier.previews.writing import StandIn
from services.notifier.tables import Delivery, Person, Trial
from services.notifier.vocabulary import DeliveryKind
from services.notifier.wording import wording
from shared.ids import new_id
from shared.problems import FORBIDDEN, TOO_MANY, Problem, ProblemKind

NO_ADDRESS = ProblemKind("no-address-for-test", 409, "A test e-mail can't reach you")

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Wanted:
    """Which e-mail is to come as a test."""

    template: Template
    language: str | None = None
    """The coordinator's own without it."""
    subject: UUID | None = None
    """What is to be shown, else the newest."""


def ask(
    session: Session,
    wanted: Wanted,
    person_id: UUID,
    now: datetime,
    *,
    per_hour: int,
    sender: Sender,
) -> Delivery:
    """Return the delivery of a new test e-mail to the coordinator.

    Raises ``Problem``: 403 for who coordinates nothing, 409 when there is no address that may be
    written to or nothing real to show, 404 for a subject that is unknown, 429 after ``per_hour``.
    """
    if not is_coordinator(session, person_id):
        raise Problem(
            FORBIDDEN, "Test e-mails go to coordinators alone, each to their own address."
        )
    # Locked, so that two at once don't both find room for the last one.
    person = session.exec(
        select(Person).where(col(Person.id) == person_id).with_for_update()
    ).one_or_none()
    if person is None:
        raise Problem(
            NO_ADDRESS,
            "The registry hasn't told your e-mail address here yet: it does within a minute after "
            "you became a coordinator. If it doesn't, ask an operator: southlink notifier parked "
            "list shows events that could not be applied.",
        )
    suppression = suppressions.of_address(session, person.email)
    if suppression is not None:
        raise Problem(
            NO_ADDRESS,
            f"Your address gets no e-mail, because {suppressions.in_words(suppression.reason)}. "
            f"DELETE /suppressions/{suppression.id} lets e-mails through again.",
        )
    _limit(session, person_id, now, per_hour)
    choice = choosing.choose(session, wanted.template, wanted.subject, now)
    trial = Trial(
        person_id=person_id,
        email=person.email,
        time_zone=person.time_zone,
        template=wanted.template.name,
        language=wanted.language or written(person.language),
        choice=choice.model_dump(mode="json"),
        asked_at=now,
    )
    # What can't be written is said now, not found out by the worker.
    writing.require_writable(session, choice, _reader(trial), sender)
    session.add(trial)
    session.flush()
    delivery = Delivery(
        id=new_id(),
        kind=DeliveryKind.TEST,
        trial_id=trial.id,
        next_attempt_at=now,
        queued_at=now,
        created_at=now,
    )
    session.add(delivery)
    session.flush()
    return delivery


class Trials:
    """Writes test e-mails; what they are is read at once."""

    def __init__(self, session: Session, sender: Sender, found: Mapping[UUID, Trial]) -> None:
        self._session = session
        self._sender = replace(
            sender, links=InertLinks(sender.links.secret, sender.links.public_url)
        )
        self._found = found

    @classmethod
    def of(cls, session: Session, sender: Sender, delivery_ids: Collection[UUID]) -> Self:
        """Return what writes these deliveries."""
        if not delivery_ids:
            return cls(session, sender, {})
        found = session.exec(
            select(Delivery.id, Trial)
            .join(Trial, col(Trial.id) == col(Delivery.trial_id))
            .where(col(Delivery.id).in_(delivery_ids))
        ).all()
        return cls(session, sender, dict(found))

    def message(self, delivery_id: UUID) -> Envelope:
        """Return the e-mail; raise `NothingToSayError` for who coordinates nothing any more."""
        trial = self._found.get(delivery_id)
        if trial is None:
            raise UnwritableError("The test is gone.")
        if not is_coordinator(self._session, trial.person_id):
            raise NothingToSayError("Who asked for this test is no coordinator any more.")
        marked = wording(trial.language).gettext("Test: %(subject)s")
        sender = replace(self._sender, subject_line=marked)
        return writing.write(self._session, _choice(trial), _reader(trial), sender, delivery_id)


def titles(session: Session, trial_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Return what each test shows, in a few words."""
    if not trial_ids:
        return {}
    found = session.exec(select(Trial).where(col(Trial.id).in_(trial_ids)))
    return {each.id: f"Test of {each.template} ({each.language})" for each in found}


def _limit(session: Session, person_id: UUID, now: datetime, per_hour: int) -> None:
    lately = session.exec(
        select(Trial.asked_at)
        .where(col(Trial.person_id) == person_id, col(Trial.asked_at) > now - HOUR)
        .order_by(col(Trial.asked_at).desc())
        .limit(per_hour)
    ).all()
    if len(lately) < per_hour:
        return
    seconds = max(1, math.ceil((lately[-1] + HOUR - now).total_seconds()))
    raise Problem(
        TOO_MANY,
        f"You had {per_hour} test e-mails within the hour: try again after "
        f"{lately[-1] + HOUR:%H:%M} UTC. GET /previews/{{template}} shows as much at any time.",
        headers={"Retry-After": str(seconds)},
    )


def _choice(trial: Trial) -> Choice:
    return Choice.model_validate(trial.choice)


def _reader(trial: Trial) -> StandIn:
    return StandIn(trial.language, address=trial.email, time_zone=trial.time_zone)
