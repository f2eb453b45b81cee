"""What is over is kept for a time and then deleted; what is not over stays."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import Session, select

from services.notifier import retention, suppressions, tasks
from services.notifier.celery_app import make_app
from services.notifier.retention import Limits
from services.notifier.settings import Settings
from services.notifier.tables import Delivery, Digest, DigestItem, DigestRun, Notice, Trial
from services.notifier.vocabulary import DeliveryKind, DeliveryState, Frequency
from shared.columns import utc_now
from shared.ids import first_id_of, new_id
from tests.notifier import reports
from tests.notifier.announcing import Desk
from tests.notifier.plans import read_wholly
from tests.notifier.returned import report, send_to, stored_reports, suppressed
from tests.notifier.world import World

ANA, BO = "ana@reader.example", "bo@reader.example"
LIMITS = Limits(emails=timedelta(days=60), reports=timedelta(days=90), webhooks=timedelta(days=30))


def tidy(world: World, days: int) -> dict[str, int]:
    """Tidy as it will be done in so many days."""
    return retention.tidy(world.database, LIMITS, utc_now() + timedelta(days=days))


def gone(**numbers: int) -> dict[str, int]:
    kinds = ("reports", "digests", "emails", "requests", "runs", "webhooks")
    return dict.fromkeys(kinds, 0) | numbers


def rows(world: World, table: type[Digest | Delivery | DigestItem | DigestRun]) -> int:
    with world.database.read() as session:
        return len(session.exec(select(table.id)).all())


@pytest.fixture
def told(world: World) -> World:
    """A world in which a daily digest and an immediate e-mail went out."""
    world.open_group()
    world.subscribe(ANA, Frequency.DAILY)
    world.subscribe(BO, Frequency.IMMEDIATE)
    world.tell(world.update())
    world.close_windows()
    world.deliver_all()
    assert [rows(world, each) for each in (Digest, Delivery, DigestRun)] == [2, 2, 1]
    return world


def test_emails_go_with_their_digests_and_runs_when_their_time_is_over(told: World) -> None:
    assert tidy(told, 59) == gone()
    assert rows(told, Digest) == 2
    assert tidy(told, 61) == gone(digests=2, runs=1)
    assert [rows(told, each) for each in (Digest, Delivery, DigestItem, DigestRun)] == [0] * 4
    assert tidy(told, 61) == gone(), "once more changes nothing"


@pytest.mark.parametrize("state", [DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.PARKED])
def test_an_email_that_is_not_done_stays_however_old(told: World, state: DeliveryState) -> None:
    with told.database.write() as session:
        delivery = session.exec(select(Delivery).where(Delivery.run_id != None)).one()  # noqa: E711
        delivery.state, delivery.finished_at = state, None
        session.add(delivery)
    assert tidy(told, 1_000) == gone(digests=1, requests=2)
    assert [rows(told, each) for each in (Digest, Delivery, DigestRun)] == [1, 1, 1]


def test_what_waits_for_its_window_stays_and_nothing_is_told_again(told: World) -> None:
    told.tell(told.update("Later"))
    told.deliver_all()
    sent = len(told.mailbox.messages)
    tidy(told, 1_000)
    assert rows(told, DigestItem) == 1, "what waits for the digest"
    told.close_windows()
    told.deliver_all()
    assert len(told.mailbox.messages) == sent + 1
    with told.database.read() as session:
        assert session.exec(select(Notice.id)).all()


def test_a_report_stays_while_its_email_goes_and_goes_in_its_own_time(world: World) -> None:
    world.open_group()
    report(world, reports.postfix(send_to(world, ANA), code="4.2.2", action="delayed"))
    assert tidy(world, 61)["digests"] == 1
    (kept,) = stored_reports(world)
    assert kept.delivery_id is None
    assert tidy(world, 91)["reports"] == 1
    assert stored_reports(world) == []


def test_the_report_for_which_an_address_is_suppressed_stays_until_that_is_lifted(
    world: World,
) -> None:
    world.open_group()
    report(world, reports.postfix(send_to(world, ANA)))
    assert tidy(world, 1_000)["reports"] == 0
    assert suppressed(world) == {ANA: "hard_bounce"}
    with world.database.write() as session:
        found = suppressions.of_address(session, ANA)
        assert found is not None
        suppressions.lift(session, found.id, found.version, utc_now())
    assert tidy(world, 1_000)["reports"] == 1


def test_more_than_a_batch_goes_in_one_round(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    world.open_group()
    world.subscribe(ANA, Frequency.IMMEDIATE)
    for number in range(5):
        world.tell(world.update(f"News {number}"))
    world.deliver_all()
    assert tidy(world, 61)["digests"] == 5
    assert rows(world, Digest) == 0


@pytest.mark.parametrize("forget", [retention.forget_reports, retention.forget_digests])
def test_what_is_old_is_found_by_an_index(
    told: World, forget: Callable[[Session, datetime], int]
) -> None:
    report(told, reports.postfix(send_to(told, ANA), code="4.2.2", action="delayed"))
    before = utc_now() + timedelta(days=1)
    assert read_wholly(told.database, lambda session: forget(session, before)) == set()


def test_reports_are_kept_as_long_as_they_count() -> None:
    with pytest.raises(ValidationError, match="NOTIFIER_KEEP_REPORTS_DAYS"):
        Settings(keep_reports_days=30, soft_bounce_days=31)


def test_beat_asks_for_it_on_the_queue_of_housekeeping() -> None:
    entry = make_app().conf.beat_schedule["tidy"]
    assert entry["options"]["queue"] == "housekeeping"
    assert entry["task"] == tasks.tidy.name


@given(st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_the_first_id_of_a_moment_is_a_uuid_of_version_7_and_sorted_by_time(at: datetime) -> None:
    first = first_id_of(at.replace(tzinfo=UTC))
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    later = first_id_of(at.replace(tzinfo=UTC) + timedelta(milliseconds=1))
    assert first.hex < later.hex


def test_ids_made_now_lie_between_those_of_the_moments_around() -> None:
    now = utc_now()
    assert first_id_of(now) <= new_id() < first_id_of(utc_now() + timedelta(seconds=1))


def test_confirmations_and_what_was_asked_for_go_when_their_time_is_over(
    world: World, client: TestClient
) -> None:
    asks(world, client)
    assert tidy(world, 59) == gone()
    assert tidy(world, 75) == gone(emails=1, requests=1)
    assert rows(world, Delivery) == 0


def test_an_email_that_was_sent_again_goes_after_the_one_that_repeats_it(
    world: World, client: TestClient
) -> None:
    asks(world, client)
    with world.database.write() as session:
        first = session.exec(select(Delivery)).one()
        again = Delivery(
            kind=first.kind,
            request_id=first.request_id,
            resends=first.id,
            repeat=1,
            resend_reason="Asked for.",
            state=DeliveryState.SENT,
        )
        session.add(again)
    assert tidy(world, 75) == gone(emails=1)
    assert tidy(world, 75) == gone(emails=1, requests=1)


@pytest.mark.parametrize("state", [DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.PARKED])
def test_a_confirmation_that_is_not_done_stays_with_what_was_asked_for(
    world: World, client: TestClient, state: DeliveryState
) -> None:
    asks(world, client)
    with world.database.write() as session:
        delivery = session.exec(select(Delivery)).one()
        delivery.state, delivery.finished_at = state, None
        session.add(delivery)
    assert tidy(world, 1_000) == gone()


def test_tests_go_with_what_they_were_to_show(world: World) -> None:
    with world.database.write() as session:
        trial = Trial(
            person_id=new_id(),
            email=ANA,
            time_zone="UTC",
            template="welcome",
            language="en",
            choice={},
            asked_at=utc_now(),
        )
        session.add(trial)
        session.flush()
        session.add(Delivery(kind=DeliveryKind.TEST, trial_id=trial.id, state=DeliveryState.SENT))
    assert tidy(world, 59) == gone()
    assert tidy(world, 61) == gone(emails=1)
    with world.database.read() as session:
        assert session.exec(select(Trial)).all() == []


def test_the_emails_of_an_announcement_go_and_are_not_made_again(desk: Desk) -> None:
    desk.followers(2)
    announced = desk.submitted(desk.lead())["id"]
    desk.send(announced)
    received = desk.received()
    assert tidy(desk.world, 61) == gone(emails=len(received))
    desk.send(announced)
    assert desk.received() == received


def asks(world: World, client: TestClient) -> None:
    """Let somebody ask for a subscription, and send the e-mail that asks to confirm it."""
    world.open_group()
    asked = {"email": ANA, "target": {"kind": "everything"}, "frequency": "daily"}
    assert client.post("/subscriptions", json=asked).status_code == 202
    world.deliver_all()
    assert len(world.mailbox.messages) == 1
