"""Reading a report: what a mail server's message says, whatever it is.

Nothing here trusts the message: it may be forged, cut off, or made to keep us busy. Only its
beginning is read, for what a machine should read comes before the returned e-mail; and reading
never raises.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes, message_from_string
from email.message import Message
from enum import StrEnum

import structlog

from services.notifier.bounces.statuses import Verdict, enhanced_code, verdict
from shared.logs import mask

log = structlog.get_logger(__name__)

READ_BYTES = 262_144
"""How much of a report is read."""
MAX_PARTS = 24
"""Parts that a report may have; what comes after them is not read."""
MAX_FAILURES = 50
"""Recipients of one report that are looked at."""
MAX_DIAGNOSTIC = 500

_PART = re.compile(rb"content-type:\s*(?:multipart|message)/", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<([0-9a-fA-F-]{36})@")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_MAILER = re.compile(r"\b(?:mailer-daemon|postmaster)\b", re.IGNORECASE)
_ANSWERED_BY_MACHINE = re.compile(r"auto-replied|auto-generated", re.IGNORECASE)

COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})
"""Kinds of feedback by which a reader says: no more of this (RFC 5965, 7.3, and its drafts)."""


class Form(StrEnum):
    """What sort of message it is."""

    STATUS = "status"
    """A delivery status notification (RFC 3464), or a bounce of the time before."""
    FEEDBACK = "feedback"
    """A feedback report (ARF, RFC 5965)."""
    ANSWER = "answer"
    """Sent by a machine or a person in answer: out of office, a read receipt."""
    OTHER = "other"


@dataclass(frozen=True)
class Fate:
    """What became of the e-mail for one recipient."""

    addresses: tuple[str, ...]
    """The recipient, as it was written to and as it was in the end."""
    action: str
    """``failed``, ``delayed``, ``delivered``, ``relayed``, ``expanded`` (RFC 3464, 2.3.3)."""
    code: str | None = None
    diagnostic: str = ""
    verdict: Verdict = Verdict.NOTHING


@dataclass(frozen=True)
class Report:
    """What a message says."""

    form: Form
    places: tuple[str, ...] = ()
    """Texts in which a signed return path may stand, the outermost first."""
    fates: tuple[Fate, ...] = ()
    feedback_type: str | None = None
    message_ids: tuple[str, ...] = ()
    """The ids in the returned e-mail's Message-ID."""
    links: tuple[str, ...] = ()
    """What the returned e-mail's List-Unsubscribe holds."""
    reporter: str | None = None
    """The mail server that reports."""


def read(content: bytes) -> Report:
    """Return what a message says; `Form.OTHER` when that is nothing."""
    try:
        return _read(message_from_bytes(_beginning(content)))
    except Exception as error:  # noqa: BLE001
        # Broken in a way that the parser doesn't know: it is kept like any other message.
        log.warning("report_unreadable", error=type(error).__name__)
        return Report(Form.OTHER)


def _beginning(content: bytes) -> bytes:
    content = content[:READ_BYTES]
    for number, part in enumerate(_PART.finditer(content)):
        if number == MAX_PARTS:
            return content[: part.start()]
    return content


def _read(message: Message) -> Report:
    parts = list(_parts(message))
    of_type = {part.get_content_type(): part for part in reversed(parts)}
    returned = _returned(parts)
    report = Report(
        Form.OTHER,
        places=(*_addressees(message), *_values(returned, "Return-Path")),
        message_ids=tuple(_MESSAGE_ID.findall(" ".join(_values(returned, "Message-ID")))),
        links=tuple(_values(returned, "List-Unsubscribe")),
    )
    for name in ("message/delivery-status", "message/global-delivery-status"):
        if name in of_type:
            return _status(of_type[name], report)
    if "message/feedback-report" in of_type:
        return _feedback(of_type["message/feedback-report"], report)
    if _is_answer(message, of_type):
        return replace(report, form=Form.ANSWER)
    if not _MAILER.search(_value(message, "From")):
        return report
    fates = _old_style(message)
    return replace(report, form=Form.STATUS if fates else Form.OTHER, fates=fates)


def _parts(message: Message) -> Iterator[Message]:
    """Yield the parts, without those of messages inside."""
    yield message
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _parts(part)


def _returned(parts: list[Message]) -> Message | None:
    """Return the headers of the e-mail that the report is about."""
    for part in parts[1:]:
        kind = part.get_content_type()
        if kind in ("message/rfc822", "message/global", "message/global-headers"):
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], Message):
                return inner[0]
        if kind == "text/rfc822-headers":
            return message_from_string(_text(part))
    return None


