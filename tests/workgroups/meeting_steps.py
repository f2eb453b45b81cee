"""Meetings for tests: planned ones, and the steps of their life."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from httpx import Response

from services.workgroups.tables import Participant
from shared.columns import utc_now
from tests.workgroups.files import PDF
from tests.workgroups.world import Partner, Person, Workgroups

SLOT: dict[str, Any] = {
    "begins": "2099-03-16T09:30:00",
    "ends": "2099-03-16T12:00:00",
    "time_zone": "Asia/Bangkok",
}
LINK = "https://meet.example.org/south-south"
PLAN: dict[str, Any] = {
    **SLOT,
    "title": "Follow-up",
    "mode": "hybrid",
    "place": "Bangkok, Thailand",
    "link": LINK,
}


def minutes_from_now(minutes: int) -> str:
    """Return what clocks in UTC show then."""
    moment = utc_now() + timedelta(minutes=minutes)
    return moment.replace(second=0, microsecond=0, tzinfo=None).isoformat()


def just_begun() -> dict[str, Any]:
    """Return the slot of a meeting that began a while ago."""
    return {
        "begins": minutes_from_now(-60),
        "ends": minutes_from_now(60),
        "time_zone": "UTC",
    }


def in_role(workgroups: Workgroups, group: dict[str, Any], role: str) -> Person:
    """Return somebody who has a role in the group."""
    person = workgroups.person()
    with workgroups.database.write() as session:
        session.add(Participant(group_id=UUID(group["id"]), person_id=person.id, role=role))
    return person


def planned(
    workgroups: Workgroups, person: Person, *groups: dict[str, Any], **other: Any
) -> dict[str, Any]:
    """Plan a meeting of the groups."""
    ids = [group["id"] for group in groups]
    return workgroups.made(person, "/meetings/planned", {**PLAN, "group_ids": ids, **other})


def scheduled(
    workgroups: Workgroups, person: Person, *groups: dict[str, Any], **other: Any
) -> dict[str, Any]:
    """Schedule a meeting of the groups."""
    return planned(workgroups, person, *groups, **{"status": "scheduled", **other})


def step(
    workgroups: Workgroups,
    person: Person | None,
    meeting: dict[str, Any],
    name: str,
    body: Any = None,
) -> Response:
    """Take a step with the meeting, as of the version given."""
    return workgroups.send(
        person,
        "POST",
        f"/meetings/{meeting['id']}/{name}",
        body,
        if_match=f'"{meeting["version"]}"',
    )


def taken(
    workgroups: Workgroups, person: Person, meeting: dict[str, Any], name: str, body: Any = None
) -> dict[str, Any]:
    """Take a step that is allowed and return the meeting."""
    response = step(workgroups, person, meeting, name, body)
    assert response.status_code == 200, response.text
    after: dict[str, Any] = response.json()
    assert response.headers["etag"] == f'"{after["version"]}"'
    return after


def changed(
    workgroups: Workgroups, person: Person, meeting: dict[str, Any], **changes: Any
) -> Response:
    """Change the meeting, as of the version given."""
    return workgroups.send(
        person,
        "PATCH",
        f"/meetings/{meeting['id']}",
        changes,
        if_match=f'"{meeting["version"]}"',
    )


def whole_life(workgroups: Workgroups, person: Person, group: dict[str, Any]) -> dict[str, Any]:
    """Plan a meeting and take it through every step; every event of meetings tells of one."""
    meeting = planned(workgroups, person, group)
    meeting = taken(workgroups, person, meeting, "schedule")
    meeting = changed(workgroups, person, meeting, title="Second follow-up", capacity=1).json()
    others = [workgroups.partner(acronym) for acronym in ("FAO", "WHO")]
    first, _ = invited(workgroups, person, meeting, institutions=others)
    for other in others:
        replied(workgroups, other.focal_point, meeting, "accepted", other)
    workgroups.send(person, "DELETE", f"/meetings/{meeting['id']}/invitations/{first['id']}")
    meeting = taken(workgroups, person, meeting, "cancel", {"reason": "The hall burnt down."})
    again = {**just_begun(), "reason": "There is another hall."}
    meeting = taken(workgroups, person, meeting, "reschedule", again)
    return taken(workgroups, person, meeting, "hold", {"participants_in_person": 12})


def sent_document(
    workgroups: Workgroups, person: Person, meeting: dict[str, Any], name: str = "agenda.pdf"
) -> Response:
    """Add a document to the meeting."""
    answer: Response = workgroups.client.post(
        f"/meetings/{meeting['id']}/documents",
        params={"name": name},
        content=PDF,
        headers={"Content-Type": "application/pdf", **person.headers},
    )
    return answer


def agreed_minutes(
    workgroups: Workgroups, person: Person, meeting: dict[str, Any], text: str = "All took part."
) -> None:
    """Write minutes, circulate them and agree them."""
    path = f"/meetings/{meeting['id']}/minutes"
    steps = (("PUT", path, {"text": text}), ("POST", f"{path}/circulate", None))
    for seen, (method, where, body) in enumerate((*steps, ("POST", f"{path}/agree", None))):
        answer = workgroups.send(person, method, where, body, if_match=f'"{seen}"')
        assert answer.status_code == 200, answer.text


def invited(
    workgroups: Workgroups,
    person: Person,
    meeting: dict[str, Any],
    people: Sequence[Person] = (),
    institutions: Sequence[Partner] = (),
) -> list[dict[str, Any]]:
    """Invite people and institutions; return their invitations."""
    body = {
        "person_ids": [str(each.id) for each in people],
        "institution_ids": [str(each.id) for each in institutions],
    }
    response = workgroups.send(person, "POST", f"/meetings/{meeting['id']}/invitations", body)
    assert response.status_code == 200, response.text
    answer: list[dict[str, Any]] = response.json()
    return answer


def replied(
    workgroups: Workgroups,
    person: Person,
    meeting: dict[str, Any],
    reply: str,
    institution: Partner | None = None,
    *,
    coming: int = 1,
) -> Response:
    """Reply to an invitation, for oneself or for an institution."""
    body: dict[str, Any] = {"reply": reply}
    if institution is not None:
        body |= {"institution_id": str(institution.id), "coming": coming}
    return workgroups.send(person, "PUT", f"/meetings/{meeting['id']}/reply", body)
