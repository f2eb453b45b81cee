"""Series of meetings for tests, and the steps of their life."""

from typing import Any

from httpx import Response

from tests.workgroups.meeting_steps import LINK
from tests.workgroups.world import Partner, Person, Workgroups

SERIES: dict[str, Any] = {
    "title": "Weekly call",
    "begins": "2099-03-16T14:00:00",
    "ends": "2099-03-16T15:00:00",
    "time_zone": "Europe/Berlin",
    "rule": {"frequency": "weekly", "by_day": ["MO"], "count": 6},
    "mode": "online",
    "link": LINK,
}
"""Six Mondays; clocks are put forward between the second and the third."""


def weekly(
    workgroups: Workgroups, person: Person, *groups: dict[str, Any], **other: Any
) -> dict[str, Any]:
    """Schedule a series of the groups."""
    ids = [group["id"] for group in groups]
    return workgroups.made(person, "/meeting-series", {**SERIES, "group_ids": ids, **other})


def meetings_of(
    workgroups: Workgroups, person: Person | None, series: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the meetings of the series, read in small pages."""
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        path = f"/meeting-series/{series['id']}/meetings?limit=4{cursor}"
        page = workgroups.read(person, path)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={page['next_cursor']}"


def series_step(
    workgroups: Workgroups,
    person: Person,
    series: dict[str, Any],
    name: str,
    **body: Any,
) -> Response:
    """Take a step with the series as it is now; ``change`` changes it."""
    path = f"/meeting-series/{series['id']}"
    version = workgroups.read(person, path)["version"]
    method, path = ("PATCH", path) if name == "change" else ("POST", f"{path}/{name}")
    return workgroups.send(person, method, path, body, if_match=f'"{version}"')


def series_taken(
    workgroups: Workgroups, person: Person, series: dict[str, Any], name: str, **body: Any
) -> dict[str, Any]:
    """Take a step that is allowed and return the series."""
    response = series_step(workgroups, person, series, name, **body)
    assert response.status_code == 200, response.text
    after: dict[str, Any] = response.json()
    assert response.headers["etag"] == f'"{after["version"]}"'
    return after


def invited_to_series(
    workgroups: Workgroups,
    person: Person,
    series: dict[str, Any],
    people: tuple[Person, ...] = (),
    institutions: tuple[Partner, ...] = (),
) -> Response:
    """Invite to every meeting to come."""
    body = {
        "person_ids": [str(each.id) for each in people],
        "institution_ids": [str(each.id) for each in institutions],
    }
    path = f"/meeting-series/{series['id']}/invitations"
    return workgroups.send(person, "POST", path, body)


def whole_series(workgroups: Workgroups, person: Person, group: dict[str, Any]) -> None:
    """Take a series through every step, so that every event of series tells of one."""
    series = weekly(workgroups, person, group)
    other = workgroups.partner("IFAD")
    assert invited_to_series(workgroups, person, series, institutions=(other,)).status_code == 200
    path = f"/meeting-series/{series['id']}"
    reply = {"reply": "accepted", "institution_id": str(other.id), "coming": 2}
    answer = workgroups.send(other.focal_point, "PUT", f"{path}/reply", reply)
    assert answer.status_code == 200, answer.text
    gone = workgroups.send(person, "DELETE", f"{path}/invitations?institution={other.id}")
    assert gone.status_code == 204
    series_taken(workgroups, person, series, "change", title="Call")
    later = {"begins": "2099-03-16T15:00", "ends": "2099-03-16T16:00", "reason": "Later."}
    series_taken(workgroups, person, series, "reschedule", **later)
    series_taken(workgroups, person, series, "end", reason="It is done.")
