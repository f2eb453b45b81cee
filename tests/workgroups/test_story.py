"""A group from its opening to what became of its action items."""

from typing import Any

from shared.events.catalogue import (
    WORKGROUPS,
    ActionItemAssigned,
    ActionItemChanged,
    GroupCreated,
    MeetingRecorded,
    MembershipJoined,
    MembershipLeft,
    UpdatePosted,
)
from shared.events.schemas import published_by
from tests.workgroups.action_scene import every_step_of_an_action_item
from tests.workgroups.belonging import every_step
from tests.workgroups.meeting_steps import agreed_minutes, sent_document, whole_life
from tests.workgroups.posting import Desk
from tests.workgroups.series_steps import whole_series
from tests.workgroups.world import Partner, Person, Workgroups

MEETING: dict[str, Any] = {
    "title": "Focal points retreat",
    "date": "2020-12-15",
    "place": "Bangkok, Thailand",
    "time_zone": "Asia/Bangkok",
    "mode": "hybrid",
    "participants_in_person": 19,
    "participants_online": 16,
    "agreed_points": ["Listen closely to the demands.", "Involve all interested agencies."],
}


def story(workgroups: Workgroups) -> tuple[Person, Partner, dict[str, Any], dict[str, Any]]:
    coordinator = workgroups.coordinator()
    unv = workgroups.partner("UNV")
    group = workgroups.group(coordinator, time_zone="Asia/Bangkok", results="Shared training.")
    meeting = workgroups.made(
        coordinator,
        "/meetings",
        {**MEETING, "group_ids": [group["id"]], "convenor_id": str(unv.id)},
    )
    workgroups.join(unv, group)
    return coordinator, unv, group, meeting


def test_what_was_agreed_is_done_by_somebody_until_a_day(workgroups: Workgroups) -> None:
    coordinator, unv, group, meeting = story(workgroups)
    point = meeting["agreed_points"][1]
    assert (point["number"], point["text"]) == (2, "Involve all interested agencies.")

    item = workgroups.assign(coordinator, group, unv, agreed_point_id=point["id"])
    assert item["number"] == 1
    assert item["meeting_id"] == meeting["id"], "the agreed point names its meeting"
    assert item["overdue"] is True
    assert item["institution_acronym"] == "UNV"

    path = f"/action-items/{item['id']}"
    begun = workgroups.send(
        unv.focal_point, "PATCH", path, {"state": "in_progress"}, if_match='"1"'
    )
    assert (begun.status_code, begun.headers["etag"]) == (200, '"2"')
    done = workgroups.send(unv.focal_point, "PATCH", path, {"state": "done"}, if_match='"2"')
    assert done.json()["overdue"] is False
    assert workgroups.read(coordinator, path) == done.json()

    listed = f"/groups/{group['id']}/action-items"
    assert workgroups.read(coordinator, f"{listed}?overdue=true")["items"] == []
    assert workgroups.read(coordinator, f"{listed}?overdue=false")["items"] == [done.json()]
    assert workgroups.read(coordinator, f"{listed}?state=done")["items"] == [done.json()]


def test_every_event_of_the_catalogue_is_published_with_its_facts(workgroups: Workgroups) -> None:
    coordinator, unv, group, meeting = story(workgroups)
    update = workgroups.made(
        unv.focal_point,
        f"/groups/{group['id']}/updates",
        {
            "institution_id": str(unv.id),
            "kind": "opportunity",
            "title": "Volunteers",
            "text": "Three hundred can teach online.\n\nTell us where.",
        },
    )
    desk = Desk(workgroups, coordinator, unv, unv, group)
    assert desk.pin(update).status_code == 200
    comment = desk.comment(update)
    assert desk.change_comment(comment, text="Better.").status_code == 200
    assert desk.withdraw_comment({**comment, "version": 2}).status_code == 200
    edited = desk.change({**update, "version": 2}, title="Volunteers online")
    assert desk.withdraw(edited.json()).status_code == 200
    item = workgroups.assign(coordinator, group, unv)
    changed = workgroups.send(
        coordinator,
        "PATCH",
        f"/action-items/{item['id']}",
        {
            "state": "cancelled",
            "reason": "Another group does it.",
            "title": "Do it well",
            "due_date": "2021-04-30",
        },
        if_match='"1"',
    )
    assert changed.status_code == 200, changed.text
    workgroups.made(
        unv.focal_point, f"/action-items/{item['id']}/log", {"text": "We asked around."}
    )
    renamed = workgroups.send(
        coordinator, "PATCH", f"/groups/{group['id']}", {"title": "Digital"}, if_match='"1"'
    )
    assert (renamed.status_code, renamed.headers["etag"]) == (200, '"2"')
    held = whole_life(workgroups, coordinator, group)
    assert sent_document(workgroups, coordinator, held).status_code == 201
    agreed_minutes(workgroups, coordinator, held)
    whole_series(workgroups, coordinator, group)
    left = workgroups.send(unv.focal_point, "DELETE", f"/groups/{group['id']}/members/{unv.id}")
    assert left.status_code == 204

    published = workgroups.published()
    by_type = {type(data): (event, data) for event, data in published}
    every_step(workgroups)
    every_step_of_an_action_item(workgroups)
    told = {type(data) for _, data in workgroups.published()}
    assert told == set(published_by(WORKGROUPS))

    _, created = by_type[GroupCreated]
    assert isinstance(created, GroupCreated)
    assert created.group.theme_title == "A theme"
    assert created.group.purpose == "Follow up."

    event, joined = by_type[MembershipJoined]
    assert event.subject == f"groups/{group['id']}/members/{unv.id}"
    assert isinstance(joined, MembershipJoined)
    assert (joined.institution_acronym, joined.theme_slug) == ("UNV", "digital-theme")
    _, ended = by_type[MembershipLeft]
    assert isinstance(ended, MembershipLeft)
    assert ended.group_title == "Digital"

    event, recorded = next(told for told in published if isinstance(told[1], MeetingRecorded))
    assert event.subject == f"meetings/{meeting['id']}"
    assert isinstance(recorded, MeetingRecorded)
    assert [point.number for point in recorded.agreed_points] == [1, 2]
    assert [str(found.group_id) for found in recorded.groups] == [group["id"]]
    assert recorded.participants_in_person + recorded.participants_online == 35

    event, posted = by_type[UpdatePosted]
    assert event.subject == f"updates/{update['id']}"
    assert isinstance(posted, UpdatePosted)
    assert posted.text == "Three hundred can teach online.\n\nTell us where."
    assert posted.group_title == "Group digital"

    event, assigned = by_type[ActionItemAssigned]
    assert event.subject == f"action-items/{item['id']}"
    assert isinstance(assigned, ActionItemAssigned)
    assert (assigned.action.number, assigned.action.state) == (1, "open")
    _, moved = by_type[ActionItemChanged]
    assert isinstance(moved, ActionItemChanged)
    assert (moved.action.state, moved.action.version) == ("cancelled", 2)
    assert str(moved.action.due_date) == "2021-04-30"


