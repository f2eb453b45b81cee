"""The API's own description: complete enough to be used without asking."""

from typing import Any

import pytest
from joserfc.jwk import KeySet

from services.notifier.app import app_of
from services.notifier.settings import Settings
from shared.database import Database
from shared.identity import LocalKeySet, TokenVerifier
from tests.databases import SqliteServer

OBSERVATION = {"GET /health/ready", "GET /problems/{slug}"}
"""Pages about the service itself, which answer in forms of their own."""


@pytest.fixture(scope="module")
def operations(sqlite_server: SqliteServer) -> dict[str, dict[str, Any]]:
    """Every operation of the notifier, by method and path."""
    database = Database(sqlite_server.create())
    app = app_of(Settings(), database, TokenVerifier(LocalKeySet(KeySet([]))))
    paths = app.openapi()["paths"]
    database.close()
    return {
        f"{method.upper()} {path}": operation
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def test_the_api_is_what_was_agreed(operations: dict[str, dict[str, Any]]) -> None:
    assert {
        "POST /subscriptions",
        "POST /subscriptions/{subscription_id}/confirm",
        "GET /confirm",
        "POST /confirm",
        "GET /preferences",
        "POST /preferences",
        "POST /preferences/feed",
        "POST /preferences/feed-end",
        "GET /unsubscribe",
        "POST /unsubscribe",
        "GET /erase",
        "POST /erase",
        "GET /digest",
        "POST /digest-runs",
        "GET /digest-runs",
        "GET /digest-runs/{run_id}",
        "GET /deliveries",
        "POST /deliveries/{delivery_id}/retry",
        "POST /deliveries/{delivery_id}/resend",
        "POST /announcements",
        "GET /announcements",
        "GET /announcements/{announcement_id}",
        "PATCH /announcements/{announcement_id}",
        "GET /announcements/{announcement_id}/recipients",
        "POST /announcements/{announcement_id}/submission",
        "POST /announcements/{announcement_id}/approval",
        "POST /announcements/{announcement_id}/refusal",
        "POST /announcements/{announcement_id}/cancellation",
        "GET /previews",
        "GET /previews/{template}",
        "POST /previews/{template}/sending",
        "GET /sending",
        "POST /sending/pause",
        "POST /sending/resume",
        "POST /bounces",
        "GET /bounces",
        "GET /bounces/{report_id}",
        "GET /suppressions",
        "POST /suppressions",
        "GET /suppressions/export",
        "POST /suppressions/import",
        "GET /suppressions/{suppression_id}",
        "DELETE /suppressions/{suppression_id}",
        "POST /webhooks",
        "GET /webhooks",
        "GET /webhooks/{endpoint_id}",
        "PATCH /webhooks/{endpoint_id}",
        "DELETE /webhooks/{endpoint_id}",
        "POST /webhooks/{endpoint_id}/secret",
        "POST /webhooks/{endpoint_id}/test",
        "GET /webhooks/{endpoint_id}/messages",
        "GET /webhooks/{endpoint_id}/messages/{message_id}",
        "POST /webhooks/{endpoint_id}/messages/{message_id}/replay",
        "POST /webhooks/{endpoint_id}/replay",
        "GET /me",
        "GET /me/subscriptions",
        "POST /me/subscriptions",
        "GET /me/subscriptions/{subscription_id}",
        "PATCH /me/subscriptions/{subscription_id}",
        "DELETE /me/subscriptions/{subscription_id}",
        "POST /me/subscriptions/{subscription_id}/feed-address",
        "DELETE /me/subscriptions/{subscription_id}/feed-address",
        "GET /feeds/{secret}.atom",
        "GET /me/reading",
        "PATCH /me/reading",
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
    } <= operations.keys()


def test_every_operation_has_a_summary_and_a_description(
    operations: dict[str, dict[str, Any]],
) -> None:
    for name, operation in operations.items():
        assert operation.get("summary"), name
        assert operation.get("description"), name
        assert operation.get("tags"), name


def test_every_operation_documents_its_problems(operations: dict[str, dict[str, Any]]) -> None:
    for name, operation in operations.items():
        for status, response in operation["responses"].items():
            if int(status) >= 400 and name not in OBSERVATION:
                assert "application/problem+json" in response["content"], (name, status)
        if "requestBody" in operation:
            assert {"413", "422"} <= operation["responses"].keys(), name
        if operation.get("security"):
            assert {"401"} <= operation["responses"].keys(), name


def test_every_parameter_is_described(operations: dict[str, dict[str, Any]]) -> None:
    for name, operation in operations.items():
        for parameter in operation.get("parameters", []):
            if not name.startswith("GET /problems"):
                assert parameter.get("description"), (name, parameter["name"])
