"""The charter of a group: every version stays, and two of them are compared word by word."""

from datetime import UTC, datetime
from functools import partial
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.workgroups.calendar import keep
from services.workgroups.charters import Change, as_html, difference
from services.workgroups.tables import Charter
from shared.events.catalogue import GroupReviewDue
from shared.ids import new_id
from tests.effort import lines_run
from tests.workgroups.belonging import WHY
from tests.workgroups.world import Person, Workgroups

GROUP = new_id()


def charter(purpose: str) -> Charter:
    return Charter(group_id=GROUP, number=1, purpose=purpose)


class Shown(HTMLParser):
    """What a browser shows of a comparison."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(max_examples=200, deadline=None)
@given(before=st.text(max_size=80), after=st.text(max_size=80))
def test_a_comparison_holds_both_texts_and_shows_them_harmlessly(before: str, after: str) -> None:
    pieces = difference(charter(before), charter(after)).get("purpose", [])
    if before == after:
        assert pieces == []
        return
    assert "".join(p.text for p in pieces if p.change != Change.INSERT) == before
    assert "".join(p.text for p in pieces if p.change != Change.DELETE) == after
    html = as_html(pieces)
    assert html.count("<") == html.count(">")
    shown = Shown()
    shown.feed(html)
    assert shown.tags <= {"del", "ins"}


def test_a_script_in_a_charter_is_shown_as_text() -> None:
    pieces = difference(charter("Old."), charter("<script>alert('x')</script>"))["purpose"]
    assert "<script" not in as_html(pieces)
    assert "&lt;" in as_html(pieces)


def test_two_texts_of_twice_the_length_take_no_more_than_twice_the_work_to_compare() -> None:
    def work(length: int) -> int:
        before, after = charter("a b " * length), charter("b c a " * (length * 2 // 3))
        return lines_run(partial(difference, before, after))

    work(1)
    assert work(2_000) < 2.2 * work(1_000)


def change(
    workgroups: Workgroups, by: Person, group: dict[str, Any], version: int, **new: Any
) -> Any:
    path = f"/groups/{group['id']}"
    return workgroups.send(by, "PATCH", path, new, if_match=f'"{version}"')


def test_every_version_is_kept_and_read(workgroups: Workgroups) -> None:
    by = workgroups.coordinator()
    group = workgroups.group(by, scope="Public services.", review_date="2027-06-30")
    assert (group["charter"], group["scope"], group["review_date"]) == (
        1,
        "Public services.",
        "2027-06-30",
    )
    assert change(workgroups, by, group, 1, title="Other").json()["charter"] == 1
    changed = change(workgroups, by, group, 2, purpose="Follow through.", reason="Agreed.")
    assert changed.json()["charter"] == 2

    path = f"/groups/{group['id']}/charters"
    versions = workgroups.read(by, path)["items"]
    assert [(v["number"], v["purpose"], v["reason"]) for v in versions] == [
        (1, "Follow up.", None),
        (2, "Follow through.", "Agreed."),
    ]
    assert versions[1]["written_by"]["name"] == "Chanda Mwila"
    assert workgroups.read(by, f"{path}/1") == versions[0]
    found = workgroups.read(None, f"{path}/2/difference")
    assert (found["before"], found["after"]) == (1, 2)
    assert [each["field"] for each in found["fields"]] == ["purpose"]
    assert found["fields"][0]["html"] == "Follow <del>up</del><ins>through</ins>."
    assert workgroups.read(by, f"{path}/1/difference")["fields"] == []
    back = workgroups.read(by, f"{path}/1/difference?since=2")["fields"][0]["html"]
    assert back == "Follow <del>through</del><ins>up</ins>."


def test_a_version_that_is_not_there_is_named(workgroups: Workgroups) -> None:
    by = workgroups.coordinator()
    path = f"/groups/{workgroups.group(by)['id']}/charters"
    for place in ("2", "2/difference", "1/difference?since=7"):
        missing = workgroups.send(by, "GET", f"{path}/{place}")
        assert missing.status_code == 404, place
        assert "Its versions are 1 to 1" in missing.json()["detail"]
    for place in ("0", "one", "9" * 30):
        assert workgroups.send(by, "GET", f"{path}/{place}").status_code == 404, place
    assert workgroups.send(by, "GET", f"{path}/1/difference?since=0").status_code == 422


def test_a_new_charter_is_a_version_too(workgroups: Workgroups) -> None:
    by = workgroups.coordinator()
    group = workgroups.group(by)
    path = f"/groups/{group['id']}"
    workgroups.send(by, "POST", f"{path}/conclude", WHY, if_match='"1"')
    body = {"purpose": "Follow up.", "scope": "A second phase.", **WHY}
    again = workgroups.send(by, "POST", f"{path}/recharter", body, if_match='"2"')
    assert (again.status_code, again.json()["charter"]) == (200, 2), again.text


@pytest.mark.parametrize("statement", ["UPDATE charter SET purpose = 'x'", "DELETE FROM charter"])
def test_nobody_rewrites_a_charter(workgroups: Workgroups, statement: str) -> None:
    workgroups.group(workgroups.coordinator())
    with (
        pytest.raises(DBAPIError, match="append-only"),
        workgroups.database.write() as session,
    ):
        session.execute(text(statement))


def reviews(workgroups: Workgroups) -> list[str]:
    return [
        f"{data.review_date} of {data.charter}"
        for _, data in workgroups.published()
        if isinstance(data, GroupReviewDue)
    ]


def test_a_review_date_that_has_come_is_told_once_in_the_zone_of_the_group(
    workgroups: Workgroups,
) -> None:
    by = workgroups.coordinator()
    group = workgroups.group(by, review_date="2027-06-30", time_zone="Asia/Bangkok")
    # Seven hours before midnight in UTC the day begins in Bangkok.
    before = datetime(2027, 6, 29, 16, 59, tzinfo=UTC)
    come = datetime(2027, 6, 29, 17, 0, tzinfo=UTC)
    keep(workgroups.database, before)
    assert reviews(workgroups) == []
    for _ in range(2):
        keep(workgroups.database, come)
    assert reviews(workgroups) == ["2027-06-30 of 1"]

    assert change(workgroups, by, group, 1, review_date="2027-07-01").status_code == 200
    keep(workgroups.database, datetime(2027, 8, 1, tzinfo=UTC))

    assert reviews(workgroups) == ["2027-06-30 of 1", "2027-07-01 of 2"]


def test_a_closed_group_is_not_reviewed(workgroups: Workgroups) -> None:
    by = workgroups.coordinator()
    group = workgroups.group(by, review_date="2027-06-30")
    workgroups.send(by, "POST", f"/groups/{group['id']}/conclude", WHY, if_match='"1"')
    keep(workgroups.database, datetime(2028, 1, 1, tzinfo=UTC))
    assert reviews(workgroups) == []


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        ({"review_date": "2027-02-30"}, "/review_date"),
        ({"review_date": "1989-12-31"}, "/review_date"),
        ({"scope": ""}, "/scope"),
        ({"scope": "x" * 20_001}, "/scope"),
        ({"purpose": None}, ""),
    ],
)
def test_a_bad_charter_is_refused(workgroups: Workgroups, bad: Any, pointer: str) -> None:
    by = workgroups.coordinator()
    group = workgroups.group(by)
    refused = change(workgroups, by, group, 1, **bad)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
