"""Overdue is computed: from the state, the day, the group's time zone and the moment."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st
from sqlmodel import select

from services.workgroups.due_dates import day_in, is_overdue, overdue_condition
from services.workgroups.tables import ActionItem, Group, Theme
from services.workgroups.transitions import UNFINISHED, State
from shared.database import Database
from shared.ids import new_id

ZONES = [
    "UTC",
    "Asia/Bangkok",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "America/Sao_Paulo",
    "America/Havana",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Pacific/Chatham",
]
zones = st.sampled_from(ZONES)
days = st.dates(date(2012, 1, 1), date(2037, 12, 30))
moments = st.builds(datetime.combine, days, st.times(), st.just(UTC))
unfinished = st.sampled_from(sorted(UNFINISHED))


@given(unfinished, days, zones, st.timedeltas(timedelta(days=-3), timedelta(days=3)))
@example("open", date(2020, 12, 15), "Asia/Bangkok", timedelta(0))
@example("open", date(2020, 12, 15), "Asia/Bangkok", timedelta(microseconds=-1))
@example("open", date(2017, 10, 14), "America/Sao_Paulo", timedelta(0))
def test_it_is_overdue_from_the_first_moment_after_its_last_day(
    state: str, due: date, zone: str, after: timedelta
) -> None:
    next_day = datetime.combine(due + timedelta(days=1), time.min, ZoneInfo(zone)).astimezone(UTC)
    assert is_overdue(state, due, zone, next_day + after) == (after >= timedelta(0))


@given(unfinished, days, zones, moments)
def test_nowhere_before_the_day_is_over_on_the_first_island_everywhere_after_the_last(
    state: str, due: date, zone: str, now: datetime
) -> None:
    ends = [
        datetime.combine(due + timedelta(days=1), time.min, timezone(timedelta(hours=hours)))
        for hours in (14, -12)
    ]
    if now < ends[0]:
        assert not is_overdue(state, due, zone, now)
    if now >= ends[1]:
        assert is_overdue(state, due, zone, now)


@given(unfinished, days, days, zones, moments)
def test_what_is_due_earlier_is_overdue_no_later(
    state: str, one: date, other: date, zone: str, now: datetime
) -> None:
    earlier, later = sorted((one, other))
    assert is_overdue(state, earlier, zone, now) >= is_overdue(state, later, zone, now)


@given(st.sampled_from([State.DONE, State.CANCELLED]), days, zones, moments)
def test_what_is_finished_is_never_overdue(
    state: State, due: date, zone: str, now: datetime
) -> None:
    assert not is_overdue(state, due, zone, now)


def test_the_database_finds_just_those_that_are_overdue(database: Database) -> None:
    now = datetime(2021, 3, 31, 18, tzinfo=UTC)
    with database.write() as session:
        theme = Theme(slug="theme", title="Theme")
        session.add(theme)
        session.flush()
        group = Group(slug="g", title="Group", purpose="Do.", theme_id=theme.id)
        session.add(group)
        session.flush()
        around = [date(2021, 3, 31) + timedelta(days=days) for days in range(-2, 3)]
        for number, (state, due) in enumerate(
            ((state, due) for state in State for due in around), start=1
        ):
            session.add(
                ActionItem(
                    group_id=group.id,
                    number=number,
                    title="Do it",
                    institution_id=new_id(),
                    due_date=due,
                    state=state,
                    assigned_by=new_id(),
                    finished_at=None if state in UNFINISHED else now,
                )
            )
        session.flush()
        items = session.exec(select(ActionItem)).all()
        for zone in ZONES:
            found = set(
                session.exec(select(ActionItem.number).where(overdue_condition(zone, now))).all()
            )
            assert found == {
                item.number for item in items if is_overdue(item.state, item.due_date, zone, now)
            }
        assert day_in("Pacific/Kiritimati", now) == date(2021, 4, 1)
        assert day_in("Pacific/Pago_Pago", now) == date(2021, 3, 31)
