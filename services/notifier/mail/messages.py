"""Messages: each e-mail with its two bodies and its headers.

Headers follow RFC 5322 (Message-ID), RFC 2919 (List-Id), RFC 2369 and RFC 8058 (List-Unsubscribe
with one click), RFC 3834 (Auto-Submitted) and RFC 3282 (Content-Language). The Message-ID is made
from the delivery's id, so that an e-mail sent again after a crash is recognised as the same.
"""

import textwrap
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.notifier.digests import DigestContent
from services.notifier.links import Links, Purpose
from services.notifier.mail import stories
from services.notifier.mail.policy import MAIL
from services.notifier.mail.stories import Section, Story
from services.notifier.tables import Subscriber, SubscriptionRequest
from services.notifier.vocabulary import DeliveryKind, Frequency

LANGUAGE = "en"
"""The language that the texts are written in."""

SUBJECT_LENGTH = 120
"""Characters after which a subject line is cut at a word."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_PERIODS = {
    Frequency.DAILY: "today",
    Frequency.WEEKLY: "this week",
    Frequency.MONTHLY: "this month",
}


@dataclass(frozen=True)
class Sender:
    """Who the e-mails come from: ``mail_from`` of the settings, and the links of this place."""

    mail_from: str
    links: Links

    @property
    def domain(self) -> str:
        """The domain in Message-ID and List-Id: that of the sender's address."""
        return parseaddr(self.mail_from)[1].rpartition("@")[2] or "localhost"


def digest_message(
    sender: Sender, delivery_id: UUID, content: DigestContent, now: datetime
) -> EmailMessage:
    """Return the e-mail that tells a digest, of a window or of one notice at once."""
    digest, reader = content.digest, content.subscriber
    zone = ZoneInfo(reader.time_zone)
    told = stories.sections(content.notices, digest.window_end.astimezone(zone).date())
    immediate = digest.frequency is Frequency.IMMEDIATE
    kind = DeliveryKind.IMMEDIATE if immediate else DeliveryKind.DIGEST
    unsubscribe = sender.links.url(Purpose.UNSUBSCRIBE, reader.id)
    message = _message(sender, delivery_id, kind, reader.email, now.astimezone(zone))
    message["Subject"] = _cut(_subject(told, digest.frequency))
    message["List-Id"] = (
        f"Southlink {digest.frequency} e-mails <{digest.frequency}.{sender.domain}>"
    )
    message["List-Unsubscribe"] = f"<{unsubscribe}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["X-Southlink-Digest"] = str(digest.id)
    _bodies(
        message,
        "immediate" if immediate else "digest",
        sections=told,
        count=sum(len(section.stories) for section in told),
        frequency=digest.frequency,
        until=_moment(digest.window_end.astimezone(zone)),
        reasons=content.reasons,
        rhythm=rhythm(digest.frequency, reader),
        preferences_url=sender.links.url(Purpose.PREFERENCES, reader.id),
        unsubscribe_url=unsubscribe,
    )
    return message


def confirmation_message(
    sender: Sender,
    delivery_id: UUID,
    request: SubscriptionRequest,
    target_name: str,
    now: datetime,
) -> EmailMessage:
    """Return the e-mail that asks an address to confirm what was asked for in its name."""
    zone = ZoneInfo(request.time_zone or "UTC")
    message = _message(
        sender, delivery_id, DeliveryKind.CONFIRMATION, request.email, now.astimezone(zone)
    )
    message["Subject"] = _cut(f"Please confirm: {request.frequency} e-mails on {target_name}")
    _bodies(
        message,
        "confirmation",
        target_name=target_name,
        frequency=request.frequency,
        confirm_url=sender.links.url(Purpose.CONFIRM, request.id),
        asked_at=_moment(request.asked_at.astimezone(zone)),
        expires_at=_moment(request.expires_at.astimezone(zone)),
    )
    return message


def rhythm(frequency: Frequency, reader: Subscriber) -> str:
    """Return when e-mails of this frequency come, in a sentence's words."""
    at = f"at {reader.hour:02}:00 {zone_name(reader.time_zone)}"
    match frequency:
        case Frequency.IMMEDIATE:
            return "as soon as something happens"
        case Frequency.DAILY:
            return f"every day {at}"
        case Frequency.WEEKLY:
            return f"every {_WEEKDAYS[reader.weekday - 1]} {at}"
        case Frequency.MONTHLY:
            return f"on the first {_WEEKDAYS[reader.weekday - 1]} of each month {at}"
        case Frequency.NEVER:
            return "never"


def zone_name(time_zone: str) -> str:
    """Return how people call the zone: ``Bangkok time``, ``UTC``."""
    city = time_zone.rpartition("/")[2].replace("_", " ")
    return "UTC" if city in {"UTC", "UCT", "Universal", "Zulu"} else f"{city} time"


def _message(
    sender: Sender, delivery_id: UUID, kind: DeliveryKind, address: str, date: datetime
) -> EmailMessage:
    message = EmailMessage(policy=MAIL)
    message["From"] = sender.mail_from
    message["To"] = address
    message["Date"] = format_datetime(date)
    message["Message-ID"] = f"<{delivery_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Southlink-Kind"] = str(kind)
    return message


def _bodies(message: EmailMessage, template: str, **values: Any) -> None:
    """Set the plain-text and the HTML body; quoted-printable passes every mail server unchanged."""
    text = _templates().get_template(f"{template}.txt").render(values)
    html = _templates().get_template(f"{template}.html").render(values)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    # Last, as setting a body drops every Content- header.
    message["Content-Language"] = LANGUAGE


def _subject(told: list[Section], frequency: Frequency) -> str:
    ordered = sorted(
        (story for section in told for story in section.stories), key=lambda story: story.weight
    )
    first, others = ordered[0], len(ordered) - 1
    if frequency is Frequency.IMMEDIATE:
        return _whole(first, told)
    more = f" and {others} more" if others else ""
    when = f"Southlink {_PERIODS[frequency]}"
    room = SUBJECT_LENGTH - len(more) - len(when) - 2
    return f"{when}: {_cut(first.subject, room)}{more}"


def _whole(story: Story, told: list[Section]) -> str:
    group = next((part.title for section in told for part in section.parts if part.title), None)
    already = group is None or group in story.subject
    return story.subject if already else f"[{group}] {story.subject}"


def _cut(text: str, length: int = SUBJECT_LENGTH) -> str:
    """Put the text on one line, cut with an ellipsis, at a word where one ends near."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    last_space = cut.rfind(" ", length - 30)
    return (cut if last_space < 0 else cut[:last_space]).rstrip() + "…"


def _moment(local: datetime) -> str:
    zone = zone_name(str(local.tzinfo))
    return f"{local:%A} {stories.long_date(local.date())}, {local:%H:%M}, {zone}"


def _wrapped(text: str, indent: int = 0, hang: int = 0) -> str:
    """Wrap each line at 72 columns; ``hang`` indents further the lines that go on."""
    return "\n".join(
        textwrap.fill(
            line,
            72,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hang),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    )


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("services.notifier.mail", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["wrapped"] = _wrapped
    environment.filters["listed"] = stories.listed
    environment.globals["counted"] = stories.counted
    return environment
