"""What is due soon or overdue becomes an event once for a due date, in the group's time zone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from shared.events.catalogue import ActionItemDueSoon, ActionItemOverdue
from tests.workgroups.action_scene import Scene

NOON = datetime(2021, 3, 28, 5, tzinfo=UTC)
LAST_MOMENT = datetime(2021, 3, 31, 16, 59, 59, tzinfo=UTC)
OVER = datetime(2021, 3, 31, 17, tzinfo=UTC)


def told(scene: Scene, kind: type[Any]) -> list[Any]:
    return [data for _, data in scene.workgroups.published() if isinstance(data, kind)]


def test_it_is_told_three_days_before_and_when_the_day_is_over_in_bangkok(scene: Scene) -> None:
    item = scene.item(due_date="2021-03-31")
    scene.keep_calendar(datetime(2021, 3, 27, 16, 59, tzinfo=UTC))
    assert told(scene, ActionItemDueSoon) == []
    scene.keep_calendar(NOON)
    scene.keep_calendar(LAST_MOMENT)
    (soon,) = told(scene, ActionItemDueSoon)
    assert (str(soon.action.action_item_id), soon.days_left) == (item["id"], 3)
    assert told(scene, ActionItemOverdue) == []
    scene.keep_calendar(OVER)
    (over,) = told(scene, ActionItemOverdue)
    assert (str(over.action.action_item_id), over.days_over) == (item["id"], 1)


def test_it_is_told_once_however_often_the_calendar_looks(scene: Scene) -> None:
    scene.item(due_date="2021-03-31")
    for now in (OVER, OVER, datetime(2021, 5, 1, tzinfo=UTC), OVER):
        scene.keep_calendar(now)
    assert len(told(scene, ActionItemOverdue)) == 1
    assert told(scene, ActionItemDueSoon) == [], "what is late is not due soon"


def test_two_calendars_at_once_tell_once(scene: Scene) -> None:
    for _ in range(12):
        scene.item(due_date="2021-03-31")
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: scene.keep_calendar(OVER), range(4)))
    assert sum(each["action_items_overdue"] for each in taken) == 12
    items = [data.action.action_item_id for data in told(scene, ActionItemOverdue)]
    assert len(items) == len(set(items)) == 12


def test_another_due_date_is_told_again_and_the_version_stays(scene: Scene) -> None:
    item = scene.item(due_date="2021-03-31")
    scene.keep_calendar(OVER)
    read = scene.workgroups.read(scene.coordinator, f"/action-items/{item['id']}")
    assert read["version"] == 1, "a look of the calendar is no edit"
    scene.changed(scene.coordinator, item, due_date="2021-04-30")
    scene.keep_calendar(OVER)
    assert len(told(scene, ActionItemOverdue)) == 1
    scene.keep_calendar(datetime(2021, 5, 1, tzinfo=UTC))
    assert [str(data.action.due_date) for data in told(scene, ActionItemOverdue)] == [
        "2021-03-31",
        "2021-04-30",
    ]


def test_what_is_finished_or_of_a_closed_group_is_not_told(scene: Scene) -> None:
    done, _open = scene.item(due_date="2021-03-31"), scene.item(due_date="2021-03-31")
    scene.changed(scene.unv.focal_point, done, state="done")
    concluded = scene.workgroups.send(
        scene.coordinator,
        "POST",
        f"/groups/{scene.group['id']}/conclude",
        {"reason": "Over."},
        if_match='"1"',
    )
    assert concluded.status_code == 200
    scene.keep_calendar(OVER)
    assert told(scene, ActionItemOverdue) == []
