"""Action items of all groups that somebody sees, in one list: what fits, in which order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from services.workgroups.action_item_finding import overdue_somewhere
from services.workgroups.due_dates import is_overdue
from services.workgroups.tables import ActionItem, Group, Theme
from shared.database import Database
from shared.ids import new_id
from tests.workgroups.action_scene import Scene, refused
from tests.workgroups.world import Person


def listed(scene: Scene, person: Person | None, query: str = "") -> list[str]:
    found = scene.workgroups.read(person, f"/action-items?{query}")
    return [item["id"] for item in found["items"]]


def test_each_filter_leaves_what_fits_and_all_of_them_together_as_well(scene: Scene) -> None:
    workgroups, coordinator = scene.workgroups, scene.coordinator
    other = workgroups.group(coordinator, "other")
    workgroups.join(scene.fao, other)
    meeting = scene.meeting("Listen.")
    point = meeting["agreed_points"][0]["id"]
    late = scene.item(due_date="2021-03-31", priority="high", agreed_point_id=point)
    done = scene.item(due_date="2021-01-31")
    scene.changed(scene.unv.focal_point, done, state="done")
    far = workgroups.assign(coordinator, other, scene.fao, due_date="2099-01-01")

    assert listed(scene, None) == [done["id"], late["id"], far["id"]]
    for query, expected in (
        (f"group={other['id']}", [far]),
        (f"group={other['id']}&group={scene.group['id']}", [done, late, far]),
        ("theme=other-theme", [far]),
        ("theme=nothing", []),
        (f"institution={scene.fao.id}", [far]),
        ("priority=high", [late]),
        ("priority=high&priority=normal", [done, late, far]),
        ("state=done", [done]),
        ("state=open&state=done", [done, late, far]),
        ("due_from=2021-03-31", [late, far]),
        ("due_to=2021-03-31", [done, late]),
        ("due_from=2021-02-01&due_to=2021-12-31", [late]),
        ("overdue=true", [late]),
        ("overdue=false", [done, far]),
        (f"meeting={meeting['id']}", [late]),
        (f"agreed_point={point}", [late]),
        (f"state=open&overdue=true&institution={scene.unv.id}&theme=digital-theme", [late]),
        (f"group={new_id()}", []),
    ):
        assert listed(scene, None, query) == [item["id"] for item in expected], query
    [shown] = workgroups.read(None, "/action-items?theme=other-theme")["items"]
    assert shown["group_title"] == "Group other"


@pytest.mark.parametrize("sort", ["due", "number", "changed"])
def test_pages_in_every_order_hold_each_once(scene: Scene, sort: str) -> None:
    other = scene.workgroups.group(scene.coordinator, "other")
    scene.workgroups.join(scene.unv, other)
    items = [scene.item(due_date=day) for day in ("2021-03-02", "2021-03-01", "2021-03-01")]
    items.append(scene.workgroups.assign(scene.coordinator, other, scene.unv))
    scene.changed(scene.unv.focal_point, items[1], state="in_progress")

    found: list[dict[str, Any]] = []
    page = scene.workgroups.read(None, f"/action-items?sort={sort}&limit=1")
    while True:
        found += page["items"]
        if page["next_cursor"] is None:
            break
        path = f"/action-items?sort={sort}&limit=1&cursor={page['next_cursor']}"
        page = scene.workgroups.read(None, path)

    assert {item["id"] for item in found} == {item["id"] for item in items}
    assert len(found) == 4
    keys = {
        "due": [(item["due_date"], item["id"]) for item in found],
        "number": [(item["group_id"], item["number"]) for item in found],
        "changed": [(item["updated_at"], item["id"]) for item in found],
    }
    assert keys[sort] == sorted(keys[sort], reverse=sort == "changed")
    if sort == "changed":
        assert found[0]["id"] == items[1]["id"]


def test_what_belongs_to_a_hidden_group_is_listed_for_those_who_see_it(scene: Scene) -> None:
    hidden = scene.workgroups.group(scene.coordinator, "hidden", visibility="members")
    scene.workgroups.join(scene.unv, hidden)
    secret = scene.workgroups.assign(scene.coordinator, hidden, scene.unv)
    for person in (None, scene.fao.focal_point, scene.workgroups.person()):
        assert listed(scene, person) == []
        assert listed(scene, person, f"group={hidden['id']}") == []
    for member in (scene.unv.focal_point, scene.coordinator):
        assert listed(scene, member) == [secret["id"]]


def test_who_does_what_is_found_by_those_who_learn_it_in_the_group(scene: Scene) -> None:
    person = scene.participant("member", scene.unv)
    item = scene.item(person_ids=[str(person.id)])
    query = f"person={person.id}"
    for one in (person, scene.fao.focal_point, scene.coordinator):
        assert listed(scene, one, query) == [item["id"]]
    outsider = scene.workgroups.partner("CIRDAP").focal_point
    for other in (None, outsider):
        assert listed(scene, other) == [item["id"]]
        assert listed(scene, other, query) == []


def test_what_can_not_be_listed_is_named(scene: Scene) -> None:
    scene.item()
    scene.item()
    path = "/action-items"
    cursor = scene.workgroups.read(None, f"{path}?limit=1")["next_cursor"]
    for query, parameter in (
        ("due_from=2021-02-01&due_to=2021-01-01", "due_to"),
        ("due_from=tomorrow", "due_from"),
        ("state=famous", "state"),
        ("sort=title", "sort"),
        ("group=mine", "group"),
        ("limit=0", "limit"),
        ("cursor=nonsense", "cursor"),
        (f"cursor={cursor}&state=open", "cursor"),
    ):
        answer = scene.workgroups.send(None, "GET", f"{path}?{query}")
        refused(answer, 422)
        assert answer.json()["errors"][0]["pointer"] == parameter, answer.text


ZONES = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Bangkok"]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    hour=st.integers(0, 23),
    days=st.lists(
        st.tuples(st.sampled_from(ZONES), st.integers(-2, 2), st.sampled_from(["open", "done"])),
        max_size=6,
    ),
)
def test_overdue_in_the_list_is_overdue_in_the_group_s_own_time_zone(
    database: Database, hour: int, days: list[tuple[str, int, str]]
) -> None:
    now = datetime(2026, 3, 1, hour, 30, tzinfo=UTC)
    with Session(database.engine) as session:
        theme = Theme(slug="a-theme", title="A theme")
        session.add(theme)
        session.flush()
        groups = {
            zone: Group(
                slug=f"group-{number}",
                title="A group",
                purpose="Meet.",
                theme_id=theme.id,
                time_zone=zone,
            )
            for number, zone in enumerate(ZONES)
        }
        session.add_all(groups.values())
        session.flush()
        items = [
            ActionItem(
                group_id=groups[zone].id,
                number=number,
                title="Do it",
                institution_id=new_id(),
                due_date=date(2026, 3, 1) + timedelta(days=day),
                state=state,
                finished_at=now if state == "done" else None,
                assigned_by=new_id(),
            )
            for number, (zone, day, state) in enumerate(days, start=1)
        ]
        session.add_all(items)
        session.flush()
        zone_of: dict[UUID, str] = {group.id: zone for zone, group in groups.items()}
        expected = {
            item.id
            for item in items
            if is_overdue(item.state, item.due_date, zone_of[item.group_id], now)
        }
        found = session.exec(select(ActionItem.id).where(overdue_somewhere(session, now)))
        assert set(found) == expected
        session.rollback()
