"""What groups are, say, meet about and owe goes out as files."""

import csv
import io
import json
import zipfile
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from services.workgroups import exports
from services.workgroups.export_subjects import SUBJECTS
from services.workgroups.exports import Export, Filters, What, reader_of
from shared.exports import csv_text
from tests.workgroups.action_scene import Scene
from tests.workgroups.meeting_steps import LINK, scheduled
from tests.workgroups.posting import Desk, desk_of
from tests.workgroups.stage import MEETING, Stage, assert_refused
from tests.workgroups.world import Person, Workgroups

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def exported(
    workgroups: Workgroups, by: Person | None, what: str, query: str = ""
) -> list[dict[str, Any]]:
    answer = workgroups.send(by, "GET", f"/exports/{what}.jsonl{query}")
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def filled(workgroups: Workgroups, **group: Any) -> Desk:
    """A group of which there is something of each kind."""
    desk = desk_of(workgroups, **group)
    desk.post(title="News of May")
    held = {**MEETING, "agreed_points": ["Listen.", "Act."]}
    workgroups.made(desk.coordinator, "/meetings", {**held, "group_ids": [desk.group["id"]]})
    workgroups.assign(desk.coordinator, desk.group, desk.member)
    return desk


def test_each_kind_of_thing_is_exported(workgroups: Workgroups) -> None:
    desk = filled(workgroups)
    group = desk.group["id"]

    [line] = exported(workgroups, None, "groups")
    assert (line["slug"], line["theme"], line["status"]) == ("digital", "digital-theme", "active")
    [line] = exported(workgroups, None, "members")
    assert (line["group_id"], line["institution_acronym"], line["state"]) == (
        group,
        "UNV",
        "active",
    )
    [line] = exported(workgroups, None, "updates")
    assert (line["title"], line["text"], line["group"]) == (
        "News of May",
        "We *start* in May.",
        "Group digital",
    )
    [line] = exported(workgroups, None, "meetings")
    assert (line["date"], line["group_ids"]) == (MEETING["date"], [group])
    assert [
        (line["number"], line["text"], line["date"], line["meeting"])
        for line in exported(workgroups, None, "agreed-points")
    ] == [(1, "Listen.", MEETING["date"], "Retreat"), (2, "Act.", MEETING["date"], "Retreat")]
    [line] = exported(workgroups, None, "action-items")
    assert (line["number"], line["due_date"], line["state"], line["overdue"]) == (
        1,
        "2021-03-31",
        "open",
        True,
    )


@pytest.mark.parametrize("what", list(What))
def test_what_the_reader_does_not_see_is_not_exported(
    embedded_workgroups: Workgroups, what: What
) -> None:
    desk = filled(embedded_workgroups, visibility="members")

    assert exported(embedded_workgroups, None, what) == []
    assert exported(embedded_workgroups, desk.other.focal_point, what) == []
    assert exported(embedded_workgroups, desk.member.focal_point, what) != []


def test_a_meeting_of_several_groups_names_only_those_that_the_reader_sees(
    embedded_workgroups: Workgroups,
) -> None:
    coordinator = embedded_workgroups.coordinator()
    seen = embedded_workgroups.group(coordinator, "seen")
    hidden = embedded_workgroups.group(coordinator, "hidden", visibility="members")
    held = {**MEETING, "agreed_points": ["Act."], "group_ids": [seen["id"], hidden["id"]]}
    embedded_workgroups.made(coordinator, "/meetings", held)

    for what in ("meetings", "agreed-points"):
        [line] = exported(embedded_workgroups, None, what)
        assert (line["group_ids"], line["groups"]) == ([seen["id"]], ["Group seen"])
        [line] = exported(embedded_workgroups, coordinator, what)
        assert set(line["group_ids"]) == {seen["id"], hidden["id"]}


def test_drafts_are_not_exported_and_of_a_withdrawn_update_no_text(
    embedded_workgroups: Workgroups,
) -> None:
    desk = desk_of(embedded_workgroups)
    own = desk.member.focal_point
    desk.post(draft=True)
    gone = desk.post(title="Secret")
    assert desk.withdraw(gone).is_success

    assert exported(embedded_workgroups, own, "updates") == []
    [line] = exported(embedded_workgroups, own, "updates", "?state=withdrawn")
    assert (line["id"], line["title"], line["text"]) == (gone["id"], None, None)


def test_who_sees_to_an_action_item_is_exported_for_the_group_alone(scene: Scene) -> None:
    person = str(scene.unv.focal_point.id)
    scene.item(person_ids=[person])

    [line] = exported(scene.workgroups, None, "action-items")
    assert line["person_ids"] == []
    [line] = exported(scene.workgroups, scene.fao.focal_point, "action-items")
    assert line["person_ids"] == [person]


