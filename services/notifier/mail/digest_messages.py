"""Digest messages: what happened in a window, or one notice at once, as an e-mail.

Headers follow RFC 2919 (List-Id), RFC 2369 and RFC 8058 (List-Unsubscribe with one click).
"""

from binascii import a2b_qp
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Self
from uuid import UUID

from sqlmodel import Session

from services.notifier import digests, open_matters, targets
from services.notifier.digests import DigestContent
from services.notifier.languages import written
from services.notifier.links import Purpose
from services.notifier.mail.calendars import attached
from services.notifier.mail.envelopes import Envelope, Sender
from services.notifier.mail.fragments import Body
from services.notifier.mail.frames import frames
from services.notifier.mail.headers import (
    SUBJECT_LENGTH,
    NothingToSayError,
    UnwritableError,
    header,
    one_line,
)
from services.notifier.mail.messages import enveloped, html_line, line, link, local, thread
from services.notifier.mail.owed_sections import open_sections, told_elsewhere_left_out
from services.notifier.mail.sections import DEMAND, Laid, first_subjects, lay, lay_all, sections
from services.notifier.mail.told import Teller, Told
from services.notifier.open_matters import Open
from services.notifier.vocabulary import DeliveryKind, Frequency, TargetKind
from services.notifier.wording import wording

PREVIEW_LENGTH = 150
"""Characters that mail programs show beside the subject line."""

_NOTHING = Open()

NOTHING_LEFT = (
    "There is nothing to tell any more: it was taken back, done, or is hidden from its reader."
)

REASONS = 5
"""Names of what a reader follows in the footer; further ones are counted."""


@dataclass(frozen=True, slots=True)
class _Written:
    subject: str
    body: Body
    laid: Laid
    first: Told | None
    """What happened first, if anything is new."""
    unsubscribe: str
    """The address that stops all e-mails."""


class DigestMessages:
    """Writes digests; ``opened`` is what stands open for their readers, by reader."""

    def __init__(
        self,
        session: Session,
        sender: Sender,
        teller: Teller,
        contents: Mapping[UUID, DigestContent],
        *,
        opened: Mapping[UUID, Open],
        now: datetime,
    ) -> None:
        self._sender = sender
        self._teller = teller
        self._now = now
        self._contents = contents
        self._open = opened
        found = contents.values()
        self._titles = targets.titles(
            session, {target for content in found for target in content.followed}
        )
        wanted: dict[str, set[UUID]] = {}
        for content in found:
            of_language = wanted.setdefault(written(content.reader.language), set())
            of_language.update(notice_id for notice_id, _ in content.notices)
        teller.prepare(wanted)

    @classmethod
    def of(
        cls,
        session: Session,
        sender: Sender,
        teller: Teller,
        digest_ids: Collection[UUID],
        now: datetime,
    ) -> Self:
        """Return what writes these digests; their contents are read at once."""
        contents = digests.contents(session, digest_ids, teller.guards)
        opened = _open_for(session, contents, now)
        return cls(session, sender, teller, contents, opened=opened, now=now)

    def message(self, delivery_id: UUID, digest_id: UUID) -> Envelope:
        """Return the e-mail that tells the digest."""
        content = self._content(digest_id)
        told = self._written(content, whole=content.frequency is Frequency.IMMEDIATE, page=False)
        return enveloped(
            self._sender,
            delivery_id,
            content.reader.email,
            kind=_kind(content),
            language=written(content.reader.language),
            subject=told.subject,
            date=local(self._now, content.reader.time_zone),
            more_headers=self._headers(content, told),
            body=told.body,
            attachment=attached(tuple(coming)) if (coming := self._of(content).coming) else None,
        )

    def laid(self, digest_id: UUID) -> Laid:
        """Return what the e-mail has room for, and how many items are left out."""
        content = self._content(digest_id)
        whole = content.frequency is Frequency.IMMEDIATE
        return self._written(content, whole=whole, page=False).laid

    def page(self, session: Session, digest_id: UUID) -> str:
        """Return the HTML of the digest for a browser, with all that its reader may see now."""
        content = self._told(digests.still_heard(session, self._content(digest_id)))
        body = self._written(content, whole=True, page=True).body
        return a2b_qp(body.html).decode()

    def _content(self, digest_id: UUID) -> DigestContent:
        return self._told(self._contents.get(digest_id))

    def _told(self, content: DigestContent | None) -> DigestContent:
        if content is None:
            raise UnwritableError("The digest is gone.")
        if not (content.notices or self._of(content).owed):
            raise NothingToSayError(NOTHING_LEFT)
        return content

    def _of(self, content: DigestContent) -> Open:
        return self._open.get(content.reader.id, _NOTHING)

    def _written(self, content: DigestContent, *, whole: bool, page: bool) -> _Written:
        reader, language = content.reader, written(content.reader.language)
        brought = {self._teller.told(each): target.kind for each, target in content.notices}
        opened = self._of(content)
        notices = told_elsewhere_left_out(digests.latest(brought), opened)
        today = local(content.window_end, reader.time_zone).date()
        fitting = {f"needs/{fit.need_id}": fit.need_id for fit in opened.needs}
        fits = (
            {each for each in notices if each.kind in DEMAND and each.subject in fitting}
            if fitting
            else set()
        )
        news = sections(
            [(notice, brought[notice]) for notice in notices if notice not in fits],
            self._teller,
            language,
            today,
            whole=whole,
        )
        stands = open_sections(
            opened,
            language,
            today,
            reader.time_zone,
            new={fitting[notice.subject] for notice in fits},
        )
        told = sorted([*stands, *news], key=attrgetter("rank"))
        new = len(fits) + sum(len(part.items) for section in news for part in section.parts)
        subjects = first_subjects(told, 4)
        links = self._sender.links
        unsubscribe = links.url(Purpose.UNSUBSCRIBE, reader.id)
        places = {
            "unsubscribe": link(unsubscribe),
            "preferences": link(links.url(Purpose.PREFERENCES, reader.id)),
            "whole": link(links.url(Purpose.DIGEST, content.id)),
        }
        laid = lay_all(told, language) if page else lay(told, language, places)
        places |= {
            "sections": laid.body,
            "reason": self._reason(content, language),
            "count": _count(language, new),
            "until": _until(language, content.window_end, reader.time_zone),
            "preview": html_line(one_line(" · ".join(subjects[1:] or subjects), PREVIEW_LENGTH)),
        }
        if content.frequency is Frequency.IMMEDIATE:
            subject = _immediate_subject(notices[0].group, subjects[0])
            frame = frames(language, "immediate")
        else:
            others = new + len(opened.owed) - 1
            subject = _subject(language, content.frequency, subjects[0], others)
            frame = frames(language, "digest", (("frequency", content.frequency),))
        first = notices[0] if notices else None
        return _Written(subject, frame.filled(places), laid, first, unsubscribe)

    def _reason(self, content: DigestContent, language: str) -> Body:
        reader = content.reader
        followed = tuple(
            (target.kind, self._titles.get(target)) for target in content.followed[: REASONS + 1]
        )
        return _reason(
            language,
            (content.frequency, reader.time_zone, reader.hour, reader.weekday),
            followed[:REASONS],
            max(0, len(content.followed) - REASONS),
        )

    def _headers(self, content: DigestContent, told: _Written) -> tuple[bytes, ...]:
        domain = self._sender.domain
        first = told.first
        campaign = content.run_id.hex if content.run_id else first.kind if first else "owed"
        lines = (
            header(
                "List-Id", f"Southlink {content.frequency} e-mails <{content.frequency}.{domain}>"
            ),
            header("List-Unsubscribe", f"<{told.unsubscribe}>"),
            b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            header("Feedback-ID", f"{campaign}:{content.frequency}:{_kind(content)}:southlink"),
            header("X-Southlink-Digest", str(content.id)),
        )
        if content.frequency is not Frequency.IMMEDIATE or not (first and first.group_id):
            return lines
        root = thread(first.group_id, first.subject, domain)
        return (*lines, header("In-Reply-To", root), header("References", root))