def test_no_event_carries_an_address_of_a_person(workgroups: Workgroups) -> None:
    story(workgroups)
    assert all("@" not in event.to_json() for event, _ in workgroups.published())


def test_asking_for_what_is_already_so_changes_nothing_and_tells_nobody(
    workgroups: Workgroups,
) -> None:
    coordinator, unv, group, _ = story(workgroups)
    item = workgroups.assign(coordinator, group, unv)
    before = workgroups.everything()

    same_item = workgroups.send(
        coordinator,
        "PATCH",
        f"/action-items/{item['id']}",
        {"state": "open", "due_date": item["due_date"]},
        if_match='"1"',
    )
    same_group = workgroups.send(
        coordinator, "PATCH", f"/groups/{group['id']}", {"title": group["title"]}, if_match='"1"'
    )

    assert (same_item.status_code, same_item.headers["etag"]) == (200, '"1"')
    assert (same_group.status_code, same_group.headers["etag"]) == (200, '"1"')
    assert workgroups.everything() == before


def test_a_creation_sent_twice_with_its_key_happens_once(workgroups: Workgroups) -> None:
    coordinator, unv, group, _ = story(workgroups)
    body = {"title": "Do it", "institution_id": str(unv.id), "due_date": "2021-03-31"}
    path = f"/groups/{group['id']}/action-items"
    first = workgroups.send(coordinator, "POST", path, body, idempotency_key="once")
    before = workgroups.everything()
    again = workgroups.send(coordinator, "POST", path, body, idempotency_key="once")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["location"] == f"/action-items/{first.json()['id']}"
    assert again.headers["etag"] == '"1"'
    assert workgroups.everything() == before


def test_an_institution_that_left_may_join_again(workgroups: Workgroups) -> None:
    coordinator, unv, group, _ = story(workgroups)
    members = f"/groups/{group['id']}/members"
    assert workgroups.send(unv.focal_point, "DELETE", f"{members}/{unv.id}").status_code == 204
    assert workgroups.read(coordinator, members)["items"] == []
    workgroups.join(unv, group)
    found = workgroups.read(coordinator, members)["items"]
    assert [member["institution_acronym"] for member in found] == ["UNV"]
    assert workgroups.read(coordinator, f"{members}/{unv.id}") == found[0]


def test_lists_are_paged_and_filtered(workgroups: Workgroups) -> None:
    coordinator, unv, group, _ = story(workgroups)
    kinds = ["news", "resource", "news"]
    for number, kind in enumerate(kinds):
        workgroups.made(
            unv.focal_point,
            f"/groups/{group['id']}/updates",
            {"institution_id": str(unv.id), "kind": kind, "title": f"{number}", "text": "Text."},
        )
    path = f"/groups/{group['id']}/updates"
    first = workgroups.read(coordinator, f"{path}?limit=2")
    second = workgroups.read(coordinator, f"{path}?limit=2&cursor={first['next_cursor']}")
    titles = [update["title"] for update in first["items"] + second["items"]]
    assert titles == ["2", "1", "0"]
    assert second["next_cursor"] is None
    news = workgroups.read(coordinator, f"{path}?kind=news")["items"]
    assert [update["title"] for update in news] == ["2", "0"]
    assert workgroups.read(coordinator, f"/updates/{news[0]['id']}") == news[0]

    other = workgroups.group(coordinator, "health")
    of_theme = workgroups.read(None, "/groups?theme=health-theme")["items"]
    assert [found["id"] for found in of_theme] == [other["id"]]
    assert workgroups.read(coordinator, f"/meetings?group={other['id']}")["items"] == []
    assert len(workgroups.read(coordinator, f"/meetings?group={group['id']}")["items"]) == 1


def test_metrics_show_groups_members_updates_and_action_items(workgroups: Workgroups) -> None:
    coordinator, unv, group, _ = story(workgroups)
    workgroups.assign(coordinator, group, unv)
    workgroups.assign(coordinator, group, unv, due_date="2100-01-01")
    metrics = workgroups.client.get("/metrics").text
    for line in (
        'southlink_groups{status="active"} 1.0',
        "southlink_members 1.0",
        "southlink_updates 0.0",
        "southlink_meetings 1.0",
        'southlink_action_items{state="open"} 2.0',
        "southlink_action_items_overdue 1.0",
        "southlink_outbox_depth 6.0",
        'southlink_parked_events{source="/registry"} 0.0',
    ):
        assert line in metrics.splitlines(), line
