"""Bad input gets one clear problem with the right status, and changes nothing."""

import functools
from typing import Any

import pytest

from shared.events.catalogue import (
    InstitutionReinstated,
    InstitutionReturned,
    InstitutionSuspended,
    InstitutionWithdrawn,
)
from tests.workgroups.stage import (
    ITEM,
    THEME,
    UNKNOWN,
    UPDATE,
    Stage,
    assert_refused,
    creation,
)
from tests.workgroups.world import Partner, Person, institution_facts


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/themes/no-such-theme", None),
        ("GET", "/groups/{unknown}", None),
        ("PATCH", "/groups/{unknown}", {"title": "T"}),
        ("GET", "/groups/{unknown}/members", None),
        ("GET", "/groups/{group}/members/{outsider}", None),
        ("DELETE", "/groups/{group}/members/{outsider}", None),
        ("DELETE", "/groups/{unknown}/members/{member}", None),
        ("GET", "/groups/{unknown}/updates", None),
        ("GET", "/updates/{unknown}", None),
        ("GET", "/meetings/{unknown}", None),
        ("GET", "/groups/{unknown}/action-items", None),
        ("GET", "/action-items/{unknown}", None),
        ("PATCH", "/action-items/{unknown}", {"state": "done"}),
        ("GET", "/institutions/{unknown}", None),
        ("GET", "/groups/not-an-id", None),
        ("GET", "/nowhere", None),
    ],
)
def test_what_is_unknown_is_not_found(
    stage: Stage, method: str, path: str, body: dict[str, Any] | None
) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.coordinator, method, stage.path(path), body, if_match='"1"'
        ),
        404,
        "not-found",
    )


@pytest.mark.parametrize("what", ["member", "update", "item"])
def test_nothing_is_added_to_an_unknown_group(stage: Stage, what: str) -> None:
    person, path, body = creation(stage, what)
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            person, "POST", path.replace(stage.group["id"], UNKNOWN), body
        ),
        404,
        "not-found",
    )


@pytest.mark.parametrize("what", ["member", "update", "item", "meeting"])
def test_a_closed_group_takes_nothing_new(stage: Stage, what: str) -> None:
    person, path, body = creation(stage, what)
    if what == "meeting":
        body = {**body, "group_ids": [stage.group["id"], stage.archived["id"]]}
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            person, "POST", path.replace(stage.group["id"], stage.archived["id"]), body
        ),
        409,
        "not-allowed-now",
    )


def test_only_members_post_updates_and_answer_for_action_items(stage: Stage) -> None:
    outsider = {"institution_id": str(stage.outsider.id)}
    of_group = f"/groups/{stage.group['id']}"
    for person, path, body in (
        (stage.outsider.focal_point, f"{of_group}/updates", UPDATE | outsider),
        (stage.coordinator, f"{of_group}/action-items", ITEM | outsider),
    ):
        problem = assert_refused(
            stage,
            lambda person=person, path=path, body=body: stage.workgroups.send(  # type: ignore[misc]
                person, "POST", path, body
            ),
            409,
            "not-allowed-now",
        )
        assert "FAO is not a member" in problem["detail"]


def test_an_institution_that_is_not_verified_does_not_join(stage: Stage) -> None:
    body = {"institution_id": stage.unverified}
    path = f"/groups/{stage.group['id']}/members"
    problem = assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "POST", path, body),
        409,
        "not-allowed-now",
    )
    assert "NEW is submitted, not verified" in problem["detail"]


def test_joining_twice_is_refused_in_words(stage: Stage) -> None:
    body = {"institution_id": str(stage.member.id)}
    path = f"/groups/{stage.group['id']}/members"
    problem = assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.member.focal_point, "POST", path, body),
        409,
        "conflict",
    )
    assert problem["detail"].startswith("UNV is a member of “Group digital” already")


def test_who_still_owes_something_does_not_leave(stage: Stage) -> None:
    path = f"/groups/{stage.group['id']}/members/{stage.member.id}"
    problem = assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.member.focal_point, "DELETE", path),
        409,
        "not-allowed-now",
    )
    assert "(number 1)" in problem["detail"]


@pytest.mark.parametrize("what", ["theme", "group"])
def test_a_slug_is_used_once(stage: Stage, what: str) -> None:
    person, path, body = creation(stage, what)
    taken = {"theme": "digital-theme", "group": "digital"}[what]
    assert_refused(
        stage,
        lambda: stage.workgroups.send(person, "POST", path, {**body, "slug": taken}),
        409,
        "conflict",
    )


