"""Somebody's meetings across groups, with what they replied."""

from typing import Any

from tests.workgroups.meeting_steps import (
    invited,
    just_begun,
    planned,
    replied,
    scheduled,
    taken,
)
from tests.workgroups.stage import MEETING
from tests.workgroups.world import Person, Workgroups


def own(workgroups: Workgroups, person: Person, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = workgroups.read(person, f"/me/meetings?limit=2{query}{cursor}")
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={page['next_cursor']}"


def ids(*meetings: dict[str, Any]) -> list[str]:
    return [meeting["id"] for meeting in meetings]


def test_the_next_meeting_comes_first_and_what_is_over_is_asked_for_apart(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    unv = workgroups.partner()
    person = unv.focal_point
    here, there, foreign = (workgroups.group(coordinator, slug) for slug in ("a", "b", "c"))
    workgroups.join(unv, here)
    workgroups.join(unv, there)
    no_time = {"begins": None, "ends": None}
    open_ended = planned(workgroups, coordinator, here, **no_time)
    late = scheduled(
        workgroups, coordinator, here, begins="2099-05-01T09:00", ends="2099-05-01T10:00"
    )
    next_one = scheduled(workgroups, coordinator, there)
    guest_at = scheduled(
        workgroups, coordinator, foreign, begins="2099-03-20T09:00", ends="2099-03-20T10:00"
    )
    scheduled(workgroups, coordinator, foreign)
    held = scheduled(workgroups, coordinator, here, **just_begun())
    taken(workgroups, coordinator, held, "hold", {"participants_in_person": 3})
    long_ago = workgroups.made(coordinator, "/meetings", {**MEETING, "group_ids": [there["id"]]})
    invited(workgroups, coordinator, guest_at, institutions=[unv])
    invited(workgroups, coordinator, late, people=[person])
    assert replied(workgroups, person, guest_at, "accepted", unv, coming=2).status_code == 200

    coming = own(workgroups, person)
    assert ids(*coming) == ids(next_one, guest_at, late, open_ended)
    [said] = coming[1]["invitations"]
    assert (said["reply"], said["coming"], said["institution_id"]) == ("accepted", 2, str(unv.id))
    assert coming[0]["invitations"] == []
    assert ids(*own(workgroups, person, "&when=past")) == ids(held, long_ago)
    assert ids(*own(workgroups, person, f"&group={there['id']}")) == ids(next_one)
    assert ids(*own(workgroups, person, "&reply=none")) == ids(late)
    assert ids(*own(workgroups, person, "&reply=accepted")) == ids(guest_at)
    assert ids(*own(workgroups, person, "&status=planned")) == ids(open_ended)
    assert workgroups.send(None, "GET", "/me/meetings").status_code == 401
    other_list = workgroups.read(person, "/me/meetings?limit=1")["next_cursor"]
    refused = workgroups.send(person, "GET", f"/me/meetings?when=past&cursor={other_list}")
    assert refused.status_code == 422
