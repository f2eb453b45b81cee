"""Drafts: seen by their institution alone, published by hand or when their time has come."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from services.workgroups import calendar
from services.workgroups.tables import Update
from shared.columns import utc_now
from shared.events.catalogue import InstitutionSuspended, UpdatePosted
from tests.workgroups.posting import Desk, desk_of
from tests.workgroups.world import Workgroups, institution_facts


@pytest.fixture
def desk(workgroups: Workgroups) -> Desk:
    return desk_of(workgroups)


def posted(desk: Desk) -> list[UpdatePosted]:
    return [data for _, data in desk.workgroups.published() if isinstance(data, UpdatePosted)]


def scheduled(desk: Desk, **changes: Any) -> tuple[dict[str, Any], datetime]:
    """Return a draft that is published in an hour, and that time."""
    then = utc_now() + timedelta(hours=1)
    return desk.post(publish_at=then.isoformat(), **changes), then


def keep(desk: Desk, now: datetime) -> int:
    return calendar.keep(desk.workgroups.database, now)["updates_published"]


def test_a_draft_is_seen_by_its_institution_alone_until_it_is_published(desk: Desk) -> None:
    draft = desk.post(draft=True)
    assert (draft["state"], draft["posted_at"]) == ("draft", None)

    for somebody in (None, desk.other.focal_point, desk.coordinator):
        assert desk.status(somebody, draft) == 404
        assert desk.listed(somebody, "?state=draft") == []
    own = desk.member.focal_point
    assert desk.status(own, draft) == 200
    assert desk.listed(own, "?state=draft") == ["News"]
    assert desk.listed(own) == []
    mine = desk.workgroups.read(own, "/me/updates?state=draft")["items"]
    assert [each["id"] for each in mine] == [draft["id"]]
    assert posted(desk) == []

    published = desk.step(draft, "publish")

    assert published.status_code == 200, published.text
    assert published.json()["state"] == "published"
    assert desk.listed() == ["News"]
    assert [str(event.update_id) for event in posted(desk)] == [draft["id"]]
    again = desk.step(published.json(), "publish")
    assert again.status_code == 409
    assert len(posted(desk)) == 1


def test_a_draft_takes_its_place_in_the_list_by_its_publication(desk: Desk) -> None:
    draft = desk.post(title="first written", draft=True)
    desk.post(title="second written")

    desk.step(draft, "publish")

    assert desk.listed() == ["first written", "second written"]


def test_a_draft_is_changed_without_a_trace_and_discarded(desk: Desk) -> None:
    draft = desk.post(draft=True)
    changed = desk.change(draft, title="Better").json()
    assert changed["version"] == 2
    history = f"/updates/{draft['id']}/history"
    assert desk.workgroups.read(desk.member.focal_point, history)["items"] == []

    path = f"/updates/{draft['id']}"
    own = desk.member.focal_point
    stranger = desk.workgroups.send(desk.coordinator, "DELETE", path, if_match='"2"')
    assert stranger.status_code == 404
    gone = desk.workgroups.send(own, "DELETE", path, if_match='"2"')

    assert gone.status_code == 204
    assert desk.status(own, draft) == 404
    with desk.workgroups.database.read() as session:
        assert session.exec(select(Update)).all() == []


def test_what_is_published_is_not_discarded(desk: Desk) -> None:
    update = desk.post()
    path = f"/updates/{update['id']}"

    refused = desk.workgroups.send(desk.member.focal_point, "DELETE", path, if_match='"1"')

    assert refused.status_code == 409
    assert desk.status(None, update) == 200


def test_a_draft_of_one_who_left_the_group_is_not_published(desk: Desk) -> None:
    draft = desk.post(draft=True)
    path = f"/groups/{desk.group['id']}/members/{desk.member.id}"
    assert desk.workgroups.send(desk.member.focal_point, "DELETE", path).status_code == 204

    assert desk.step(draft, "publish").status_code == 409
    assert posted(desk) == []


def test_a_scheduled_update_is_published_when_its_time_has_come_once(desk: Desk) -> None:
    draft, then = scheduled(desk)

    assert keep(desk, then - timedelta(seconds=1)) == 0
    assert desk.status(None, draft) == 404
    assert keep(desk, then) == 1
    assert keep(desk, then) == 0

    assert desk.listed() == ["News"]
    assert len(posted(desk)) == 1
    shown = desk.workgroups.read(None, f"/updates/{draft['id']}")
    assert (shown["publish_at"], shown["state"]) == (None, "published")
    [version] = desk.workgroups.read(None, f"/updates/{draft['id']}/history")["items"]
    assert (version["action"], version["actor_id"]) == ("publish", None)


def test_a_calendar_that_slept_publishes_late_what_was_due(desk: Desk) -> None:
    _, then = scheduled(desk)

    assert keep(desk, then + timedelta(days=30)) == 1

    assert len(posted(desk)) == 1


def test_two_calendars_at_once_publish_an_update_once(desk: Desk) -> None:
    then = max(scheduled(desk)[1] for _ in range(12))

    with ThreadPoolExecutor(2) as pool:
        taken = list(pool.map(lambda _: keep(desk, then), range(2)))

    assert sum(taken) == 12
    assert len(posted(desk)) == 12
    assert len(desk.listed()) == 12


def test_more_are_due_than_fit_into_one_transaction(desk: Desk) -> None:
    then = utc_now() + timedelta(hours=1)
    with desk.workgroups.database.write() as session:
        session.add_all(
            Update(
                group_id=UUID(desk.group["id"]),
                institution_id=desk.member.id,
                posted_by=desk.member.focal_point.id,
                kind="news",
                title=f"News {number}",
                text="Text.",
                publish_at=then,
            )
            for number in range(120)
        )

    assert keep(desk, then) == 120
    assert len(posted(desk)) == 120


def test_a_schedule_is_moved_and_taken_off(desk: Desk) -> None:
    draft, then = scheduled(desk)
    later = then + timedelta(days=1)

    moved = desk.change(draft, publish_at=later.isoformat())
    assert datetime.fromisoformat(moved.json()["publish_at"]) == later
    assert keep(desk, then) == 0
    stopped = desk.change(moved.json(), publish_at=None)
    assert stopped.json()["publish_at"] is None
    assert keep(desk, later) == 0
    assert posted(desk) == []


def test_a_published_update_takes_no_time_to_be_published(desk: Desk) -> None:
    refused = desk.change(desk.post(), publish_at=(utc_now() + timedelta(days=1)).isoformat())

    assert refused.status_code == 409


def test_what_may_not_be_published_any_more_is_held_back_and_says_why(desk: Desk) -> None:
    draft, then = scheduled(desk)
    fine, _ = scheduled(desk_of_same(desk))
    facts = institution_facts(institution_id=desk.member.id, status="suspended", version=9)
    desk.workgroups.tell(InstitutionSuspended(institution=facts, reason="A concern."))

    assert keep(desk, then + timedelta(hours=1)) == 2

    own = desk.workgroups.read(desk.member.focal_point, f"/updates/{draft['id']}")
    assert (own["state"], own["publish_at"]) == ("draft", None)
    assert "suspended" in own["held_back"]
    assert [str(event.update_id) for event in posted(desk)] == [fine["id"]]
    assert keep(desk, then + timedelta(days=1)) == 0


def desk_of_same(desk: Desk) -> Desk:
    """The desk of the other institution, in the same group."""
    desk.workgroups.join(desk.other, desk.group)
    return Desk(desk.workgroups, desk.coordinator, desk.other, desk.member, desk.group)


def test_times_are_kept_to_the_moment_in_any_zone(desk: Desk) -> None:
    then = (utc_now() + timedelta(hours=2)).replace(microsecond=0)
    bangkok = then.astimezone(tz=None)

    draft = desk.post(publish_at=bangkok.isoformat())

    assert datetime.fromisoformat(draft["publish_at"]).astimezone(UTC) == then
