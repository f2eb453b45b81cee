"""The API describes itself: what each operation does, takes and answers, problems included."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import KeySet

from services.workgroups.app import app_of
from services.workgroups.settings import Settings
from shared.database import Database
from shared.identity import LocalKeySet, TokenVerifier
from shared.problems import CONTENT_TYPE
from tests.databases import SqliteServer
from tests.workgroups.world import Workgroups

OPEN = {
    "/calendars/{secret}.ics",
    "/feeds/{secret}.atom",
    "/transitions/groups",
    "/transitions/memberships",
    "/themes",
    "/themes/{slug}",
    "/groups",
    "/groups/{group_id}",
}
ALWAYS = {"413", "500", "503"}


@pytest.fixture(scope="module")
def description(sqlite_server: SqliteServer) -> dict[str, Any]:
    """The OpenAPI document, as served."""
    app = app_of(
        Settings(), Database(sqlite_server.create()), TokenVerifier(LocalKeySet(KeySet([])))
    )
    with TestClient(app) as client:
        described: dict[str, Any] = client.get("/openapi.json").json()
    return described


@pytest.fixture(scope="module")
def operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every operation by its method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def of_the_domain(operations: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    observed = {"health", "problems", "events"}
    return {name: found for name, found in operations.items() if not observed & set(found["tags"])}


def test_there_are_the_operations_that_others_rely_on(
    operations: dict[str, dict[str, Any]],
) -> None:
    assert set(of_the_domain(operations)) == {
        "POST /themes",
        "GET /themes",
        "GET /themes/{slug}",
        "PATCH /themes/{slug}",
        "POST /themes/{slug}/merge",
        "POST /groups",
        "GET /groups",
        "GET /groups/{group_id}",
        "PATCH /groups/{group_id}",
        "POST /groups/{group_id}/adopt",
        "POST /groups/{group_id}/rest",
        "POST /groups/{group_id}/resume",
        "POST /groups/{group_id}/conclude",
        "POST /groups/{group_id}/abandon",
        "POST /groups/{group_id}/replace",
        "POST /groups/{group_id}/recharter",
        "GET /groups/{group_id}/history",
        "GET /groups/{group_id}/charters",
        "GET /groups/{group_id}/charters/{number}",
        "GET /groups/{group_id}/charters/{number}/difference",
        "GET /transitions/groups",
        "POST /groups/{group_id}/members",
        "GET /groups/{group_id}/members",
        "GET /groups/{group_id}/members/{institution_id}",
        "DELETE /groups/{group_id}/members/{institution_id}",
        "POST /groups/{group_id}/members/{institution_id}/remove",
        "POST /groups/{group_id}/members/{institution_id}/confirm",
        "GET /groups/{group_id}/membership-history",
        "POST /groups/{group_id}/requests",
        "POST /groups/{group_id}/invitations",
        "GET /groups/{group_id}/admissions",
        "GET /admissions/{admission_id}",
        "POST /admissions/{admission_id}/approve",
        "POST /admissions/{admission_id}/accept",
        "POST /admissions/{admission_id}/decline",
        "POST /admissions/{admission_id}/withdraw",
        "POST /groups/{group_id}/roles",
        "GET /groups/{group_id}/roles",
        "GET /groups/{group_id}/roles/{participant_id}",
        "POST /groups/{group_id}/roles/{participant_id}/end",
        "POST /groups/{group_id}/roles/{participant_id}/confirm",
        "GET /transitions/memberships",
        "GET /me/groups",
        "GET /me/waiting",
        "POST /groups/{group_id}/updates",
        "GET /groups/{group_id}/updates",
        "GET /updates/{update_id}",
        "PATCH /updates/{update_id}",
        "DELETE /updates/{update_id}",
        "POST /updates/{update_id}/publish",
        "POST /updates/{update_id}/withdraw",
        "PUT /updates/{update_id}/pin",
        "DELETE /updates/{update_id}/pin",
        "GET /updates/{update_id}/history",
        "GET /me/updates",
        "POST /updates/{update_id}/comments",
        "GET /updates/{update_id}/comments",
        "GET /comments/{comment_id}",
        "PATCH /comments/{comment_id}",
        "POST /comments/{comment_id}/withdraw",
        "GET /comments/{comment_id}/history",
        "POST /updates/{update_id}/attachments",
        "GET /attachments/{attachment_id}",
        "DELETE /attachments/{attachment_id}",
        "POST /meetings",
        "GET /meetings",
        "GET /meetings/{meeting_id}",
        "POST /meetings/planned",
        "PATCH /meetings/{meeting_id}",
        "POST /meetings/{meeting_id}/schedule",
        "POST /meetings/{meeting_id}/reschedule",
        "POST /meetings/{meeting_id}/cancel",
        "POST /meetings/{meeting_id}/hold",
        "GET /meetings/{meeting_id}/history",
        "POST /meetings/{meeting_id}/invitations",
        "GET /meetings/{meeting_id}/invitations",
        "DELETE /meetings/{meeting_id}/invitations/{invitation_id}",
        "PUT /meetings/{meeting_id}/reply",
        "PUT /meetings/{meeting_id}/agenda",
        "GET /meetings/{meeting_id}/agenda",
        "PUT /meetings/{meeting_id}/minutes",
        "GET /meetings/{meeting_id}/minutes",
        "POST /meetings/{meeting_id}/minutes/circulate",
        "POST /meetings/{meeting_id}/minutes/agree",
        "GET /meetings/{meeting_id}/minutes/versions",
        "GET /meetings/{meeting_id}/invitation.ics",
        "POST /meetings/{meeting_id}/calendar-replies",
        "POST /me/calendar-address",
        "DELETE /me/calendar-address",
        "POST /groups/{group_id}/calendar-address",
        "DELETE /groups/{group_id}/calendar-address",
        "GET /calendars/{secret}.ics",
        "PUT /meetings/{meeting_id}/attendance",
        "GET /meetings/{meeting_id}/attendance",
        "POST /groups/{group_id}/action-items",
        "POST /groups/{group_id}/action-items/bulk",
        "POST /groups/{group_id}/members/bulk",
        "GET /groups/{group_id}/action-items",
        "GET /action-items",
        "GET /action-items/{action_item_id}",
        "PATCH /action-items/{action_item_id}",
        "POST /action-items/{action_item_id}/log",
        "GET /action-items/{action_item_id}/log",
        "POST /action-items/{action_item_id}/reassignments",
        "GET /action-items/{action_item_id}/reassignments",
        "GET /reassignments/{reassignment_id}",
        "POST /reassignments/{reassignment_id}/accept",
        "POST /reassignments/{reassignment_id}/decline",
        "POST /reassignments/{reassignment_id}/withdraw",
        "POST /meetings/{meeting_id}/agreed-points",
        "GET /meetings/{meeting_id}/agreed-points",
        "GET /agreed-points/{agreed_point_id}",
        "PATCH /agreed-points/{agreed_point_id}",
        "GET /agreed-points/{agreed_point_id}/history",
        "GET /trace/{kind}/{thing_id}",
        "GET /institutions/{institution_id}",
        "GET /me",
        "GET /me/owed",
        "GET /me/meetings",
        "POST /meeting-series",
        "GET /meeting-series",
        "GET /meeting-series/{series_id}",
        "PATCH /meeting-series/{series_id}",
        "GET /meeting-series/{series_id}/meetings",
        "POST /meeting-series/{series_id}/meetings",
        "POST /meeting-series/{series_id}/reschedule",
        "POST /meeting-series/{series_id}/end",
        "POST /meeting-series/{series_id}/invitations",
        "DELETE /meeting-series/{series_id}/invitations",
        "PUT /meeting-series/{series_id}/reply",
        "GET /meeting-series/{series_id}/invitation.ics",
        "POST /meeting-series/{series_id}/calendar-replies",
        "POST /meetings/{meeting_id}/documents",
        "GET /search",
        "GET /groups/{group_id}/feed.atom",
        "GET /themes/{slug}/feed.atom",
        "POST /groups/{group_id}/feed-address",
        "DELETE /groups/{group_id}/feed-address",
        "GET /feeds/{secret}.atom",
        "GET /me/secret-addresses",
        "GET /exports/{what}.{form}",
        "GET /groups/{group_id}/report",
        "GET /groups/{group_id}/record",
    }


def test_every_operation_says_what_it_does(operations: dict[str, dict[str, Any]]) -> None:
    for name, operation in operations.items():
        assert operation["tags"], name
        assert 5 < len(operation["summary"]) <= 60, name
        assert operation["description"].rstrip().endswith("."), name


def test_every_parameter_says_what_it_is(operations: dict[str, dict[str, Any]]) -> None:
    for name, operation in of_the_domain(operations).items():
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), f"{name}: {parameter['name']}"


def test_every_operation_documents_its_problems(operations: dict[str, dict[str, Any]]) -> None:
    for name, operation in of_the_domain(operations).items():
        method, path = name.split(" ")
        answers = operation["responses"]
        expected = set(ALWAYS)
        if method != "GET" or path not in OPEN:
            expected |= {"401"}
        if "{" in path:
            expected |= {"404"}
        if operation.get("requestBody"):
            expected |= {"422"}
        if method == "PATCH":
            expected |= {"412", "428"}
        assert expected <= set(answers), name
        for status, answer in answers.items():
            if int(status) < 400:
                continue
            examples = answer["content"][CONTENT_TYPE]["examples"]
            assert examples, f"{name} {status}"
            for slug, example in examples.items():
                assert example["value"]["type"] == f"/problems/{slug}"
                assert str(example["value"]["status"]) == status


def test_every_body_has_examples_for_what_a_newcomer_must_fill_in(
    description: dict[str, Any], operations: dict[str, dict[str, Any]]
) -> None:
    schemas = description["components"]["schemas"]
    bodies = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        for operation in of_the_domain(operations).values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert len(bodies) == 46
    for body in bodies:
        schema = schemas[body]
        assert schema["additionalProperties"] is False
        for name in schema.get("required", []):
            field = schema["properties"][name]
            assert field.get("examples") or field.get("description") or field.get("enum"), (
                f"{body}.{name}"
            )


def test_the_problems_that_answers_point_to_are_explained(
    embedded_workgroups: Workgroups, operations: dict[str, dict[str, Any]]
) -> None:
    slugs = {
        slug
        for operation in of_the_domain(operations).values()
        for status, answer in operation["responses"].items()
        if int(status) >= 400
        for slug in answer["content"][CONTENT_TYPE]["examples"]
    }
    for slug in slugs:
        assert embedded_workgroups.client.get(f"/problems/{slug}").status_code == 200, slug