def test_an_export_has_the_filters_of_the_lists(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    partner = workgroups.partner()
    groups = [workgroups.group(coordinator, slug) for slug in ("one", "two")]
    for group, day in zip(groups, ("2021-03-31", "2021-05-31"), strict=True):
        workgroups.join(partner, group)
        workgroups.assign(coordinator, group, partner, due_date=day)

    def dates(query: str) -> list[str]:
        found = exported(workgroups, None, "action-items", query)
        return sorted(line["due_date"] for line in found)

    assert dates("") == ["2021-03-31", "2021-05-31"]
    assert dates(f"?group={groups[0]['id']}") == ["2021-03-31"]
    assert dates("?theme=two-theme") == ["2021-05-31"]
    assert dates("?state=done") == []
    assert dates("?state=done&state=open") == ["2021-03-31", "2021-05-31"]
    assert dates("?since=2021-05-31") == ["2021-05-31"]
    assert dates("?until=2021-03-31") == ["2021-03-31"]
    assert dates("?since=2021-04-01&until=2021-05-30") == []


def test_a_planned_meeting_is_exported_by_its_day_and_without_its_link(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    scheduled(workgroups, coordinator, workgroups.group(coordinator))

    answer = workgroups.send(coordinator, "GET", "/exports/meetings.jsonl?since=2099-03-16")
    assert LINK not in answer.text
    line = json.loads(answer.text)
    assert (line["date"], line["status"], line["begins_at"]) == (
        "2099-03-16",
        "scheduled",
        "2099-03-16T02:30:00Z",
    )
    assert exported(workgroups, None, "meetings", "?until=2099-03-15") == []
    assert exported(workgroups, None, "meetings", "?until=2099-03-16&state=scheduled") == [line]
    assert exported(workgroups, None, "meetings", "?state=held") == []


@pytest.mark.parametrize("what", list(What))
def test_a_period_that_has_passed_holds_nothing_new(
    embedded_workgroups: Workgroups, what: What
) -> None:
    filled(embedded_workgroups)

    assert exported(embedded_workgroups, None, what, "?until=2001-01-01") == []
    assert exported(embedded_workgroups, None, what, "?since=2001-01-01") != []


def test_a_cell_that_a_spreadsheet_would_compute_is_defused(
    embedded_workgroups: Workgroups,
) -> None:
    desk = desk_of(embedded_workgroups)
    desk.post(title="=HYPERLINK(1)", text="@SUM(1;\n2)")

    answer = embedded_workgroups.send(None, "GET", "/exports/updates.csv")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="updates-')
    assert answer.content.startswith(b"\xef\xbb\xbfid,group_id,")
    [row] = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert (row["title"], row["text"]) == ("'=HYPERLINK(1)", "'@SUM(1;\n2)")


def test_a_workbook_holds_texts_and_no_formula(embedded_workgroups: Workgroups) -> None:
    desk = desk_of(embedded_workgroups)
    desk.post(title="=1+1")

    answer = embedded_workgroups.send(None, "GET", "/exports/updates.xlsx")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
    rows = [
        ["".join(cell.itertext()) for cell in row.iter(f"{SHEET}c")]
        for row in sheet.iter(f"{SHEET}row")
    ]
    assert rows[0][:2] == ["id", "group_id"]
    assert "=1+1" in rows[1]
    assert list(sheet.iter(f"{SHEET}f")) == []


def test_an_export_reads_in_parts_loses_nothing_and_holds_no_connection(
    workgroups: Workgroups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PART", 2)
    desk = desk_of(workgroups)
    for number in range(5):
        workgroups.assign(desk.coordinator, desk.group, desk.member, title=f"Item {number}")
    export = Export(workgroups.database, SUBJECTS[What.ACTION_ITEMS], reader_of(None), Filters())

    lines = []
    for line in export.rows():
        lines.append(line)
        assert workgroups.database.reader.pool.checkedout() == 0  # type: ignore[attr-defined]

    assert [line["number"] for line in lines] == [1, 2, 3, 4, 5]
    assert "".join(csv_text(export)).count("\r\n") == 6


@pytest.mark.parametrize(
    ("path", "status", "slug", "pointer"),
    [
        ("/exports/people.csv", 404, "not-found", None),
        ("/exports/groups.pdf", 404, "not-found", None),
        ("/exports/groups.csv?state=famous", 422, "invalid-input", "state"),
        ("/exports/agreed-points.csv?state=done", 422, "invalid-input", "state"),
        ("/exports/updates.csv?state=draft", 422, "invalid-input", "state"),
        ("/exports/groups.csv?since=2021-02-30", 422, "invalid-input", "since"),
        ("/exports/groups.csv?since=2021-02-02&until=2021-02-01", 422, "invalid-input", "until"),
        ("/exports/groups.csv?group={unknown}", 404, "not-found", None),
    ],
)
def test_an_export_of_what_there_is_not_is_refused(
    stage: Stage, path: str, status: int, slug: str, pointer: str | None
) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "GET", stage.path(path)),
        status,
        slug,
        pointer,
    )


def test_a_group_that_the_reader_does_not_see_can_not_be_named(
    embedded_workgroups: Workgroups,
) -> None:
    desk = desk_of(embedded_workgroups, visibility="members")
    path = f"/exports/updates.csv?group={UUID(desk.group['id'])}"

    assert embedded_workgroups.send(None, "GET", path).status_code == 404
    assert embedded_workgroups.send(desk.coordinator, "GET", path).status_code == 200
