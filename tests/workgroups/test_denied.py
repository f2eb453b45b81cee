"""What somebody may not do is refused; what is foreign is answered like what is unknown."""

from typing import Any
from uuid import uuid4

import pytest
from joserfc.jwk import OKPKey

from shared.events.catalogue import CoordinatorRemoved, FocalPointRemoved, InstitutionUpdated
from shared.identity import Caller, sign_token
from tests.workgroups.stage import (
    THEME,
    UNKNOWN,
    UPDATE,
    Stage,
    assert_refused,
    creation,
)
from tests.workgroups.world import Person, Workgroups, institution_facts


@pytest.mark.parametrize("what", ["theme", "group", "member", "update", "meeting", "item"])
def test_nothing_is_made_without_a_token(stage: Stage, what: str) -> None:
    _, path, body = creation(stage, what)
    assert_refused(
        stage,
        lambda: stage.workgroups.send(None, "POST", path, body),
        401,
        "unauthenticated",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/institutions/{member}",
        "/me",
        "/feed",
    ],
)
def test_what_is_not_open_to_everybody_is_not_read_without_a_token(stage: Stage, path: str) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(None, "GET", stage.path(path)),
        401,
        "unauthenticated",
    )


@pytest.mark.parametrize("what", ["theme", "group", "meeting", "item"])
@pytest.mark.parametrize("who", ["focal point", "nobody", "coordinator's key that only reads"])
def test_only_a_coordinator_makes_themes_groups_meetings_and_action_items(
    stage: Stage, what: str, who: str
) -> None:
    reading = Caller(stage.coordinator.id, "person", frozenset({"feed:read"}))
    callers = {
        "focal point": stage.member.focal_point,
        "nobody": stage.nobody,
        "coordinator's key that only reads": Person(
            reading.id, stage.workgroups.headers_of(reading)
        ),
    }
    _, path, body = creation(stage, what)
    assert_refused(
        stage,
        lambda: stage.workgroups.send(callers[who], "POST", path, body),
        403,
        "forbidden",
    )


def test_a_system_with_the_id_of_a_coordinator_is_not_one(stage: Stage) -> None:
    system = Caller(stage.coordinator.id, "system", frozenset({"act"}))
    headers = stage.workgroups.headers_of(system)
    assert_refused(
        stage,
        lambda: stage.workgroups.client.post("/themes", json=THEME, headers=headers),
        403,
        "forbidden",
    )


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/groups/{group}/members", {}, "/institution_id"),
        ("/groups/{group}/updates", UPDATE, "/institution_id"),
    ],
)
@pytest.mark.parametrize("institution", ["foreign", "unknown"])
def test_a_foreign_institution_is_answered_like_an_unknown_one(
    stage: Stage, path: str, body: dict[str, Any], pointer: str, institution: str
) -> None:
    named = str(stage.outsider.id) if institution == "foreign" else UNKNOWN
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.member.focal_point, "POST", stage.path(path), {**body, "institution_id": named}
        ),
        404,
        "not-found",
        pointer,
    )


def test_a_coordinator_does_not_speak_for_an_institution(stage: Stage) -> None:
    body = {**UPDATE, "institution_id": str(stage.member.id)}
    path = f"/groups/{stage.group['id']}/updates"
    assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "POST", path, body),
        404,
        "not-found",
        "/institution_id",
    )


@pytest.mark.parametrize("who", ["another institution's focal point", "nobody"])
def test_a_foreign_action_item_is_answered_like_an_unknown_one(stage: Stage, who: str) -> None:
    person = stage.nobody if who == "nobody" else stage.outsider.focal_point
    details = {
        assert_refused(
            stage,
            lambda path=path: stage.workgroups.send(  # type: ignore[misc]
                person, "PATCH", path, {"state": "done"}, if_match='"1"'
            ),
            404,
            "not-found",
        )["detail"]
        for path in (f"/action-items/{stage.item['id']}", f"/action-items/{UNKNOWN}")
    }
    assert len(details) == 1


def test_nobody_takes_a_foreign_institution_out_of_a_group(stage: Stage) -> None:
    path = f"/groups/{stage.group['id']}/members/{stage.member.id}"
    for person in (stage.outsider.focal_point, stage.nobody):
        assert_refused(
            stage,
            lambda person=person: stage.workgroups.send(person, "DELETE", path),  # type: ignore[misc]
            404,
            "not-found",
        )


