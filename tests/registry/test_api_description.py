"""The OpenAPI document: complete for somebody who has only that."""

from pathlib import Path
from typing import Any

import pytest

from services.registry.app import create_app
from services.registry.settings import Settings
from shared.problems import CONTENT_TYPE

OF_ITS_PEOPLE = {"/people/", "/invitations", "/hand-over"}
"""What is done with the people of an institution makes no version of its profile."""

EXCEPT_JSON = {"/metrics", "/feed", "/problems/{slug}"}


@pytest.fixture(scope="module")
def description(signing_key_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The OpenAPI document of the service."""
    folder = tmp_path_factory.mktemp("description")
    settings = Settings(
        database_url=f"sqlite:///{folder / 'registry.db'}", signing_key_file=signing_key_file
    )
    return create_app(settings).openapi()


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_says_what_it_is_for(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        assert operation.get("summary"), (method, path)
        assert operation.get("description"), (method, path)
        assert operation.get("tags"), (method, path)
        assert not operation["summary"].endswith("."), (method, path)


def test_every_parameter_is_explained(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path" and path.startswith(("/problems", "/events")):
                continue
            assert parameter.get("description"), (method, path, parameter["name"])


def test_every_answer_has_a_model(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        for status, response in operation["responses"].items():
            if status in {"204", "304"} or path in EXCEPT_JSON:
                continue
            schemas = [content.get("schema") for content in response.get("content", {}).values()]
            assert any(schemas), (method, path, status)


def test_every_operation_documents_its_errors_as_problems(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        errors = {
            status: response
            for status, response in operation["responses"].items()
            if status >= "400" and path != "/health/ready"
        }
        assert {"413", "500"} <= errors.keys() or path == "/health/ready", (method, path)
        for status, response in errors.items():
            assert CONTENT_TYPE in response["content"], (method, path, status)
        if operation.get("security") and path not in {"/institutions/{institution_id}"}:
            assert "401" in errors, (method, path)
        if "requestBody" in operation:
            assert "422" in errors, (method, path)


def test_every_field_of_a_request_has_an_example_or_an_explanation(
    description: dict[str, Any],
) -> None:
    schemas = description["components"]["schemas"]
    for name in ("Registration", "PersonDraft", "Confirmation", "SignInRequest", "KeyRequest"):
        for field, schema in schemas[name]["properties"].items():
            told = {"examples", "description", "default", "$ref"} & schema.keys()
            of_union = any("examples" in option for option in schema.get("anyOf", []))
            assert told or of_union, (name, field)


def test_edits_ask_for_a_version_and_creations_take_a_key(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        headers = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
        of_people = any(part in path for part in OF_ITS_PEOPLE)
        if path.startswith("/institutions/{") and method in {"PATCH", "POST"}:
            assert of_people or headers & {"if-match", "idempotency-key"}, (method, path)
        if method == "PATCH":
            assert "if-match" in headers, (method, path)
    assert "idempotency-key" in {
        parameter["name"]
        for parameter in description["paths"]["/institutions"]["post"]["parameters"]
    }
