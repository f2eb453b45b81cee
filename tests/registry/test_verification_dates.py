"""Verifications run out: told 90 and 30 days before and at the end, once each."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from services.registry import calendar, standing, verification_dates
from services.registry.institutions import Profile, register
from services.registry.outgoing_letters import Mailroom, sending_step
from services.registry.people import PersonDraft
from services.registry.settings import SERVICE
from services.registry.tables import HistoryEntry, Institution, Outbox, Person, VerificationNotice
from services.registry.transitions import Status
from services.registry.verification import Check, Finding, Item, Outcome, verify
from shared.database import Database
from tests.registry.conftest import Running
from tests.registry.journey import CIRDAP

THEN = datetime(2021, 3, 1, 9, tzinfo=UTC)
END = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
EXPIRING = "institution.verification_expiring"
EXPIRED = "institution.verification_expired"
NAMES = (
    "World Food Programme",
    "Ministry of Health of Ghana",
    "Caribbean Community",
    "Mekong River Commission",
    "Islamic Development Bank",
)
FINDING = Finding(
    evidence="Seen.",
    checklist=[
        Check(item=item, outcome=Outcome.CONFIRMED)
        for item in (Item.MANDATE, Item.CONTACT_CONFIRMED)
    ],
)


def a_verified_one(session: Session, number: int = 0) -> tuple[Institution, Person]:
    """Return an institution that was verified on 1 March 2021, and a person."""
    institution, person = register(
        session,
        Profile.model_validate({**CIRDAP, "name": NAMES[number], "acronym": None, "website": None}),
        PersonDraft(name="Ana Souza", email="ana@example.org"),
        THEN,
    )
    institution.status = Status.SUBMITTED
    verify(session, institution, FINDING, person.id, THEN)
    return institution, person


def look(database: Database, now: datetime) -> list[str]:
    """Let the calendar look at that moment; return what was told by it, with the days left."""
    with database.read() as session:
        before = len(session.exec(select(Outbox.id)).all())
    calendar.keep(database, now)
    with database.read() as session:
        events = session.exec(select(Outbox.event).order_by(col(Outbox.id))).all()[before:]
    told = [json.loads(event) for event in events]
    return [
        " ".join(
            [
                event["type"].removeprefix("org.southlink.").removesuffix(".v1"),
                *([str(event["data"]["days_left"])] if "days_left" in event["data"] else []),
            ]
        )
        for event in told
    ]


def test_it_is_told_90_and_30_days_before_and_at_the_end_once_each(database: Database) -> None:
    with database.write() as session:
        a_verified_one(session)

    told = {
        days: look(database, END - timedelta(days=days))
        for days in (91, 90, 89, 60, 31, 30, 29, 1, 0, -1, -100)
    }

    assert {days: names for days, names in told.items() if names} == {
        90: [f"{EXPIRING} 90"],
        30: [f"{EXPIRING} 30"],
        0: [EXPIRED],
    }


@pytest.mark.parametrize(
    ("days", "told"), [(12, [f"{EXPIRING} 12"]), (-3, [EXPIRED]), (45, [f"{EXPIRING} 45"])]
)
def test_a_calendar_that_stood_still_tells_what_holds_now_and_no_more(
    database: Database, days: int, told: list[str]
) -> None:
    with database.write() as session:
        a_verified_one(session)

    assert look(database, END - timedelta(days=days)) == told


def test_at_the_end_it_stays_a_partner_and_its_history_says_that_it_lapsed(
    database: Database,
) -> None:
    with database.write() as session:
        institution, _ = a_verified_one(session)
        version = institution.version

    look(database, END)

    with database.read() as session:
        kept = session.get_one(Institution, institution.id)
        assert (kept.status, kept.verified_until, kept.version) == ("verified", END, version + 1)
        entry = session.exec(
            select(HistoryEntry).order_by(col(HistoryEntry.version).desc()).limit(1)
        ).one()
        assert (entry.action, entry.actor_id, entry.at) == ("expire", None, END)


def test_those_who_speak_for_it_get_a_letter_each_time_and_nobody_else(
    running: Running, migrated: Callable[[str], str]
) -> None:
    with running(database_url=migrated(SERVICE.migrations)) as registry:
        registry.coordinator()
        institution, focal_point = registry.submitted()
        _, stranger = registry.submitted(name="Caribbean Community", acronym=None, website=None)
        with registry.database.write() as session:
            verify(
                session,
                session.get_one(Institution, UUID(institution["id"])),
                FINDING,
                UUID(focal_point.id),
                THEN,
            )
        room = Mailroom.of(registry.app.state.settings)
        steps = {
            **{name: step for name, step in calendar.STEPS.items() if "verification" in name},
            "letters": sending_step(room),
        }
        before = len(registry.mailbox.received)

        for days in (88, 60, 29, 10, 0, -1):
            calendar.keep(registry.database, END - days * DAY, steps)

        letters = registry.mailbox.to(focal_point.email)[1:]
        assert [letter["Subject"] for letter in letters] == [
            f"The verification of {institution['name']} ends on 2026-03-01",
            f"The verification of {institution['name']} ends on 2026-03-01",
            f"The verification of {institution['name']} has lapsed",
        ]
        assert len(registry.mailbox.received) == before + 3, "one hears of it, three times"
        assert registry.mailbox.to(stranger.email)[1:] == []


def test_a_renewal_starts_the_five_years_anew_with_notices_of_their_own(
    database: Database,
) -> None:
    with database.write() as session:
        institution, person = a_verified_one(session)
    assert look(database, END - 80 * DAY) == [f"{EXPIRING} 80"]

    with database.write() as session:
        verify(
            session,
            session.get_one(Institution, institution.id),
            FINDING,
            person.id,
            END - 70 * DAY,
        )

    assert look(database, END - 20 * DAY) == []
    assert look(database, END + DAY) == []
    again = datetime(2030, 12, 21, 9, tzinfo=UTC)
    assert again == (END - 70 * DAY).replace(year=2030)
    assert look(database, again - 88 * DAY) == [f"{EXPIRING} 88"]


def test_who_withdraws_or_is_suspended_hears_of_no_end(database: Database) -> None:
    with database.write() as session:
        one, person = a_verified_one(session, 1)
        other, _ = a_verified_one(session, 2)
        standing.withdraw(session, one, person.id, "Dissolved.")
        standing.suspend(session, other, person.id, "A concern.")

    assert look(database, END - DAY) == []
    assert look(database, END) == []

    with database.write() as session:
        standing.reinstate(session, session.get_one(Institution, other.id), person.id, "Settled.")
    assert look(database, END + DAY) == [EXPIRED], "its end comes with its return"


def test_however_many_end_at_once_all_are_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification_dates, "BATCH", 2)
    with database.write() as session:
        for number in range(5):
            a_verified_one(session, number)

    assert look(database, END - 5 * DAY) == [f"{EXPIRING} 5"] * 5
    assert look(database, END) == [EXPIRED] * 5
    with database.read() as session:
        assert len(session.exec(select(VerificationNotice)).all()) == 10


def test_a_step_that_fails_in_the_middle_tells_nothing_and_is_taken_again(
    database: Database,
) -> None:
    with database.write() as session:
        a_verified_one(session)

    def broken(session: Session, now: datetime) -> int:
        assert verification_dates.expire(session, now) == 1
        raise RuntimeError

    calendar.keep(database, END, {"broken": broken})

    assert look(database, END) == [EXPIRED]
