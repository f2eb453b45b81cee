"""A pause drops what would come at once, and gathers what digests tell for the first one after."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from services.notifier import choices, collecting, digest_runs, notices, targets
from services.notifier.choices import Choice
from services.notifier.notices import Happening
from services.notifier.subscribers import Hours
from services.notifier.tables import Digest, DigestItem, Notice, Subscription
from services.notifier.targets import EVERYTHING, Target
from services.notifier.vocabulary import Frequency, NoticeKind
from shared.ids import new_id
from tests.notifier.world import THEME, World

MONDAY = datetime(2027, 3, 1, 12, tzinfo=UTC)
THURSDAY = datetime(2027, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def happens(world: World, name: str, now: datetime) -> None:
    happening = Happening(
        kind=NoticeKind.UPDATE_POSTED,
        event_id=new_id(),
        subject=name,
        occurred_at=now,
        facts={},
        targets=(targets.theme(THEME),),
    )
    with world.database.write() as session:
        notices.record(session, happening, now)


def choose(
    world: World,
    reader: Subscription,
    frequency: Frequency | None,
    *,
    until: datetime | None = None,
    now: datetime = MONDAY,
    hours: Hours | None = None,
) -> None:
    with world.database.write() as session:
        choices.choose(
            session,
            reader.subscriber_id,
            hours or Hours(),
            [Choice(reader.id, frequency, until)],
            now,
        )


def day_passes(world: World, now: datetime) -> None:
    """Close what is due, as the sweep and the worker do."""
    with world.database.write() as session:
        runs = digest_runs.start_missing(session, now)
    for run_id in runs:
        with world.database.write() as session:
            while collecting.collect_batch(session, run_id, now) is not None:
                pass


def told(world: World) -> list[list[str]]:
    """Return what each digest tells, the first made first."""
    with world.database.read() as session:
        return [
            sorted(
                session.exec(
                    select(Notice.subject).join(DigestItem).where(DigestItem.digest_id == each)
                )
            )
            for each in session.exec(select(Digest.id).order_by(Digest.id))  # type: ignore[arg-type]
        ]


def waiting(world: World) -> int:
    with world.database.read() as session:
        return len(session.exec(select(DigestItem).where(DigestItem.digest_id == None)).all())  # noqa: E711


def subscribe(world: World, frequency: Frequency, target: Target = EVERYTHING) -> Subscription:
    return world.subscribe("ana@example.org", frequency, target, at=MONDAY)


def test_what_comes_at_once_is_dropped_while_it_rests(world: World) -> None:
    reader = subscribe(world, Frequency.IMMEDIATE)
    choose(world, reader, Frequency.IMMEDIATE, until=THURSDAY)
    happens(world, "during", THURSDAY - timedelta(microseconds=1))
    happens(world, "after", THURSDAY)
    assert told(world) == [["after"]]
    assert waiting(world) == 0


def test_what_digests_gather_comes_in_the_first_one_after_the_pause(world: World) -> None:
    reader = subscribe(world, Frequency.DAILY)
    happens(world, "before", MONDAY)
    choose(world, reader, Frequency.DAILY, until=THURSDAY)
    for day in range(1, 3):
        happens(world, f"day {day}", MONDAY + day * DAY)
        day_passes(world, MONDAY + day * DAY)
    assert told(world) == []
    day_passes(world, THURSDAY + timedelta(hours=9))
    assert told(world) == [["before", "day 1", "day 2"]]


def test_a_pause_that_is_ended_early_tells_in_the_next_digest(world: World) -> None:
    reader = subscribe(world, Frequency.DAILY)
    choose(world, reader, Frequency.DAILY, until=THURSDAY)
    happens(world, "during", MONDAY)
    choose(world, reader, Frequency.DAILY)
    day_passes(world, MONDAY + DAY)
    assert told(world) == [["during"]]


def test_what_another_subscription_covers_still_comes_and_once(world: World) -> None:
    world.open_group()
    daily = subscribe(world, Frequency.DAILY)
    subscribe(world, Frequency.WEEKLY, targets.theme(THEME))
    choose(world, daily, Frequency.DAILY, until=THURSDAY)
    happens(world, "during", MONDAY)
    for day in range(1, 15):
        day_passes(world, MONDAY + day * DAY)
    assert told(world) == [["during"]]
    with world.database.read() as session:
        assert session.exec(select(Digest)).one().frequency is Frequency.WEEKLY


def test_while_all_rest_the_first_to_go_on_tells(world: World) -> None:
    world.open_group()
    daily = subscribe(world, Frequency.DAILY)
    weekly = subscribe(world, Frequency.WEEKLY, targets.theme(THEME))
    choose(world, daily, Frequency.DAILY, until=THURSDAY + 30 * DAY)
    choose(world, weekly, Frequency.WEEKLY, until=THURSDAY)
    happens(world, "during", MONDAY)
    day_passes(world, MONDAY + 8 * DAY)
    assert told(world) == [["during"]]


def test_what_waits_stays_when_the_reader_pauses_what_now_comes_at_once(world: World) -> None:
    reader = subscribe(world, Frequency.DAILY)
    happens(world, "before", MONDAY)
    choose(world, reader, Frequency.IMMEDIATE, until=THURSDAY)
    day_passes(world, MONDAY + DAY)
    assert told(world) == []
    day_passes(world, THURSDAY + timedelta(hours=9))
    assert told(world) == [["before"]]


@pytest.mark.parametrize(
    ("zone", "until"),
    [
        ("Asia/Bangkok", datetime(2027, 3, 3, 17, tzinfo=UTC)),
        ("America/Lima", datetime(2027, 3, 4, 5, tzinfo=UTC)),
    ],
)
def test_a_pause_lasts_until_the_same_day_where_the_reader_moves(
    world: World, zone: str, until: datetime
) -> None:
    reader = subscribe(world, Frequency.DAILY)
    choose(world, reader, Frequency.DAILY, until=THURSDAY)
    with world.database.write() as session:
        choices.choose(session, reader.subscriber_id, Hours(time_zone=zone), [], MONDAY)
        assert session.get_one(Subscription, reader.id).paused_until == until


def test_what_is_ended_is_taken_out_of_an_email_that_has_not_left(world: World) -> None:
    world.open_group()
    everything = world.subscribe("ana@example.org", Frequency.IMMEDIATE)
    world.subscribe("ana@example.org", Frequency.WEEKLY, targets.update_kind("news"))
    world.tell(world.update())
    choose(world, everything, None, now=MONDAY)
    world.deliver_all()
    assert world.mailbox.messages == []