def _status(part: Message, report: Report) -> Report:
    blocks = _blocks(part)
    fates = []
    for block in blocks[: MAX_FAILURES + 1]:
        if action := _value(block, "Action").partition(" ")[0].lower():
            diagnostic = _value(block, "Diagnostic-Code")
            code = enhanced_code(_value(block, "Status"), diagnostic)
            fates.append(
                Fate(
                    addresses=(
                        *_recipients(_value(block, "Original-Recipient")),
                        *_recipients(_value(block, "Final-Recipient")),
                    ),
                    action=action,
                    code=code,
                    diagnostic=plain(diagnostic),
                    verdict=verdict(code) if action == "failed" else Verdict.NOTHING,
                )
            )
    reporter = next(filter(None, (_value(block, "Reporting-MTA") for block in blocks)), "")
    return replace(
        report,
        form=Form.STATUS,
        fates=tuple(fates),
        reporter=plain(reporter.rpartition(";")[2]) or None,
    )


def _blocks(part: Message) -> list[Message]:
    inner = part.get_payload()
    if not isinstance(inner, list):
        return []
    if part.get_content_type() == "message/delivery-status":
        return [block for block in inner if isinstance(block, Message)]
    # The parser takes the form with Unicode (RFC 6533) for a message: fields, then a text.
    texts = [str(block.get_payload()) for block in inner if isinstance(block, Message)]
    more = [message_from_string(block) for text in texts for block in re.split(r"\n\s*\n", text)]
    return [*(block for block in inner if isinstance(block, Message)), *more]


def _feedback(part: Message, report: Report) -> Report:
    inner = part.get_payload()
    fields = inner[0] if isinstance(inner, list) and inner else message_from_string(_text(part))
    if not isinstance(fields, Message):
        return report
    addresses = [
        address
        for value in _values(fields, "Original-Rcpt-To")[:MAX_FAILURES]
        for address in _recipients(value)
    ]
    return replace(
        report,
        form=Form.FEEDBACK,
        places=(*report.places, *_values(fields, "Original-Mail-From")),
        fates=(Fate(tuple(addresses), "complained"),),
        feedback_type=plain(_value(fields, "Feedback-Type").lower())[:40],
        reporter=plain(_value(fields, "Reporting-MTA").rpartition(";")[2]) or None,
    )


def _is_answer(message: Message, of_type: dict[str, Message]) -> bool:
    if "message/disposition-notification" in of_type:
        return True
    if _MAILER.search(_value(message, "From")):
        # Postfix says auto-replied of its bounces, too.
        return False
    return bool(
        _ANSWERED_BY_MACHINE.search(_value(message, "Auto-Submitted"))
        or any(message[name] for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply"))
        or _value(message, "Precedence").lower() in ("auto_reply", "auto-reply")
    )


def _old_style(message: Message) -> tuple[Fate, ...]:
    """Read a bounce that has no part for machines, with the detectors of Mailman.

    They look for phrases in a text, so what they find is never more than a soft bounce.
    """
    from flufl.bounce import all_failures

    for_now, for_good = all_failures(message)
    return (
        *(Fate((_decoded(each),), "failed", verdict=Verdict.SOFT) for each in sorted(for_good)),
        *(Fate((_decoded(each),), "delayed") for each in sorted(for_now - for_good)),
    )[:MAX_FAILURES]


def _addressees(message: Message) -> Iterator[str]:
    for name in ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc"):
        yield from _values(message, name)


def _recipients(value: str) -> Iterator[str]:
    """Yield the forms in which ``rfc822; <ana@example.org>`` may name an address."""
    address = value.partition(";")[2] if ";" in value else value
    address = address.partition(" (")[0].strip().strip("<>").strip()
    if not address:
        return
    yield address
    for pattern in (_XTEXT, _UNICODE):
        decoded = pattern.sub(_character, address)
        if decoded != address:
            yield decoded


def _character(code: re.Match[str]) -> str:
    number = int(code.group(1), 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else ""


def _value(message: Message, name: str) -> str:
    return next(iter(_values(message, name)), "")


def _values(message: Message | None, name: str) -> list[str]:
    if message is None:
        return []
    return [" ".join(str(value).split()) for value in message.get_all(name, [])]


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _decoded(address: bytes | str) -> str:
    return address.decode("utf-8", "replace") if isinstance(address, bytes) else address


def plain(text: str) -> str:
    """Return a foreign text for a row: on one line, without addresses, of bounded length."""
    printable = "".join(each if each.isprintable() else " " for each in text[: 4 * MAX_DIAGNOSTIC])
    return mask(" ".join(printable.split()))[:MAX_DIAGNOSTIC]
