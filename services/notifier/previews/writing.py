"""Writing previews: the e-mail that a choice makes, for a stand-in, by the code that sends."""

from dataclasses import dataclass, replace
from email import message_from_bytes
from email.policy import SMTP
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier import digests, open_matters
from services.notifier.digests import DigestContent, Reader
from services.notifier.languages import direction
from services.notifier.links import InertLinks, links
from services.notifier.mail import welcomes
from services.notifier.mail.announcement_messages import AnnouncementMessages
from services.notifier.mail.confirmations import Confirmations
from services.notifier.mail.digest_messages import DigestMessages
from services.notifier.mail.envelopes import Envelope, Sender
from services.notifier.mail.headers import UnwritableError
from services.notifier.mail.told import Teller, TellerShelf
from services.notifier.mail.welcomes import Welcomes
from services.notifier.open_matters import Open
from services.notifier.previews.choosing import NOTHING_REAL, Choice
from services.notifier.previews.templates import TEMPLATES, WHAT_YOU_OWE
from services.notifier.subscribers import DEFAULT_HOUR, DEFAULT_TIME_ZONE, DEFAULT_WEEKDAY
from services.notifier.tables import (
    Announcement,
    Notice,
    Subscriber,
    Subscription,
    SubscriptionRequest,
)
from services.notifier.targets import EVERYTHING
from services.notifier.vocabulary import Frequency
from shared.problems import Problem

CLIPPED_AT = 102_000
"""Bytes of HTML after which Gmail cuts an e-mail off."""

NOBODY = UUID(int=0)
"""The id of the stand-in and of what is made for the stand-in: no row has it."""


@dataclass(frozen=True)
class StandIn:
    """For whom a preview is written: nobody's record, so nobody's links are in it."""

    language: str
    address: str = "reader@preview.invalid"
    time_zone: str = DEFAULT_TIME_ZONE


@dataclass(frozen=True)
class Preview:
    """An e-mail as it would arrive."""

    choice: Choice
    language: str
    subject: str
    html: str
    text: str
    message: bytes
    """All of it as it goes to the mail server (RFC 5322)."""
    html_bytes: int
    """What of it mail programs count that clip."""
    items: int
    """Of a digest; those left out count too."""
    left_out: int
    """Items that there was no room for."""

    @property
    def direction(self) -> str:
        """``rtl`` or ``ltr``."""
        return direction(self.language)

    @property
    def is_clipped(self) -> bool:
        """Whether Gmail would cut it off."""
        return self.html_bytes > CLIPPED_AT


def preview(
    session: Session, choice: Choice, stand_in: StandIn, *, mail_from: str, public_url: str
) -> Preview:
    """Return what the choice looks like; raise ``Problem`` (409) when it says nothing any more."""
    sender = Sender(mail_from, inert(session, public_url))
    letter = _Letter(session, choice, stand_in, sender)
    envelope = _or_problem(letter)
    message = message_from_bytes(envelope.content, policy=SMTP)
    html = message.get_body(("html",))
    text = message.get_body(("plain",))
    if html is None or text is None:
        raise AssertionError("Every e-mail has both bodies.")
    return Preview(
        choice=choice,
        language=stand_in.language,
        subject=str(message["Subject"]),
        html=str(html.get_content()).replace("\r\n", "\n"),
        text=str(text.get_content()).replace("\r\n", "\n"),
        message=envelope.content,
        html_bytes=len(str(html.get_payload()).encode()),
        items=letter.items,
        left_out=letter.left_out,
    )


def require_writable(session: Session, choice: Choice, stand_in: StandIn, sender: Sender) -> None:
    """Raise ``Problem`` (409) unless the choice can be written."""
    inert_sender = Sender(sender.mail_from, inert(session, sender.links.public_url))
    _or_problem(_Letter(session, choice, stand_in, inert_sender))


def _or_problem(letter: "_Letter") -> Envelope:
    try:
        return letter.envelope(NOBODY)
    except UnwritableError as error:
        raise Problem(NOTHING_REAL, f"{error} Choose something else to show.") from None


def inert(session: Session, public_url: str) -> InertLinks:
    """Return links that lead nowhere, with the installation's secret for return paths alone."""
    return InertLinks(links(session, public_url).secret, public_url)


def write(
    session: Session, choice: Choice, stand_in: StandIn, sender: Sender, delivery_id: UUID
) -> Envelope:
    """Return the choice as an e-mail of a delivery; raise `UnwritableError` when it is gone."""
    return _Letter(session, choice, stand_in, sender).envelope(delivery_id)