def test_a_registration_that_is_not_verified_is_shown_to_nobody_else(stage: Stage) -> None:
    path = f"/institutions/{stage.unverified}"
    assert_refused(
        stage, lambda: stage.workgroups.send(stage.nobody, "GET", path), 404, "not-found"
    )
    assert stage.workgroups.read(stage.coordinator, path)["status"] == "submitted"


def test_an_institution_is_shown_to_whom_it_says(embedded_workgroups: Workgroups) -> None:
    coordinator, nobody = embedded_workgroups.coordinator(), embedded_workgroups.person()
    other, own = embedded_workgroups.partner("ILO"), embedded_workgroups.partner("UNV")

    def seen(visibility: str, version: int) -> list[bool]:
        facts = institution_facts(institution_id=own.id, visibility=visibility, version=version)
        embedded_workgroups.tell(InstitutionUpdated(institution=facts))
        people = (nobody, other.focal_point, own.focal_point, coordinator)
        path = f"/institutions/{own.id}"
        return [embedded_workgroups.send(by, "GET", path).status_code == 200 for by in people]

    assert seen("public", 4) == [True, True, True, True]
    assert seen("partners", 5) == [False, True, True, True]
    assert seen("private", 6) == [False, False, True, True]


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"due_date": "2022-01-01"}, 403, "forbidden"),
        ({"title": "Something easier"}, 403, "forbidden"),
        ({"state": "done", "due_date": "2022-01-01"}, 403, "forbidden"),
        ({"state": "cancelled"}, 403, "forbidden"),
    ],
)
def test_the_accountable_institution_changes_the_state_alone(
    stage: Stage, body: dict[str, Any], status: int, slug: str
) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.member.focal_point,
            "PATCH",
            f"/action-items/{stage.item['id']}",
            body,
            if_match='"1"',
        ),
        status,
        slug,
    )


def test_only_a_coordinator_edits_a_group(stage: Stage) -> None:
    for person in (stage.member.focal_point, stage.nobody):
        assert_refused(
            stage,
            lambda person=person: stage.workgroups.send(  # type: ignore[misc]
                person, "PATCH", f"/groups/{stage.group['id']}", {"title": "Mine"}, if_match='"1"'
            ),
            403,
            "forbidden",
        )


def test_a_token_that_is_expired_forged_or_broken_is_refused(stage: Stage) -> None:
    caller = Caller(stage.coordinator.id, "person", frozenset({"act"}))
    stranger = OKPKey.generate_key("Ed25519", parameters={"kid": "test"}, auto_kid=False)
    good = sign_token(stage.workgroups.key, caller, 600)
    for token in (
        sign_token(stage.workgroups.key, caller, -60),
        sign_token(stranger, caller, 600),
        good[:-4] + "AAAA",
        good.rsplit(".", 1)[0] + ".",
        str(uuid4()),
    ):
        headers = {"Authorization": f"Bearer {token}"}
        assert_refused(
            stage,
            lambda headers=headers: stage.workgroups.client.post(  # type: ignore[misc]
                "/themes", json=THEME, headers=headers
            ),
            401,
            "unauthenticated",
        )


def test_a_person_s_token_does_not_read_the_feed(stage: Stage) -> None:
    assert_refused(
        stage, lambda: stage.workgroups.send(stage.coordinator, "GET", "/feed"), 403, "forbidden"
    )


def test_a_removed_coordinator_and_focal_point_are_denied_at_the_next_call(
    fresh_stage: Stage,
) -> None:
    fresh_stage.workgroups.tell(
        CoordinatorRemoved(person_id=fresh_stage.coordinator.id),
        FocalPointRemoved(
            person_id=fresh_stage.member.focal_point.id, institution_id=fresh_stage.member.id
        ),
    )
    assert_refused(
        fresh_stage,
        lambda: fresh_stage.workgroups.send(fresh_stage.coordinator, "POST", "/themes", THEME),
        403,
        "forbidden",
    )
    for method, path, body in (
        ("PATCH", f"/action-items/{fresh_stage.item['id']}", {"state": "done"}),
        ("DELETE", f"/groups/{fresh_stage.group['id']}/members/{fresh_stage.member.id}", None),
    ):
        assert_refused(
            fresh_stage,
            lambda method=method, path=path, body=body: fresh_stage.workgroups.send(  # type: ignore[misc]
                fresh_stage.member.focal_point, method, path, body, if_match='"1"'
            ),
            404,
            "not-found",
        )
