"""Messages: the headers that every e-mail has, and its two bodies, joined to one.

Headers follow RFC 5322 (Message-ID), RFC 3834 (Auto-Submitted) and RFC 3282 (Content-Language).
The Message-ID is made from the delivery's id, so that an e-mail sent again after a crash is
recognised as the same.
"""

from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from uuid import UUID
from zoneinfo import ZoneInfo

from markupsafe import escape

from services.notifier.mail.envelopes import Envelope, Sender
from services.notifier.mail.fragments import Body
from services.notifier.mail.headers import header, recipient, sender_header, text_header
from services.notifier.mail.plain import wrapped
from services.notifier.vocabulary import DeliveryKind

# No line of quoted-printable holds "=_", so no content looks like the boundary (RFC 2045, 6.7).
_BOUNDARY = "=_southlink"
_BOUNDARY_MIXED = "=_attached"


def enveloped(
    sender: Sender,
    delivery_id: UUID,
    address: str,
    *,
    kind: DeliveryKind,
    language: str,
    subject: str,
    date: datetime,
    more_headers: tuple[bytes, ...],
    body: Body,
    attachment: bytes | None = None,
) -> Envelope:
    """Return the e-mail to ``address``; raise `UnwritableError` when a header can't be written.

    ``language`` may be several tags with commas (RFC 3282). ``date`` is in the reader's time zone.
    ``attachment`` is a part with its headers.
    """
    to = recipient(address)
    return_path = sender.return_path(delivery_id)
    return Envelope(
        delivery_id=delivery_id,
        mail_from=return_path,
        recipient=to,
        content=b"".join(
            (
                sender_header(sender.mail_from),
                header("To", to),
                header("Date", format_datetime(date)),
                header("Message-ID", message_id(delivery_id, sender.domain)),
                text_header("Subject", sender.subject_line % {"subject": subject}),
                header("X-Southlink-Kind", kind),
                *more_headers,
                *_head(kind, language, is_mixed=attachment is not None),
                body.text,
                _between(language),
                body.html,
                _END,
                *((_BETWEEN_MIXED, attachment, _END_MIXED) if attachment is not None else ()),
            )
        ),
        smtputf8=not (to + return_path + sender.address).isascii(),
    )


def sent_again(envelope: Envelope, first: UUID, sender: Sender) -> Envelope:
    """Return the e-mail with the header that names the ``first`` one, which it repeats."""
    names = header("X-Southlink-Resends", message_id(first, sender.domain))
    return replace(envelope, content=names + envelope.content)


def message_id(delivery_id: UUID, domain: str) -> str:
    """Return the Message-ID of a delivery, the same each time it is sent."""
    return f"<{delivery_id}@{domain}>"


def thread(group_id: UUID, subject: str, domain: str) -> str:
    """Return the id that the e-mails on one subject of a group answer to, for every reader."""
    return f"<{sha256(f'{group_id} {subject}'.encode()).hexdigest()[:32]}.thread@{domain}>"


def local(moment: datetime, time_zone: str) -> datetime:
    """Return the moment on the reader's clocks."""
    return moment.astimezone(ZoneInfo(time_zone))


def link(url: str) -> Body:
    """Return an attribute that leads to ``url``, and in plain text the address itself."""
    return Body.of(f'href="{escape(url)}"', url)


def line(text: str) -> Body:
    """Return the text; in plain text it is wrapped."""
    return Body.of(str(escape(text)), wrapped(text))


def html_line(text: str) -> Body:
    """Return the text for HTML alone."""
    return Body.of(str(escape(text)), "")


def _head(kind: DeliveryKind, language: str, *, is_mixed: bool) -> tuple[bytes, ...]:
    # What a person wrote is not generated (RFC 3834, 5).
    by_a_person = kind is DeliveryKind.ANNOUNCEMENT
    return (
        header("Auto-Submitted", "no" if by_a_person else "auto-generated"),
        header("Content-Language", language),
        b"MIME-Version: 1.0\r\n",
        *((_HEAD_MIXED,) if is_mixed else ()),
        f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n'.encode(),
        f"--{_BOUNDARY}\r\n".encode(),
        _part_head("plain", language),
    )


def _between(language: str) -> bytes:
    return f"\r\n--{_BOUNDARY}\r\n".encode() + _part_head("html", language)


def _part_head(subtype: str, language: str) -> bytes:
    return (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: quoted-printable\r\nContent-Language: {language}\r\n\r\n"
    ).encode()


_END = f"\r\n--{_BOUNDARY}--\r\n".encode()

_HEAD_MIXED = (
    f'Content-Type: multipart/mixed; boundary="{_BOUNDARY_MIXED}"\r\n\r\n--{_BOUNDARY_MIXED}\r\n'
).encode()
_BETWEEN_MIXED = f"\r\n--{_BOUNDARY_MIXED}\r\n".encode()
_END_MIXED = f"\r\n--{_BOUNDARY_MIXED}--\r\n".encode()