def _open_for(
    session: Session, contents: Mapping[UUID, DigestContent], now: datetime
) -> dict[UUID, Open]:
    """Return what stands open for the readers of digests, of those whom the registry knows."""
    people = {
        content.reader.id: content.reader.person_id
        for content in contents.values()
        if content.frequency is not Frequency.IMMEDIATE and content.reader.person_id
    }
    opened = open_matters.of_people(session, set(people.values()), now)
    return {reader_id: opened[person_id] for reader_id, person_id in people.items()}


def _kind(content: DigestContent) -> DeliveryKind:
    is_immediate = content.frequency is Frequency.IMMEDIATE
    return DeliveryKind.IMMEDIATE if is_immediate else DeliveryKind.DIGEST


def _subject(language: str, frequency: Frequency, first: str, others: int) -> str:
    """Return a subject line in which the first thing has all the room that is left."""
    words = wording(language)
    frame = {
        Frequency.DAILY: words.gettext("Southlink today: %(subject)s"),
        Frequency.WEEKLY: words.gettext("Southlink this week: %(subject)s"),
        Frequency.MONTHLY: words.gettext("Southlink this month: %(subject)s"),
    }[frequency]
    if others:
        more = words.ngettext(
            "%(subject)s and %(number)d more", "%(subject)s and %(number)d more", others
        )
        frame %= {"subject": more % {"subject": "%(subject)s", "number": others}}
    room = SUBJECT_LENGTH - len(frame) + len("%(subject)s")
    return frame % {"subject": one_line(first, room)}


def _immediate_subject(group: str | None, subject: str) -> str:
    return subject if group is None or group in subject else f"[{group}] {subject}"


@lru_cache(4096)
def _count(language: str, number: int) -> Body:
    if not number:
        return line(wording(language).gettext("Nothing is new, but this waits for you."))
    return line(
        wording(language).ngettext(
            "%(number)d thing is new in what you follow.",
            "%(number)d things are new in what you follow.",
            number,
        )
        % {"number": number}
    )


@lru_cache(4096)
def _until(language: str, end: datetime, time_zone: str) -> Body:
    return line(wording(language).moment(local(end, time_zone)))


@lru_cache(4096)
def _reason(
    language: str,
    rhythm: tuple[Frequency, str, int, int],
    followed: tuple[tuple[TargetKind, str | None], ...],
    others: int,
) -> Body:
    words = wording(language)
    names = [words.target(kind, title) for kind, title in followed]
    if others:
        names.append(
            words.ngettext("%(number)d more", "%(number)d more", others) % {"number": others}
        )
    if not names:
        return line(
            words.gettext("You get this e-mail %(rhythm)s because something waits for you.")
            % {"rhythm": words.rhythm(*rhythm)}
        )
    return line(
        words.gettext("You get this e-mail %(rhythm)s because you follow %(followed)s.")
        % {"rhythm": words.rhythm(*rhythm), "followed": words.listed(names)}
    )