def test_an_action_item_comes_from_a_meeting_of_its_own_group(stage: Stage) -> None:
    person, path, body = creation(stage, "item")
    foreign = {"meeting_id": stage.other_meeting["id"]}
    point_of_other = {"agreed_point_id": stage.other_meeting["agreed_points"][0]["id"]}
    for bad, pointer in (
        (foreign, "/meeting_id"),
        (point_of_other, "/agreed_point_id"),
        ({"meeting_id": stage.meeting["id"]} | point_of_other, "/agreed_point_id"),
    ):
        assert_refused(
            stage,
            lambda bad=bad: stage.workgroups.send(person, "POST", path, {**body, **bad}),  # type: ignore[misc]
            422,
            "invalid-input",
            pointer,
        )


def test_a_convenor_is_a_known_institution(stage: Stage) -> None:
    person, path, body = creation(stage, "meeting")
    assert_refused(
        stage,
        lambda: stage.workgroups.send(person, "POST", path, {**body, "convenor_id": UNKNOWN}),
        404,
        "not-found",
        "/convenor_id",
    )


EDITS = ["/groups/{group}", "/action-items/{item}"]


@pytest.mark.parametrize("path", EDITS)
@pytest.mark.parametrize(
    ("if_match", "status", "slug"),
    [
        ('"2"', 412, "version-conflict"),
        ('"0"', 412, "version-conflict"),
        (None, 428, "version-required"),
        ("1", 422, "invalid-input"),
        ("*", 422, "invalid-input"),
        ('W/"1"', 422, "invalid-input"),
    ],
)
def test_an_edit_of_another_version_is_refused(
    stage: Stage, path: str, if_match: str | None, status: int, slug: str
) -> None:
    headers = {"if_match": if_match} if if_match else {}
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.coordinator, "PATCH", stage.path(path), {"title": "New"}, **headers
        ),
        status,
        slug,
    )


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/groups/{group}", {}, ""),
        ("/groups/{group}", {"slug": "other"}, "/slug"),
        ("/groups/{group}", {"status": "concluded"}, "/status"),
        ("/groups/{group}", {"reason": "Nothing else."}, ""),
        ("/groups/{group}", {"title": None}, ""),
        ("/groups/{group}", {"title": "A\nB"}, "/title"),
        ("/groups/{group}", {"time_zone": "Nowhere"}, "/time_zone"),
        ("/action-items/{item}", {}, ""),
        ("/action-items/{item}", {"state": "forgotten"}, "/state"),
        ("/action-items/{item}", {"state": "done", "title": None}, ""),
        ("/action-items/{item}", {"due_date": "2101-01-01"}, "/due_date"),
        ("/action-items/{item}", {"institution_id": UNKNOWN}, "/institution_id"),
        ("/action-items/{item}", {"overdue": False}, "/overdue"),
    ],
)
def test_a_bad_edit_is_named(stage: Stage, path: str, body: dict[str, Any], pointer: str) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.coordinator, "PATCH", stage.path(path), body, if_match='"1"'
        ),
        422,
        "invalid-input",
        pointer,
    )


def test_a_state_that_can_not_follow_is_refused(fresh_stage: Stage) -> None:
    path = f"/action-items/{fresh_stage.item['id']}"
    done = fresh_stage.workgroups.send(
        fresh_stage.coordinator, "PATCH", path, {"state": "done"}, if_match='"1"'
    )
    assert done.status_code == 200
    problem = assert_refused(
        fresh_stage,
        lambda: fresh_stage.workgroups.send(
            fresh_stage.coordinator, "PATCH", path, {"state": "blocked"}, if_match='"2"'
        ),
        409,
        "not-allowed-now",
    )
    assert "It can become: in_progress" in problem["detail"]


@pytest.mark.parametrize(
    "query",
    [
        "/themes?limit=0",
        "/themes?limit=201",
        "/themes?cursor=nonsense",
        "/groups?cursor=%00",
        "/groups?limit=many",
        "/meetings?group=digital",
        "/groups/{group}/updates?kind=gossip",
        "/groups/{group}/action-items?state=forgotten",
        "/groups/{group}/action-items?overdue=perhaps",
        "/groups/{group}/action-items?cursor=LTE",
    ],
)
def test_a_bad_question_is_refused(stage: Stage, query: str) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "GET", stage.path(query)),
        422,
        "invalid-input",
    )


