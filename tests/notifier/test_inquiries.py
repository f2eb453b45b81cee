"""Did this person get it, and when: answered from what is kept, without showing addresses."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import OKPKey
from sqlmodel import col, select
from structlog.testing import capture_logs
from typer.testing import CliRunner

from services.notifier import inquiries, suppressions
from services.notifier.__main__ import app as commands
from services.notifier.settings import settings
from services.notifier.tables import Delivery, Notice, Subscription
from services.notifier.vocabulary import (
    DeliveryKind,
    DeliveryState,
    EndedBy,
    Frequency,
    SuppressionReason,
)
from shared.columns import utc_now
from shared.ids import new_id
from tests.notifier import reports
from tests.notifier.callers import bearer, coordinator
from tests.notifier.partners import hide
from tests.notifier.returned import report, send_to
from tests.notifier.world import World

ANA = "ana@example.org"
ON_SQLITE = pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)


def newest_notice(world: World) -> Notice:
    with world.database.read() as session:
        return session.exec(select(Notice).order_by(col(Notice.id).desc()).limit(1)).one()


def asked(client: TestClient, caller: dict[str, str], recipient: str, about: str) -> Any:
    answer = client.get(
        "/deliveries", params={"recipient": recipient, "about": about}, headers=caller
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_of_an_email_that_came_back_it_says_when_it_was_sent_and_what_came_back(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    caller = coordinator(world, signing_key)
    world.open_group()
    world.mailbox.on_message = lambda _: "250 OK: queued as 4Qb7"
    sent = send_to(world, ANA)
    about = newest_notice(world).subject
    with capture_logs() as logged:
        before = asked(client, caller, "ANA@example.org", about)
    assert ANA not in json.dumps(logged, default=str).lower()
    assert before["answer"].startswith("Sent and accepted by the mail server on ")
    assert before["answer"].endswith(" with the words “OK: queued as 4Qb7”.")
    report(world, reports.postfix(sent))
    after = asked(client, caller, ANA, str(newest_notice(world).id))
    (item,) = after["items"]
    assert "came back for good (5.1.1)" in after["answer"]
    assert (item["report"]["kind"], item["suppressed"]) == ("hard_bounce", "hard_bounce")
    (arrived,) = world.mailbox.messages
    # The application of this test and its workers name another sender's domain.
    assert item["message_id"].partition("@")[0] == arrived["Message-ID"].partition("@")[0]
    assert item["items"] == 1
    assert "News of" in item["told"][0]
    assert ANA not in json.dumps(after)


AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
LAST = "2026-03-01 08:00 UTC"


def listed(*, sent: int = 0, failed: int = 0, asking: int = 0) -> list[Delivery]:
    """Return so many e-mails, each sent a day before the one that was listed before."""
    made = [
        Delivery(
            kind=DeliveryKind.DIGEST,
            state=DeliveryState.SENT,
            finished_at=AT - timedelta(days=number),
        )
        for number in range(sent)
    ]
    made += [
        Delivery(kind=DeliveryKind.DIGEST, state=DeliveryState.FAILED, finished_at=AT)
        for _ in range(failed)
    ]
    for each in made[:asking]:
        each.kind = DeliveryKind.CONFIRMATION
    return made


@pytest.mark.parametrize(
    ("deliveries", "said"),
    [
        (listed(), "No e-mail to this recipient is kept."),
        (listed(sent=1), f"The one e-mail listed was sent on {LAST}."),
        (listed(failed=1), "The one e-mail listed was not sent."),
        (
            listed(sent=1, asking=1),
            f"The one e-mail listed was sent on {LAST}. It asks to confirm a subscription.",
        ),
        (listed(sent=2), f"Both e-mails listed were sent, the last on {LAST}."),
        (listed(sent=3), f"All 3 e-mails listed were sent, the last on {LAST}."),
        (listed(sent=1, failed=1), f"One of the 2 e-mails listed was sent, on {LAST}."),
        (listed(sent=2, failed=1), f"2 of the 3 e-mails listed were sent, the last on {LAST}."),
        (listed(failed=2), "None of the 2 e-mails listed was sent."),
        (
            listed(failed=3, asking=1),
            "None of the 3 e-mails listed was sent. One of them asks to confirm a subscription.",
        ),
        (
            listed(sent=3, asking=2),
            f"All 3 e-mails listed were sent, the last on {LAST}. 2 of them ask to confirm a "
            "subscription.",
        ),
        (
            listed(sent=2, asking=2),
            f"Both e-mails listed were sent, the last on {LAST}. Both ask to confirm a "
            "subscription.",
        ),
        (
            listed(sent=3, asking=3),
            f"All 3 e-mails listed were sent, the last on {LAST}. All of them ask to confirm a "
            "subscription.",
        ),
    ],
)
def test_without_a_subject_it_says_how_many_were_sent(
    deliveries: list[Delivery], said: str
) -> None:
    assert inquiries.overall(deliveries) == said


def test_without_an_email_it_says_why(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    caller = coordinator(world, signing_key)
    world.open_group()
    world.subscribe("never@example.org", Frequency.NEVER)
    world.subscribe("waits@example.org", Frequency.WEEKLY)
    world.subscribe("paused@example.org", Frequency.IMMEDIATE)
    world.subscribe("gone@example.org", Frequency.IMMEDIATE)
    with world.database.write() as session:
        paused, gone = session.exec(
            select(Subscription)
            .where(Subscription.frequency == Frequency.IMMEDIATE)
            .order_by(col(Subscription.id))
        ).all()
        paused.paused_until = utc_now() + timedelta(days=3)
        gone.ended_at, gone.ended_by = utc_now(), EndedBy.READER
        session.add_all([paused, gone])
    world.tell(world.update(), subject="updates/1")
    world.subscribe("late@example.org", Frequency.IMMEDIATE)
    said = {
        name: asked(client, caller, f"{name}@example.org", "updates/1")["answer"]
        for name in ("nobody", "never", "waits", "paused", "gone", "late")
    }
    assert "follows nothing" in said["nobody"]
    assert "chose never" in said["never"]
    assert "waits for the weekly digest, which closes on" in said["waits"]
    assert "was paused until" in said["paused"]
    assert "follows nothing that tells it since" in said["gone"]
    assert "follows it only since" in said["late"]
    with world.database.write() as session:
        suppressions.suppress(session, "late@example.org", SuppressionReason.BY_HAND, utc_now())
    assert (
        "a coordinator put it on the list"
        in (asked(client, caller, "late@example.org", "updates/1")["answer"])
    )
    hide(world, "members")
    hidden = asked(client, caller, "never@example.org", "updates/1")
    assert "hidden from this person" in hidden["answer"]
    assert "Nothing is recorded" in asked(client, caller, ANA, "updates/2")["answer"]


def test_only_coordinators_ask_and_for_a_person_that_can_be_named(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    path = "/deliveries?recipient=ana"
    assert client.get(path, headers=bearer(signing_key, new_id())).status_code == 403
    caller = coordinator(world, signing_key)
    for name, value in (("recipient", "ana"), ("recipient", "a\0@b.example"), ("about", "\0")):
        refused = client.get("/deliveries", params={name: value}, headers=caller)
        assert refused.status_code == 422
        assert name in refused.json()["errors"][0]["pointer"]


@ON_SQLITE
def test_an_operator_asks_on_the_command_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", world.database.url)
    settings.cache_clear()
    world.open_group()
    send_to(world, ANA)
    told = CliRunner().invoke(
        commands,
        ["deliveries", "--recipient", ANA, "--about", newest_notice(world).subject, "--json"],
    )
    settings.cache_clear()
    answer = json.loads(told.stdout)
    assert answer["answer"].startswith("Sent and accepted")
    assert [item["recipient"] for item in answer["items"]] == ["a***@example.org"]
