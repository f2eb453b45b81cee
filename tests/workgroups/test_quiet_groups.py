"""A group in which nothing happens for 90 days is suggested to rest; any activity takes it back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.workgroups.calendar import keep
from services.workgroups.tables import Group
from shared.columns import utc_now
from shared.events.catalogue import GroupDormancySuggested
from tests.workgroups.stage import ITEM, MEETING, UPDATE
from tests.workgroups.world import Partner, Person, Workgroups

DAY = timedelta(days=1)


def suggestions(workgroups: Workgroups) -> int:
    return len([d for _, d in workgroups.published() if isinstance(d, GroupDormancySuggested)])


def listed(workgroups: Workgroups, by: Person, suggested: str = "true") -> list[str]:
    found = workgroups.read(by, f"/groups?dormant_suggested={suggested}")["items"]
    return [group["slug"] for group in found]


def test_it_is_suggested_once_after_ninety_days(workgroups: Workgroups) -> None:
    by = workgroups.coordinator()
    workgroups.group(by)
    now = utc_now()
    keep(workgroups.database, now + 89 * DAY)
    assert suggestions(workgroups) == 0
    for days in (91, 91, 92):
        keep(workgroups.database, now + days * DAY)
    assert suggestions(workgroups) == 1
    assert listed(workgroups, by) == ["digital"]
    assert listed(workgroups, by, "false") == []


def test_only_active_groups_are_suggested_to_rest(workgroups: Workgroups) -> None:
    by = workgroups.coordinator()
    group = workgroups.group(by)
    workgroups.send(by, "POST", f"/groups/{group['id']}/rest", {"reason": "Pause."}, if_match='"1"')
    workgroups.group(by, "idea", status="proposed")
    keep(workgroups.database, utc_now() + 200 * DAY)
    assert suggestions(workgroups) == 0


Act = Callable[[Workgroups, Person, Partner, dict[str, Any]], Any]


def of_group(group: dict[str, Any], what: str = "") -> str:
    return f"/groups/{group['id']}{what}"


def posting(workgroups: Workgroups, _by: Person, unv: Partner, group: dict[str, Any]) -> Any:
    body = UPDATE | {"institution_id": str(unv.id)}
    return workgroups.made(unv.focal_point, of_group(group, "/updates"), body)


ACTIVITY: dict[str, Act] = {
    "an update": posting,
    "a meeting": lambda w, by, _, group: w.made(
        by, "/meetings", {**MEETING, "group_ids": [group["id"]]}
    ),
    "an action item": lambda w, by, unv, group: w.made(
        by, of_group(group, "/action-items"), ITEM | {"institution_id": str(unv.id)}
    ),
    "a member": lambda w, *args: w.join(w.partner("FAO"), args[2]),
    "a role": lambda w, by, unv, group: w.made(
        by,
        of_group(group, "/roles"),
        {"person_id": str(unv.focal_point.id), "role": "rapporteur"},
    ),
    "another charter": lambda w, by, _, group: w.send(
        by, "PATCH", of_group(group), {"purpose": "Anew."}, if_match='"1"'
    ),
}


@pytest.mark.parametrize("what", ACTIVITY)
def test_any_activity_takes_the_suggestion_back_at_once(workgroups: Workgroups, what: str) -> None:
    by, unv = workgroups.coordinator(), workgroups.partner("UNV")
    group = workgroups.group(by)
    workgroups.join(unv, group)
    # The suggestion was made at a moment after which all of this happens.
    keep(workgroups.database, utc_now() + 91 * DAY)
    with workgroups.database.write() as session:
        found = session.get_one(Group, UUID(group["id"]))
        assert found.rest_suggested_at is not None
        found.rest_suggested_at = utc_now()
        session.add(found)
    assert listed(workgroups, by) == ["digital"]

    ACTIVITY[what](workgroups, by, unv, group)

    assert listed(workgroups, by) == [], "also before the calendar looks"
    keep(workgroups.database, utc_now())
    with workgroups.database.read() as session:
        assert session.get_one(Group, UUID(group["id"])).rest_suggested_at is None
    keep(workgroups.database, utc_now() + 91 * DAY)
    assert suggestions(workgroups) == 2, "it may be suggested again"