def test_a_body_over_the_limit_is_refused(stage: Stage) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.coordinator, "POST", "/themes", {**THEME, "title": "x" * 60_000}
        ),
        413,
        "too-large",
    )


@pytest.mark.parametrize(
    ("content", "media_type", "status", "slug"),
    [
        (b"{", "application/json", 400, "malformed-request"),
        (b"\xff\xfe", "application/json", 400, "malformed-request"),
        (b"[]", "application/json", 422, "invalid-input"),
        (b"null", "application/json", 422, "invalid-input"),
        (b"", "application/json", 422, "invalid-input"),
        (b"slug=trade", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
    ],
)
def test_what_is_not_json_is_refused(
    stage: Stage, content: bytes, media_type: str, status: int, slug: str
) -> None:
    headers = stage.coordinator.headers | {"Content-Type": media_type}
    assert_refused(
        stage,
        lambda: stage.workgroups.client.post("/themes", content=content, headers=headers),
        status,
        slug,
    )


def test_a_key_used_for_something_else_is_refused(fresh_stage: Stage) -> None:
    first = fresh_stage.workgroups.send(
        fresh_stage.coordinator, "POST", "/themes", THEME, idempotency_key="key"
    )
    assert first.status_code == 201
    assert_refused(
        fresh_stage,
        lambda: fresh_stage.workgroups.send(
            fresh_stage.coordinator,
            "POST",
            "/themes",
            {**THEME, "slug": "b"},
            idempotency_key="key",
        ),
        422,
        "idempotency-mismatch",
    )


def not_standing(stage: Stage, partner: Partner, status: str) -> None:
    """Let the registry tell that the partner was returned, suspended or has withdrawn."""
    facts = institution_facts(
        institution_id=partner.id, acronym=partner.acronym, status=status, version=9
    )
    events: dict[str, type[InstitutionReturned | InstitutionSuspended | InstitutionWithdrawn]] = {
        "returned": InstitutionReturned,
        "suspended": InstitutionSuspended,
        "withdrawn": InstitutionWithdrawn,
    }
    stage.workgroups.tell(events[status](institution=facts, reason="Because."))


def acts_of(stage: Stage) -> list[tuple[Person, str, str, dict[str, Any]]]:
    """Return what focal points do in the name of their institutions."""
    posting, joining = creation(stage, "update"), creation(stage, "member")
    return [
        (posting[0], "POST", *posting[1:]),
        (joining[0], "POST", *joining[1:]),
        (
            stage.member.focal_point,
            "PATCH",
            f"/action-items/{stage.item['id']}",
            {"state": "in_progress"},
        ),
    ]


@pytest.mark.parametrize("status", ["returned", "suspended", "withdrawn"])
def test_an_institution_that_no_longer_stands_does_nothing(fresh_stage: Stage, status: str) -> None:
    for partner in (fresh_stage.member, fresh_stage.outsider):
        not_standing(fresh_stage, partner, status)

    for person, method, path, body in acts_of(fresh_stage):
        problem = assert_refused(
            fresh_stage,
            functools.partial(
                fresh_stage.workgroups.send, person, method, path, body, if_match='"1"'
            ),
            409,
            "not-allowed-now",
        )
        assert f"is {status}, not verified" in problem["detail"]


def test_an_institution_that_is_reinstated_takes_part_again(fresh_stage: Stage) -> None:
    for partner in (fresh_stage.member, fresh_stage.outsider):
        not_standing(fresh_stage, partner, "suspended")
        facts = institution_facts(institution_id=partner.id, acronym=partner.acronym, version=10)
        fresh_stage.workgroups.tell(InstitutionReinstated(institution=facts, reason="Settled."))

    answers = [
        fresh_stage.workgroups.send(person, method, path, body, if_match='"1"').status_code
        for person, method, path, body in acts_of(fresh_stage)
    ]

    assert answers == [201, 201, 200]


def test_a_coordinator_moves_what_a_suspended_institution_answers_for(fresh_stage: Stage) -> None:
    not_standing(fresh_stage, fresh_stage.member, "suspended")
    path = f"/action-items/{fresh_stage.item['id']}"

    answer = fresh_stage.workgroups.send(
        fresh_stage.coordinator,
        "PATCH",
        path,
        {"state": "cancelled", "reason": "Suspended."},
        if_match='"1"',
    )

    assert answer.status_code == 200
