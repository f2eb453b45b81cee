"""Composing: what goes over the wire is what was written, for every text and every reader."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlmodel import select

from services.notifier import targets
from services.notifier.deliveries import Claim
from services.notifier.languages import LANGUAGES
from services.notifier.links import Links
from services.notifier.mail.composing import compose
from services.notifier.mail.envelopes import Envelope, Parked, Sender, Void
from services.notifier.mail.fragments import Body, encoded
from services.notifier.mail.headers import UnwritableError, header, one_line, recipient
from services.notifier.mail.messages import enveloped
from services.notifier.subscribers import Hours
from services.notifier.tables import Delivery, Subscriber
from services.notifier.vocabulary import DeliveryKind, Frequency
from shared.events.catalogue import ActionItemAssigned, ActionItemChanged
from tests.notifier.mailbox import html_of, text_of
from tests.notifier.world import World

SENDER = Sender("Südlink <news@south.example.org>", Links(b"x" * 32, "https://south.example.org"))
NAMES = [
    "From",
    "To",
    "Date",
    "Message-ID",
    "Subject",
    "X-Southlink-Kind",
    "Auto-Submitted",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
]

scripts = st.text(st.characters(codec="utf-8"))
"""Every character that can be sent, in lines of any length."""


def envelope(subject: str = "News", html: str = "x\n", text: str = "x\n") -> Envelope:
    return enveloped(
        SENDER,
        UUID(int=1),
        "ana@example.org",
        kind=DeliveryKind.DIGEST,
        language="en",
        subject=subject,
        date=datetime(2020, 12, 15, tzinfo=UTC),
        more_headers=(),
        body=Body.of(html, text),
    )


def parsed(content: bytes) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(content, policy=cast(Any, default)))


def lines(text: str) -> str:
    """Return the text as whole lines, as every e-mail has it."""
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    return unix if unix.endswith("\n") or not unix else unix + "\n"


@given(scripts, scripts)
@example(".\n..\n.a\n", "--=_southlink\n--=_southlink--\n")
@example("From me\n \n\t\n trailing \n", "=3D=\n" + "é" * 500)
def test_both_bodies_are_read_back_as_they_were_written(text: str, html: str) -> None:
    message = parsed(envelope(html=html, text=text).content)
    for subtype, written in (("plain", text), ("html", html)):
        part = message.get_body((subtype,))
        assert part is not None
        payload = cast(bytes, part.get_payload(decode=True)).decode()
        assert payload.replace("\r\n", "\n") == lines(written)


@given(scripts, scripts)
def test_pieces_encoded_apart_and_joined_are_the_whole_encoded(one: str, other: str) -> None:
    assert encoded(one) + encoded(other) == encoded(lines(one) + lines(other))


@given(scripts)
def test_no_line_is_longer_than_mail_servers_must_take(text: str) -> None:
    content = envelope(subject=text, html=text, text=text).content
    assert content.isascii()
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")


@given(scripts)
@example("x\r\nBcc: everybody@example.org")
@example("=?utf-8?q?Not_written_by_us?=")
@example("ابدأ " * 60)
def test_a_subject_in_any_script_is_one_header_and_read_back_exactly(subject: str) -> None:
    message = parsed(envelope(subject=subject).content)
    assert message.keys() == NAMES
    assert message["Subject"] == one_line(subject)


@given(st.text(min_size=1), st.sampled_from("\r\n\0\x0b\x85\u2028"), st.text())
def test_no_value_breaks_the_line_of_its_header(start: str, broken: str, end: str) -> None:
    with pytest.raises(UnwritableError):
        header("To", start + broken + end)


@pytest.mark.parametrize(
    ("address", "written", "smtputf8"),
    [
        ('"ana maria"@example.org', '"ana maria"@example.org', False),
        ("ana@bücher.example", "ana@xn--bcher-kva.example", False),
        ("用户@例え.jp", "用户@xn--r8jz45g.jp", True),
        ("a" * 64 + "@" + ".".join(["b" * 62] * 4), None, False),
    ],
)
def test_unusual_addresses_are_written_as_mail_servers_take_them(
    world: World, address: str, written: str | None, smtputf8: bool
) -> None:
    world.open_group()
    world.subscribe(address)
    world.tell(world.update())
    world.close_windows()
    (made,) = composed(world)
    assert isinstance(made, Envelope)
    assert made.recipient == (written or address)
    assert made.smtputf8 is smtputf8
    assert f"\r\nTo: {written or address}\r\n".encode() in made.content


@pytest.mark.parametrize(
    "address", ["a\r\nBcc: b@example.org", "no-at", "a b@c@d", "ana@ex ample.org"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UnwritableError):
        recipient(address)


def test_one_email_that_cannot_be_written_keeps_no_other_from_leaving(world: World) -> None:
    world.open_group()
    for name in ("ana", "bo", "cy"):
        world.subscribe(f"{name}@example.org")
    world.tell(world.update())
    world.close_windows()
    with world.database.write() as session:
        bo = session.exec(select(Subscriber).where(Subscriber.email == "bo@example.org")).one()
        bo.time_zone = "Mars/Olympus"
        session.add(bo)
    made = composed(world)
    parked = [each for each in made if isinstance(each, Parked)]
    assert len(made) == 3
    assert len(parked) == 1
    assert "ZoneInfoNotFoundError" in parked[0].reason


def test_a_batch_asks_the_database_as_often_as_one_email_does(world: World) -> None:
    world.open_group()
    for number in range(12):
        world.subscribe(
            f"reader{number}@example.org", hours=Hours(LANGUAGES[number % len(LANGUAGES)])
        )
    for number in range(5):
        world.tell(world.update(f"Update {number}"))
    world.close_windows()
    with Questions(world) as of_one:
        composed(world, at_most=1)
    with Questions(world) as of_all:
        assert len(composed(world)) == 12
    assert of_all.number <= of_one.number
    assert of_one.number <= 9


def test_immediate_emails_on_one_subject_of_a_group_make_a_thread(world: World) -> None:
    world.open_group()
    for name in ("ana", "bo"):
        world.subscribe(f"{name}@example.org", Frequency.IMMEDIATE, targets.group(world.group_id))
    action = world.action()
    subject = f"action-items/{action.action_item_id}"
    world.tell(ActionItemAssigned(action=action), subject)
    world.tell(ActionItemChanged(action=world.action(state="done")), subject)
    world.tell(world.update())
    roots = [message["References"] for message in messages(world)]
    assert len(roots) == 6
    assert sorted(roots.count(root) for root in set(roots)) == [2, 4]
    assert all(message["In-Reply-To"] == message["References"] for message in messages(world))


def test_a_digest_belongs_to_no_thread_and_names_its_run_for_feedback(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update())
    run = world.close_windows()
    (message,) = messages(world)
    assert message["References"] is None
    assert message["Feedback-ID"] == f"{run.id.hex}:daily:digest:southlink"


def test_an_email_written_again_is_the_same(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update())
    world.close_windows()
    ((first,), (again,)) = messages(world), messages(world)
    assert first["Message-ID"] == again["Message-ID"]
    assert text_of(first) == text_of(again)
    assert html_of(first) == html_of(again)


def composed(world: World, at_most: int | None = None) -> list[Envelope | Parked | Void]:
    """Write the e-mails of all deliveries."""
    with world.database.read() as session:
        claims = [
            Claim(each.id, each.kind, each.request_id, each.digest_id, each.run_id, 1)
            for each in session.exec(select(Delivery).order_by(Delivery.id))  # type: ignore[arg-type]
        ]
        return list(
            compose(
                session,
                claims[:at_most],
                mail_from="Southlink <news@south.example.org>",
                public_url=world.public_url,
            )
        )


def messages(world: World) -> list[EmailMessage]:
    return [parsed(each.content) for each in composed(world) if isinstance(each, Envelope)]


class Questions:
    """Counts the statements that reach a world's database."""

    def __init__(self, world: World) -> None:
        self._engine = world.database.reader
        self.number = 0

    def __enter__(self) -> "Questions":
        event.listen(self._engine, "before_cursor_execute", self._count)
        return self

    def __exit__(self, *_failure: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._count)

    def _count(self, *_statement: object) -> None:
        self.number += 1
