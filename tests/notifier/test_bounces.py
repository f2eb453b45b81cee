"""Bounces and complaints: what follows for an address, and what changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from aiosmtpd.smtp import Envelope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from services.notifier import subscriptions, suppressions
from services.notifier.bounces.taking import note_refusal
from services.notifier.subscribers import Hours
from services.notifier.subscriptions import Wish
from services.notifier.tables import Delivery, Subscription
from services.notifier.targets import EVERYTHING
from services.notifier.vocabulary import (
    BounceKind,
    DeliveryState,
    Frequency,
    SuppressionReason,
)
from shared.columns import utc_now
from shared.events.catalogue import PersonErased, PersonReachable
from shared.ids import new_id
from tests.notifier import reports
from tests.notifier.reports import Sent
from tests.notifier.returned import (
    LIMITS,
    MAILBOX,
    delivery_id_of,
    paths,
    report,
    send_to,
    stored_reports,
    suppressed,
)
from tests.notifier.world import World

ANA = "ana@reader.example"


@pytest.fixture
def sent(world: World) -> Sent:
    """An e-mail that Ana got."""
    world.open_group()
    return send_to(world, ANA)


def test_a_hard_bounce_of_every_big_server_suppresses_the_address_at_once(world: World) -> None:
    world.open_group()
    servers = [reports.postfix, reports.exim, reports.gmail, reports.exchange, reports.amazon]
    addresses = [f"ana@{written.__name__}.example" for written in servers]
    for written, address in zip(servers, addresses, strict=True):
        row = report(world, written(send_to(world, address)))
        assert (row.kind, row.outcome) == ("hard_bounce", "The address gets no more e-mail.")
        assert address not in f"{row!r}"
    assert suppressed(world) == dict.fromkeys(addresses, "hard_bounce")


def test_who_is_suppressed_gets_no_email_of_any_kind(world: World, sent: Sent) -> None:
    world.tell(world.update("It waited when the bounce came"))
    report(world, reports.postfix(sent))
    world.tell(world.update("It came later"))
    ask(world, ANA)
    world.deliver_all()
    assert len(world.mailbox.messages) == 1
    with world.database.read() as session:
        unsent = session.exec(
            select(Delivery.state, Delivery.answer).where(col(Delivery.id) != delivery_id_of(sent))
        ).all()
    assert unsent == [(DeliveryState.CANCELLED, "Not sent: an e-mail came back for good.")] * 3


def test_soft_bounces_suppress_at_their_limit_however_often_each_is_reported(
    world: World, sent: Sent
) -> None:
    full = {"code": "4.2.2", "reply": "452"}
    for _ in range(5):
        report(world, reports.postfix(sent, **full) + b"\r\nAgain, with another ending.\r\n")
    again = report(world, reports.postfix(sent, **full))
    assert again.outcome == "Counted: 1 of 3 for the time being."
    report(world, reports.postfix(send_to(world, ANA), **full))
    assert suppressed(world) == {}
    report(world, reports.postfix(send_to(world, ANA), **full))
    assert suppressed(world) == {ANA: "soft_bounces"}


def test_soft_bounces_of_long_ago_count_no_more(world: World, sent: Sent) -> None:
    long_ago = utc_now() - LIMITS.within - timedelta(minutes=1)
    for at in (long_ago, long_ago, None, None):
        report(world, reports.postfix(send_to(world, ANA), code="4.2.2"), at=at)
    assert suppressed(world) == {}


def test_a_complaint_unsubscribes_and_suppresses(world: World, sent: Sent) -> None:
    world.subscribe(ANA, Frequency.WEEKLY)
    report(world, reports.complaint(sent, redacted=True))
    assert suppressed(world) == {ANA: "complaint"}
    with world.database.read() as session:
        active = session.exec(select(Subscription).where(col(Subscription.ended_at).is_(None)))
        assert active.all() == []


def test_a_complaint_without_a_return_path_is_known_by_its_link_to_leave(
    world: World, sent: Sent
) -> None:
    by_hand = replace(sent, return_path="news@south.example.org", message_id="<1@relay.example>")
    report(world, reports.complaint(by_hand, redacted=True))
    assert suppressed(world) == {ANA: "complaint"}


def test_other_feedback_is_no_complaint(world: World, sent: Sent) -> None:
    for feedback_type in ("not-spam", "auth-failure", "virus", "other", ""):
        row = report(world, reports.complaint(sent, feedback_type))
        assert row.kind is BounceKind.OTHER_FEEDBACK
    assert suppressed(world) == {}


def test_where_a_relay_took_the_return_path_the_message_id_and_the_recipient_tell(
    world: World, sent: Sent
) -> None:
    report(world, reports.postfix(replace(sent, return_path="news@south.example.org")))
    assert suppressed(world) == {ANA: "hard_bounce"}


def test_a_made_up_bounce_suppresses_nobody(world: World, sent: Sent) -> None:
    other = send_to(world, "ben@reader.example")
    token = sent.return_path.partition("+")[2].partition("@")[0]
    turned = ("a" if token[-5] != "a" else "b").join((token[:-5], token[-4:]))
    forged = [
        replace(sent, return_path="bounces@south.example.org", message_id="<1@relay.example>"),
        replace(sent, return_path=sent.return_path.replace(token, turned), message_id="<>"),
        replace(sent, return_path="x@south.example.org", message_id=other.message_id),
        replace(sent, return_path="x@y.example", message_id=f"<{new_id()}@south.example.org>"),
    ]
    for each in forged:
        for written in (reports.postfix, reports.exim, reports.gmail, reports.qmail):
            row = report(world, written(each))
            assert row.outcome == "Kept: it does not prove that it is about an e-mail of ours."
    assert suppressed(world) == {}
    assert len(stored_reports(world)) == len(forged) * 4


@pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_torn_and_joined_report_without_a_proof_suppresses_anybody(
    world: World, sent: Sent, data: st.DataObject
) -> None:
    forged = replace(
        sent,
        return_path="bounces+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@south.example.org",
        message_id=f"<{new_id()}@south.example.org>",
        unsubscribe="https://south.example.org/unsubscribe?token=IjAxIg.AAAA",
    )
    lines = [
        line
        for written in (reports.postfix, reports.gmail, reports.qmail, reports.complaint)
        for line in written(forged).splitlines(keepends=True)
    ]
    torn = data.draw(st.lists(st.sampled_from(lines) | st.binary(max_size=20), max_size=80))
    whole = data.draw(st.sampled_from([b"", reports.exim(forged), reports.complaint(forged)]))
    report(world, whole + b"".join(torn))
    assert suppressed(world) == {}


def test_a_return_path_names_an_email_that_is_known(world: World, sent: Sent) -> None:
    unknown = replace(sent, return_path=paths(world).address(MAILBOX, new_id()), message_id="<>")
    assert report(world, reports.postfix(unknown)).delivery_id is None
    assert suppressed(world) == {}


def test_a_failure_that_is_about_us_says_nothing_of_the_address(world: World, sent: Sent) -> None:
    for code in ("5.7.1", "5.6.0", "5.3.4", "5.1.8", "5.7.26", "4.7.0"):
        assert report(world, reports.postfix(sent, code=code)).kind is BounceKind.REFUSED
    assert suppressed(world) == {}


def test_while_the_server_still_tries_nothing_is_counted(world: World, sent: Sent) -> None:
    row = report(world, reports.postfix(sent, code="4.4.1", action="delayed"))
    assert (row.kind, row.fingerprint) == (BounceKind.DELAYED, None)


def test_out_of_office_is_no_bounce_whatever_it_says(world: World, sent: Sent) -> None:
    row = report(world, reports.out_of_office(sent))
    assert (row.kind, row.fingerprint) == (BounceKind.ANSWER, None)


def test_a_bounce_without_a_part_for_machines_counts_as_soft(world: World, sent: Sent) -> None:
    row = report(world, reports.qmail(sent))
    assert (row.kind, row.outcome) == (
        BounceKind.SOFT_BOUNCE,
        "Counted: 1 of 3 for the time being.",
    )


def test_a_bounce_from_where_it_was_forwarded_to_counts_as_soft(world: World, sent: Sent) -> None:
    elsewhere = reports.postfix(replace(sent, recipient="ana@other.example"))
    assert report(world, elsewhere).kind is BounceKind.SOFT_BOUNCE
    assert suppressed(world) == {}


def test_the_same_report_again_is_counted_on_its_row_and_changes_nothing(
    world: World, sent: Sent
) -> None:
    content = reports.postfix(sent)
    first = report(world, content)
    assert report(world, content).id == first.id
    (row,) = stored_reports(world)
    assert row.times == 2


def test_reports_that_come_all_at_once_are_each_counted_once(world: World, sent: Sent) -> None:
    others = [send_to(world, ANA) for _ in range(LIMITS.soft_bounces - 1)]
    full = [reports.postfix(each, code="4.2.2", reply="452") for each in (sent, *others)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(report, world), full * 4))
    assert [row.times for row in stored_reports(world)] == [4] * LIMITS.soft_bounces
    assert suppressed(world) == {ANA: "soft_bounces"}


def test_garbage_is_kept_too(world: World) -> None:
    for content in (b"", b"\x00\xff" * 40, b"Content-Type: multipart/report\r\n\r\n--\r\n"):
        row = report(world, content)
        assert (row.kind, row.size) == (BounceKind.NOT_A_REPORT, len(content))


def test_lifting_gives_a_fresh_start(world: World, sent: Sent) -> None:
    earlier = [send_to(world, ANA) for _ in range(4)]
    report(world, reports.postfix(sent))
    with world.database.write() as session:
        there = suppressions.of_address(session, ANA)
        assert there is not None
        suppressions.lift(session, there.id, there.version, utc_now())
    late = report(world, reports.postfix(earlier[0]))
    assert late.outcome == "Kept: the e-mail was sent before the address was let through again."
    assert suppressed(world) == {}
    assert report(world, reports.postfix(send_to(world, ANA))).kind is BounceKind.HARD_BOUNCE
    assert suppressed(world) == {ANA: "hard_bounce"}


def test_a_complaint_makes_a_suppression_graver_and_a_bounce_does_not(
    world: World, sent: Sent
) -> None:
    report(world, reports.postfix(sent))
    report(world, reports.complaint(sent))
    assert suppressed(world) == {ANA: "complaint"}
    report(world, reports.exim(sent))
    assert suppressed(world) == {ANA: "complaint"}


def test_a_recipient_refused_at_once_is_a_bounce_unless_it_is_about_us(
    world: World, sent: Sent
) -> None:
    replies = [
        (550, "5.7.1 Blocked for policy reasons", "refused"),
        (554, "5.7.1 <ana@reader.example>: Relay access denied", "refused"),
        (550, "relay not permitted", "refused"),
        (552, "5.2.2 Mailbox full", "soft_bounce"),
        (550, "5.1.1 <ana@reader.example> No such user", "hard_bounce"),
        (550, "No such user", "hard_bounce"),
    ]
    for reply, text, kind in replies:
        delivery_id = delivery_id_of(send_to(world, f"{new_id()}@reader.example"))
        for _ in range(2):
            with world.database.write() as session:
                row = note_refusal(session, delivery_id, reply, text, limits=LIMITS, now=utc_now())
            assert (row.kind, row.delivery_id) == (kind, delivery_id)
            assert ANA not in (row.diagnostic or "")
    assert list(suppressed(world).values()) == ["hard_bounce"] * 2
    assert {row.times for row in stored_reports(world)} == {2}


def test_a_person_whom_the_registry_erased_stays_suppressed(world: World) -> None:
    person_id = new_id()
    world.tell(
        PersonReachable(
            person_id=person_id, email=ANA, language="en", time_zone="UTC", contact_version=1
        )
    )
    with world.database.write() as session:
        suppressions.suppress(session, ANA, SuppressionReason.COMPLAINT, utc_now(), note="Ana")
    world.tell(PersonErased(person_id=person_id))
    assert suppressed(world) == {None: "complaint"}
    with world.database.read() as session:
        there = suppressions.of_address(session, ANA)
        assert there is not None
        assert there.note is None


def test_who_is_erased_stays_suppressed_without_the_address(world: World, sent: Sent) -> None:
    report(world, reports.complaint(sent))
    with world.database.write() as session:
        suppressions.forget(session, ANA)
    assert suppressed(world) == {None: "complaint"}
    with world.database.read() as session:
        assert suppressions.among(session, ["Ana@Reader.example", "ben@reader.example"]) == {
            "Ana@Reader.example": "complaint"
        }


def ask(world: World, address: str) -> None:
    with world.database.write() as session:
        wish = Wish(address, EVERYTHING, Frequency.DAILY, Hours())
        subscriptions.ask(session, wish, utc_now(), per_minute=1_000)


def test_each_email_leaves_with_a_return_path_that_names_it(world: World) -> None:
    world.open_group()
    world.subscribe(ANA, Frequency.IMMEDIATE)
    senders: list[str | None] = []

    def keep_sender(envelope: Envelope) -> str:
        senders.append(envelope.mail_from)
        return "250 OK"

    world.mailbox.on_message = keep_sender
    world.bounces_to = MAILBOX
    world.tell(world.update())
    world.deliver_all()
    (sender,) = senders
    with world.database.read() as session:
        (delivery_id,) = session.exec(select(Delivery.id)).all()
    assert paths(world).delivery_in([sender or ""]) == delivery_id
    assert world.mailbox.messages[0]["From"] == "Southlink <news@south.example.org>"


def test_a_recipient_whom_the_mail_server_refuses_is_suppressed(world: World) -> None:
    world.open_group()
    world.subscribe(ANA, Frequency.IMMEDIATE)
    world.mailbox.refused[ANA] = "550 5.1.1 No such user"
    world.tell(world.update())
    world.deliver_all()
    assert suppressed(world) == {ANA: "hard_bounce"}
    (row,) = stored_reports(world)
    assert (row.source, row.diagnostic) == ("smtp", "550 5.1.1 No such user")
