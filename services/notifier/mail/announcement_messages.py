"""Announcement messages: what a person wrote, in a frame of the reader's language.

Its words stay in their language and are marked as such. Headers follow RFC 2919 (List-Id), RFC 2369
and RFC 8058 (List-Unsubscribe with one click).
"""

from binascii import a2b_qp
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Self, cast
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier.languages import direction, written
from services.notifier.links import Purpose
from services.notifier.mail.envelopes import Envelope, Sender
from services.notifier.mail.fragments import Body
from services.notifier.mail.frames import frames
from services.notifier.mail.headers import SUBJECT_LENGTH, UnwritableError, header, one_line
from services.notifier.mail.markdown_bodies import Direction, html_body, plain_body
from services.notifier.mail.messages import enveloped, html_line, line, link, local, thread
from services.notifier.mail.rendering import rendered
from services.notifier.tables import Announcement, Delivery, Group, Subscriber
from services.notifier.vocabulary import DeliveryKind
from services.notifier.wording import wording

LARGEST = 72_000
"""Encoded bytes of the words in HTML; with the frame they stay below the 102 kB of Gmail."""

PREVIEW_LENGTH = 150
"""Characters that mail programs show beside the subject line."""

SHORTEST_GROUP = 8
"""Characters of a group's name that are worth a place before the subject."""


@dataclass(frozen=True)
class Preview:
    """An e-mail as it will be, with links that lead nowhere yet."""

    language: str
    """Of its words; the frame is in that language too."""
    subject: str
    html: str
    text: str


class AnnouncementMessages:
    """Writes announcements to their readers; what they say is read at once."""

    def __init__(
        self,
        session: Session,
        sender: Sender,
        found: Mapping[UUID, tuple[Announcement, Subscriber]],
        now: datetime,
    ) -> None:
        """Keep what each delivery tells, and whom."""
        self._sender = sender
        self._now = now
        self._found = found
        self._groups = _titles(session, [each for each, _ in found.values()]) if found else {}

    @classmethod
    def of(
        cls, session: Session, sender: Sender, delivery_ids: Collection[UUID], now: datetime
    ) -> Self:
        """Return what writes the announcements of the deliveries."""
        if not delivery_ids:
            return cls(session, sender, {}, now)
        rows: Any = session.exec(
            select(Delivery.id, Announcement, Subscriber)
            .join(Announcement, col(Announcement.id) == col(Delivery.announcement_id))
            .join(Subscriber, col(Subscriber.id) == col(Delivery.subscriber_id))
            .where(col(Delivery.id).in_(delivery_ids))
        )
        found = {each: (announcement, reader) for each, announcement, reader in rows}
        return cls(session, sender, found, now)

    def message(self, delivery_id: UUID) -> Envelope:
        """Return the e-mail that tells the announcement."""
        found = self._found.get(delivery_id)
        if found is None:
            raise UnwritableError("The announcement is gone.")
        announcement, reader = found
        language = written(reader.language)
        said_in = language if language in announcement.texts else announcement.language
        said = announcement.texts[said_in]
        group = self._groups.get(announcement.group_id)
        links = self._sender.links
        unsubscribe = links.url(Purpose.UNSUBSCRIBE, reader.id)
        root = thread(
            announcement.group_id, f"announcements/{announcement.id}", self._sender.domain
        )
        return enveloped(
            self._sender,
            delivery_id,
            reader.email,
            kind=DeliveryKind.ANNOUNCEMENT,
            language=", ".join(dict.fromkeys((said_in, language))),
            subject=subject_line(group, said["subject"]),
            date=local(self._now, reader.time_zone),
            more_headers=(
                header("List-Id", _list_id(announcement.group_id, self._sender.domain)),
                header("List-Unsubscribe", f"<{unsubscribe}>"),
                header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                header(
                    "Feedback-ID",
                    f"{announcement.id.hex}:{announcement.group_id.hex}:"
                    f"{DeliveryKind.ANNOUNCEMENT}:southlink",
                ),
                header("X-Southlink-Announcement", str(announcement.id)),
                header("In-Reply-To", root),
                header("References", root),
            ),
            body=_body(
                language,
                said_in,
                said["subject"],
                said["text"],
                group,
                preferences=links.url(Purpose.PREFERENCES, reader.id),
                unsubscribe=unsubscribe,
            ),
        )