class _Letter:
    """One e-mail to the stand-in."""

    def __init__(self, session: Session, choice: Choice, stand_in: StandIn, sender: Sender) -> None:
        self._session = session
        self._choice = choice
        self._stand_in = stand_in
        self._sender = sender
        self.items = 0
        self.left_out = 0

    def envelope(self, delivery_id: UUID) -> Envelope:
        if self._choice.request_id is not None:
            return self._confirmation(self._choice.request_id, delivery_id)
        if self._choice.reader_id is not None:
            return self._welcome(self._choice.reader_id, delivery_id)
        if self._choice.announcement_id is not None:
            return self._announcement(self._choice.announcement_id, delivery_id)
        shelf = TellerShelf()
        content, opened = self._digest(shelf)
        messages = DigestMessages(
            self._session,
            self._sender,
            Teller(self._session, shelf),
            {content.id: content},
            opened={content.reader.id: opened},
            now=self._choice.at,
        )
        envelope = messages.message(delivery_id, content.id)
        laid = messages.laid(content.id)
        self.items, self.left_out = laid.count, laid.left_out
        return envelope

    def _confirmation(self, request_id: UUID, delivery_id: UUID) -> Envelope:
        asked = self._session.get(SubscriptionRequest, request_id)
        if asked is None:
            raise UnwritableError("The request for a subscription is gone.")
        shown = SubscriptionRequest(
            **asked.model_dump(exclude={"id", "email", "language", "time_zone"}),
            id=NOBODY,
            email=self._stand_in.address,
            language=self._stand_in.language,
            time_zone=self._stand_in.time_zone,
        )
        messages = Confirmations(self._session, self._sender, [shown], self._choice.at)
        return messages.message(delivery_id, NOBODY)

    def _welcome(self, reader_id: UUID, delivery_id: UUID) -> Envelope:
        followed = [
            Subscription(**each.model_dump(exclude={"subscriber_id"}), subscriber_id=NOBODY)
            for each in welcomes.active(self._session, [reader_id])
        ]
        messages = Welcomes(
            self._session,
            self._sender,
            {delivery_id: self._subscriber()},
            followed,
            self._choice.at,
        )
        return messages.message(delivery_id)

    def _announcement(self, announcement_id: UUID, delivery_id: UUID) -> Envelope:
        announcement = self._session.get(Announcement, announcement_id)
        if announcement is None:
            raise UnwritableError("The announcement is gone.")
        found = {delivery_id: (announcement, self._subscriber())}
        messages = AnnouncementMessages(self._session, self._sender, found, self._choice.at)
        return messages.message(delivery_id)

    def _digest(self, shelf: TellerShelf) -> tuple[DigestContent, Open]:
        choice, reader = self._choice, self._reader()
        template = TEMPLATES[choice.template]
        if choice.digest_id is not None:
            found = digests.contents(self._session, [choice.digest_id], shelf.guards)
            if choice.digest_id not in found:
                raise UnwritableError("The digest is gone.")
            content = found[choice.digest_id]
            person_id = content.reader.person_id
            content = replace(content, id=NOBODY, run_id=None, reader=reader)
        else:
            person_id = choice.person_id
            content = DigestContent(
                id=NOBODY,
                run_id=None,
                frequency=template.frequency or Frequency.IMMEDIATE,
                window_end=choice.at,
                reader=reader,
                notices=[(notice_id, EVERYTHING) for notice_id in self._still_told()],
                followed=[EVERYTHING] if choice.notices else [],
            )
        opened = Open()
        if person_id is not None:
            opened = open_matters.of_people(self._session, [person_id], choice.at)[person_id]
        if choice.template == WHAT_YOU_OWE:
            opened = Open(owed=opened.owed)
        return content, opened

    def _subscriber(self) -> Subscriber:
        return Subscriber(
            id=NOBODY,
            email=self._stand_in.address,
            language=self._stand_in.language,
            time_zone=self._stand_in.time_zone,
            hour=DEFAULT_HOUR,
            weekday=DEFAULT_WEEKDAY,
        )

    def _reader(self) -> Reader:
        return Reader(
            id=NOBODY,
            email=self._stand_in.address,
            language=self._stand_in.language,
            time_zone=self._stand_in.time_zone,
            hour=DEFAULT_HOUR,
            weekday=DEFAULT_WEEKDAY,
        )

    def _still_told(self) -> list[UUID]:
        """Return what of the chosen notices was not taken back since."""
        return list(
            self._session.exec(
                select(Notice.id)
                .where(
                    col(Notice.id).in_(self._choice.notices), col(Notice.taken_back_at).is_(None)
                )
                .order_by(col(Notice.id))
            )
        )
