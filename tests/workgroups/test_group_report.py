"""The report of a group: its figures, and how they are answered."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from sqlmodel import col, select

from services.workgroups.action_items_then import Then, then
from services.workgroups.due_dates import day_in
from services.workgroups.group_report import Report, action_items_between, report_of
from services.workgroups.pages.report import report_pdf
from services.workgroups.report_periods import Period, period_of
from services.workgroups.tables import ActionItem, ActionItemEntry, Group, Membership, Update
from services.workgroups.transitions import State
from shared.problems import Problem
from tests.workgroups.posting import Desk, desk_of
from tests.workgroups.stage import MEETING
from tests.workgroups.world import Workgroups

ZONES = st.sampled_from(
    ["UTC", "Asia/Bangkok", "America/Sao_Paulo", "Pacific/Apia", "Africa/Cairo", "America/Havana"]
)
MOMENTS = st.integers(788_918_400, 2_051_222_400).map(lambda s: datetime.fromtimestamp(s, UTC))
JUNE = Period(date(2021, 6, 1), date(2021, 6, 30), "Asia/Bangkok")
BEGINS = datetime(2021, 5, 31, 17, tzinfo=UTC)
ENDS = datetime(2021, 6, 30, 17, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
LATER = datetime(2021, 9, 1, tzinfo=UTC)


@pytest.fixture
def desk(workgroups: Workgroups) -> Desk:
    """A group in Bangkok with a member, on SQLite and on PostgreSQL."""
    return desk_of(workgroups, time_zone="Asia/Bangkok")


def report(desk: Desk, period: Period = JUNE, now: datetime = LATER) -> Report:
    with desk.workgroups.database.read() as session:
        group = session.get_one(Group, UUID(desk.group["id"]))
        return report_of(session, group, period, now)


def item(desk: Desk, assigned_at: datetime, *changes: tuple[datetime, str], **other: Any) -> int:
    """An action item that was assigned then, and came into each state at its moment."""
    due_date = {"due_date": "2021-12-31", **other}
    made = desk.workgroups.assign(desk.coordinator, desk.group, desk.member, **due_date)
    for _moment, state in changes:
        changed = desk.workgroups.send(
            desk.coordinator,
            "PATCH",
            f"/action-items/{made['id']}",
            {"state": state, "reason": "So it is."}
            if state in {"blocked", "cancelled"}
            else {"state": state},
            if_match=f'"{made["version"]}"',
        )
        assert changed.status_code == 200, changed.text
        made = changed.json()
    with desk.workgroups.database.write() as session:
        row = session.get_one(ActionItem, UUID(made["id"]))
        row.assigned_at = assigned_at
        if row.finished_at is not None:
            row.finished_at = changes[-1][0]
        session.add(row)
        entries = session.exec(
            select(ActionItemEntry)
            .where(ActionItemEntry.action_item_id == row.id)
            .order_by(col(ActionItemEntry.version))
        ).all()
        moments = [assigned_at, *(moment for moment, _state in changes)]
        for entry, moment in zip(entries, moments, strict=True):
            entry.at = moment
            session.add(entry)
    number: int = made["number"]
    return number


@given(ZONES, st.dates(date(1995, 1, 1), date(2035, 1, 1)), st.integers(0, 400))
def test_days_of_a_period_follow_each_other_without_gap_or_overlap(
    zone: str, day: date, length: int
) -> None:
    last = day + timedelta(days=length)
    after = Period(last + timedelta(days=1), last + timedelta(days=9), zone)

    assert Period(day, last, zone).ends == after.begins


@given(ZONES, MOMENTS)
def test_a_moment_is_in_the_day_that_its_time_zone_shows(zone: str, moment: datetime) -> None:
    day = day_in(zone, moment)
    period = Period(day, day, zone)

    assert period.begins <= moment < period.ends


def test_without_days_a_report_is_of_the_last_90(workgroups: Workgroups) -> None:
    now = datetime(2021, 6, 30, 18, tzinfo=UTC)

    period = period_of(None, None, "Asia/Bangkok", now)

    assert (period.first, period.last) == (date(2021, 4, 2), date(2021, 7, 1))


@pytest.mark.parametrize(
    ("first", "last", "parameter"),
    [
        (date(2021, 6, 2), date(2021, 6, 1), "to"),
        (date(2010, 1, 1), date(2021, 1, 1), "from"),
    ],
)
def test_a_period_that_ends_before_it_begins_or_is_too_long_is_refused(
    first: date, last: date, parameter: str
) -> None:
    with pytest.raises(Problem) as refused:
        period_of(first, last, "UTC", LATER)

    assert [error.pointer for error in refused.value.errors] == [parameter]


def test_updates_count_by_kind_from_the_first_moment_to_the_last(desk: Desk) -> None:
    moments = [BEGINS - INSTANT, BEGINS, ENDS - INSTANT, ENDS]
    for moment in moments:
        update = desk.post(kind="resource")
        with desk.workgroups.database.write() as session:
            row = session.get_one(Update, UUID(update["id"]))
            row.posted_at = moment
            session.add(row)
    desk.withdraw(desk.post(kind="resource"))

    assert report(desk).updates == {
        "initiative": 0,
        "opportunity": 0,
        "challenge": 0,
        "resource": 2,
        "decision": 0,
        "news": 0,
    }


def test_meetings_count_by_the_day_on_which_they_were_held(desk: Desk) -> None:
    for day in ("2021-05-31", "2021-06-01", "2021-06-30", "2021-07-01"):
        body = {**MEETING, "date": day, "agreed_points": ["Listen."], "title": day}
        body["group_ids"] = [desk.group["id"]]
        desk.workgroups.made(desk.coordinator, "/meetings", body)

    found = report(desk)

    assert [meeting.title for meeting in found.meetings] == ["2021-06-01", "2021-06-30"]
    assert found.meetings[0].participants_in_person == 19
    assert found.meetings[0].participants_online == 16
    assert [point.meeting_title for point in found.agreed_points] == ["2021-06-01", "2021-06-30"]


def test_meetings_of_other_groups_and_meetings_to_come_do_not_count(desk: Desk) -> None:
    other = desk.workgroups.group(desk.coordinator, "other")
    held = {**MEETING, "date": "2021-06-10", "group_ids": [other["id"]]}
    desk.workgroups.made(desk.coordinator, "/meetings", held)
    plan = {
        "title": "Planned",
        "mode": "online",
        "begins": "2099-06-10T09:00:00",
        "ends": "2099-06-10T10:00:00",
        "time_zone": "UTC",
        "group_ids": [desk.group["id"]],
    }
    desk.workgroups.made(desk.coordinator, "/meetings/planned", plan)

    assert not report(desk).meetings
    assert not report(desk, Period(date(2099, 6, 1), date(2099, 6, 30), "UTC")).meetings


def test_an_agreed_point_says_how_far_it_had_come_at_the_end(desk: Desk) -> None:
    body = {**MEETING, "date": "2021-06-10", "agreed_points": ["Listen.", "Speak."]}
    meeting = desk.workgroups.made(
        desk.coordinator, "/meetings", {**body, "group_ids": [desk.group["id"]]}
    )
    point = meeting["agreed_points"][0]["id"]
    item(desk, BEGINS, (BEGINS, "done"), agreed_point_id=point)
    item(desk, BEGINS, (ENDS, "done"), agreed_point_id=point)
    item(desk, BEGINS, (BEGINS, "cancelled"), agreed_point_id=point)

    assert [(each.items_done, each.items) for each in report(desk).agreed_points] == [
        (1, 2),
        (0, 0),
    ]


def test_an_action_item_stands_in_the_report_as_at_the_end_of_the_period(desk: Desk) -> None:
    before = item(desk, BEGINS - INSTANT)
    opened = item(desk, BEGINS)
    done = item(desk, BEGINS, (ENDS - INSTANT, "done"))
    done_after = item(desk, BEGINS, (ENDS, "done"))
    item(desk, ENDS)
    reopened = item(desk, BEGINS - 2 * INSTANT, (BEGINS - INSTANT, "done"), (BEGINS, "in_progress"))

    found = report(desk).action_items

    assert [each.number for each in found.opened] == [opened, done, done_after]
    assert [each.number for each in found.done] == [done]
    assert [each.number for each in found.reopened] == [reopened]
    assert found.unfinished_before == 1
    assert found.unfinished == len({before, opened, done_after, reopened})


def test_what_is_overdue_at_the_end_is_what_was_due_before_the_last_day(desk: Desk) -> None:
    late = item(desk, BEGINS, due_date="2021-06-29")
    item(desk, BEGINS, due_date="2021-06-30")
    item(desk, BEGINS, (BEGINS, "done"), due_date="2021-06-02")
    done_after = item(desk, BEGINS, (ENDS, "done"), due_date="2021-06-02")

    assert [each.number for each in report(desk).action_items.overdue] == [late, done_after]


@given(st.lists(st.tuples(st.none() | st.sampled_from(State), st.sampled_from(State))))
def test_what_was_owed_and_came_is_what_was_finished_and_is_owed(
    states: list[tuple[State | None, State]],
) -> None:
    def items(chosen: int) -> dict[UUID, Then]:
        return {
            UUID(int=number): Then(
                UUID(int=number), number, "Do it", UUID(int=0), JUNE.first, state, None
            )
            for number, each in enumerate(states)
            if (state := each[chosen]) is not None
        }

    found = action_items_between(items(0), items(1), last_day=JUNE.last, names={})

    came = found.unfinished_before + len(found.opened) + len(found.reopened)
    assert came == len(found.done) + len(found.cancelled) + found.unfinished
    assert len(found.overdue) == found.unfinished


def test_while_a_period_goes_on_it_is_reported_as_of_now(desk: Desk) -> None:
    item(desk, BEGINS, due_date="2021-06-12")
    now = datetime(2021, 6, 12, 12, tzinfo=UTC)

    found = report(desk, now=now)

    assert found.as_of == now
    assert not found.action_items.overdue
    assert len(report(desk, now=now + timedelta(days=1)).action_items.overdue) == 1


def test_an_item_that_was_finished_before_there_was_a_log_was_unfinished_before() -> None:
    old = ActionItem(
        group_id=UUID(int=1),
        number=1,
        title="Old",
        institution_id=UUID(int=2),
        due_date=date(2021, 6, 1),
        state="done",
        finished_at=ENDS,
        assigned_by=UUID(int=3),
    )

    assert then(old, [], ENDS).state == State.OPEN
    assert then(old, [], ENDS + INSTANT).state == State.DONE


def test_who_was_there_is_told_by_institution_to_who_belongs_to_the_group(desk: Desk) -> None:
    body = {**MEETING, "date": "2021-06-10", "group_ids": [desk.group["id"]]}
    meeting = desk.workgroups.made(desk.coordinator, "/meetings", body)
    entries = [
        {"person_id": str(desk.member.focal_point.id), "presence": "in_person"},
        {"institution_id": str(desk.member.id), "presence": "online", "heads": 3},
        {"institution_id": str(desk.other.id), "presence": "absent"},
    ]
    kept = desk.workgroups.send(
        desk.coordinator,
        "PUT",
        f"/meetings/{meeting['id']}/attendance",
        {"entries": entries},
        if_match=f'"{meeting["version"]}"',
    )
    assert kept.status_code == 200, kept.text
    path = f"/groups/{desk.group['id']}/report?from=2021-06-01&to=2021-06-30"

    figures = desk.workgroups.read(desk.member.focal_point, f"{path}&format=json")
    page = desk.workgroups.send(desk.member.focal_point, "GET", path)
    pdf = desk.workgroups.send(desk.member.focal_point, "GET", f"{path}&format=pdf")

    assert [
        [each[name] for name in ("institution_id", "meetings", "in_person", "online", "absent")]
        for each in figures["attendance"]
    ] == [[str(desk.member.id), 1, 1, 3, 0], [str(desk.other.id), 0, 0, 0, 1]]
    assert "Attendance by institution" in page.text
    assert "Attendance by institution" in PdfReader(BytesIO(pdf.content)).pages[0].extract_text()
    for stranger in (None, desk.other.focal_point):
        assert desk.workgroups.read(stranger, f"{path}&format=json")["attendance"] is None
        assert "Attendance" not in desk.workgroups.send(stranger, "GET", path).text


def test_members_that_join_and_leave_in_the_period_are_named(desk: Desk) -> None:
    desk.workgroups.join(desk.other, desk.group)
    with desk.workgroups.database.write() as session:
        rows = session.exec(select(Membership)).all()
        for row in rows:
            row.joined_at = BEGINS - INSTANT if row.institution_id == desk.member.id else BEGINS
            if row.institution_id == desk.member.id:
                row.left_at, row.state = ENDS - INSTANT, "left"
            session.add(row)

    found = report(desk).members

    assert [each.institution_id for each in found.joined] == [desk.other.id]
    assert [(each.institution_id, each.on) for each in found.left] == [
        (desk.member.id, date(2021, 6, 30))
    ]
    assert found.at_the_end == 1


def test_a_report_is_answered_as_page_pdf_and_figures(desk: Desk) -> None:
    desk.post(title="News")
    item(desk, BEGINS, (BEGINS, "done"), title="Send the list")
    path = f"/groups/{desk.group['id']}/report?from=2021-06-01&to=2021-06-30"

    page = desk.workgroups.send(None, "GET", path)
    figures = desk.workgroups.send(None, "GET", f"{path}&format=json")
    pdf = desk.workgroups.send(None, "GET", f"{path}&format=pdf")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Send the list" in page.text
    assert figures.json()["action_items"]["done"][0]["title"] == "Send the list"
    assert figures.json()["time_zone"] == "Asia/Bangkok"
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.headers["content-disposition"] == (
        'inline; filename="digital-2021-06-01-2021-06-30.pdf"'
    )
    text = PdfReader(BytesIO(pdf.content)).pages[0].extract_text()
    assert "Send the list" in text
    assert "2021-06-01 to 2021-06-30" in text


HOSTILE = "<script>alert(1)</script> #panic(1) $x$ *bold* {{ 7*7 }} @nobody // #read('/etc/passwd')"


def test_what_people_wrote_is_text_on_the_page_and_in_the_pdf(desk: Desk) -> None:
    item(desk, BEGINS, title=HOSTILE)
    body = {**MEETING, "date": "2021-06-10", "title": HOSTILE, "agreed_points": [HOSTILE]}
    desk.workgroups.made(
        desk.coordinator, "/meetings", {**body, "place": HOSTILE, "group_ids": [desk.group["id"]]}
    )
    path = f"/groups/{desk.group['id']}/report?from=2021-06-01&to=2021-06-30"

    page = desk.workgroups.send(None, "GET", path).text
    pdf = desk.workgroups.send(None, "GET", f"{path}&format=pdf")

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "{{ 7*7 }}" in page
    assert pdf.status_code == 200
    text = "".join(each.extract_text() for each in PdfReader(BytesIO(pdf.content)).pages)
    assert "#panic(1) $x$ *bold*" in " ".join(text.split())


@pytest.mark.parametrize(
    ("font", "title"),
    [
        ("Noto Naskh Arabic", "فريق المتابعة للتعاون بين بلدان الجنوب"),
        ("Noto Serif CJK SC", "南南合作后续小组"),
        ("Noto Serif CJK SC", "남남협력 후속 그룹"),
        ("Noto Sans Thai", "กลุ่มติดตามความร่วมมือใต้-ใต้"),
        ("Noto Sans Devanagari", "दक्षिण-दक्षिण सहयोग समूह"),
        ("Noto Sans Ethiopic", "የደቡብ ደቡብ ትብብር"),
        ("Libertinus Serif", "Группа сотрудничества Юг — Юг"),
    ],
)
def test_a_report_is_written_in_the_script_of_its_group(
    embedded_workgroups: Workgroups, font: str, title: str
) -> None:
    if font not in typst.Fonts().families():
        pytest.skip(f"{font} is not installed here; the image of workgroups has it.")
    pdf = report_pdf(replace(report(desk_of(embedded_workgroups)), group_title=title), LATER)
    text = PdfReader(BytesIO(pdf)).pages[0].extract_text()
    # Vowel signs and the order of right-to-left words come out as the reader of PDF likes.
    assert {letter for letter in title if letter.isalpha()} <= set(text)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("from=2021-06-02&to=2021-06-01", "to"),
        ("from=2001-01-01&to=2021-06-01", "from"),
        ("from=yesterday", "from"),
        ("to=0001-01-01", "to"),
        ("format=docx", "format"),
    ],
)
def test_a_bad_period_or_format_is_refused(desk: Desk, query: str, pointer: str) -> None:
    response = desk.workgroups.send(None, "GET", f"/groups/{desk.group['id']}/report?{query}")

    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