def previews(session: Session, announcement: Announcement, public_url: str) -> list[Preview]:
    """Return how the announcement will look in each language that it is written in."""
    group = _titles(session, [announcement]).get(announcement.group_id)
    found = []
    for language, said in announcement.texts.items():
        body = _body(
            language,
            language,
            said["subject"],
            said["text"],
            group,
            preferences=f"{public_url}/{Purpose.PREFERENCES}",
            unsubscribe=f"{public_url}/{Purpose.UNSUBSCRIBE}",
        )
        found.append(
            Preview(
                language=language,
                subject=subject_line(group, said["subject"]),
                html=_decoded(body.html),
                text=_decoded(body.text),
            )
        )
    return found


def is_too_long(subject: str, text: str, language: str) -> bool:
    """Tell whether mail programs would cut an e-mail with these words."""
    return len(_words(language, subject, text).html) > LARGEST


def subject_line(group: str | None, subject: str) -> str:
    """Return the subject with the group before it, as far as there is room for its name."""
    room = SUBJECT_LENGTH - len(subject) - len("[] ")
    if group is None or group in subject or room < min(SHORTEST_GROUP, len(group)):
        return subject
    return f"[{one_line(group, room)}] {subject}"


def _list_id(group_id: UUID, domain: str) -> str:
    return f"Southlink announcements to a group <{group_id}.announcements.{domain}>"


def _titles(session: Session, announcements: Collection[Announcement]) -> dict[UUID, str]:
    groups = {each.group_id for each in announcements}
    return dict(session.exec(select(Group.id, Group.title).where(col(Group.id).in_(groups))).all())


def _body(
    language: str,
    said_in: str,
    subject: str,
    text: str,
    group: str | None,
    *,
    preferences: str,
    unsubscribe: str,
) -> Body:
    return frames(language, "announcement").filled(
        {
            "preview": _preview(text),
            "group": _headed(language, group),
            "words": _words(said_in, subject, text),
            "reason": _reason(language, group),
            "preferences": link(preferences),
            "unsubscribe": link(unsubscribe),
        }
    )


# What many readers get is written once; a worker seldom sends more than a few at a time.
@lru_cache(64)
def _words(language: str, subject: str, text: str) -> Body:
    facing = cast(Direction, direction(language))
    return Body.of(
        rendered(
            language,
            "announcement_words.html",
            said_in=language,
            said_direction=facing,
            subject=subject,
            html=html_body(text, facing),
        ),
        rendered(language, "announcement_words.txt", subject=subject, text=plain_body(text)),
    )


@lru_cache(64)
def _preview(text: str) -> Body:
    return html_line(one_line(plain_body(text), PREVIEW_LENGTH))


@lru_cache(256)
def _headed(language: str, group: str | None) -> Body:
    words = wording(language)
    if group is None:
        return line(words.gettext("Announcement"))
    return line(words.gettext("Announcement to the group %(title)s") % {"title": words.name(group)})


@lru_cache(256)
def _reason(language: str, group: str | None) -> Body:
    words = wording(language)
    if group is None:
        return line(words.gettext("You get this e-mail because you belong to a group."))
    return line(
        words.gettext(
            "This e-mail goes to everybody who belongs to the group %(title)s or follows it."
        )
        % {"title": words.name(group)}
    )


def _decoded(encoded: bytes) -> str:
    return a2b_qp(encoded).decode().replace("\r\n", "\n")
