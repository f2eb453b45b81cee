"""What publishers and readers of events may rely on.

``fixtures/events`` holds an event of each type as it was published once. Histories keep such events
for ever, so a fixture is never edited; a newer form gets a file of its own beside it.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from shared.events.catalogue import ALL, CATALOGUE, SOURCES, PersonReachable
from shared.events.envelope import Event, EventData
from shared.events.schemas import asyncapi, data_schema, published_by

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "events").glob("*.json"))


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


@cache
def messages(source: str) -> dict[str, Any]:
    # A service describes all of its events at once: for each event anew it would take minutes.
    described: dict[str, Any] = asyncapi(source, "Any", "1")["components"]["messages"]
    return described


@cache
def message_validator(data: type[EventData]) -> Draft202012Validator:
    return validator(messages(data.source)[data.type()]["payload"])


def keeps(then: Any, now: Any) -> bool:
    """Whether ``now`` says all that ``then`` said; it may say more."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(
            key in now and keeps(value, now[key]) for key, value in then.items()
        )
    if isinstance(then, list):
        return (
            isinstance(now, list)
            and len(then) == len(now)
            and all(keeps(*pair) for pair in zip(then, now, strict=True))
        )
    return bool(then == now)


@pytest.fixture(params=FIXTURES, ids=lambda path: path.stem)
def published(request: pytest.FixtureRequest) -> dict[str, Any]:
    """An event as it was published once."""
    event: dict[str, Any] = json.loads(request.param.read_text())
    return event


@pytest.fixture(params=ALL, ids=lambda data: data.name)
def data_type(request: pytest.FixtureRequest) -> type[EventData]:
    """Each type of the catalogue."""
    found: type[EventData] = request.param
    return found


def test_each_type_has_an_event_of_its_past_and_each_of_these_has_its_type() -> None:
    assert {json.loads(path.read_text())["type"] for path in FIXTURES} == set(CATALOGUE)


def test_an_event_of_the_past_is_read_by_the_model_of_today(published: dict[str, Any]) -> None:
    event = Event.model_validate(published)
    data = CATALOGUE[event.type].model_validate(event.data)
    assert keeps(published["data"], data.model_dump(mode="json"))


def test_an_event_of_the_past_fits_the_schemas_of_today(published: dict[str, Any]) -> None:
    data = CATALOGUE[published["type"]]
    validator(data_schema(data)).validate(published["data"])
    message_validator(data).validate(published)


def test_an_event_survives_its_way_through_json_unchanged(published: dict[str, Any]) -> None:
    assert json.loads(Event.model_validate(published).to_json()) == published


def test_a_field_that_a_newer_publisher_adds_disturbs_no_reader(published: dict[str, Any]) -> None:
    longer = {**published, "newattribute": "x", "data": {**published["data"], "new_field": 1}}
    event = Event.model_validate(longer)
    data = CATALOGUE[event.type].model_validate(event.data)
    assert data == CATALOGUE[event.type].model_validate(published["data"])


def test_data_without_what_the_type_promises_fits_neither_model_nor_schema(
    data_type: type[EventData],
) -> None:
    required = [name for name, field in data_type.model_fields.items() if field.is_required()]
    assert required
    assert not validator(data_schema(data_type)).is_valid({})
    with pytest.raises(ValueError, match=required[0]):
        data_type.model_validate({})


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
@pytest.mark.parametrize("kind", ALL, ids=lambda data: data.name)
def test_whatever_a_service_publishes_fits_the_schema_it_publishes(
    kind: type[EventData], data: st.DataObject
) -> None:
    facts = data.draw(st.from_type(kind))
    event = Event.of(facts, subject="things/1").at(7)
    told = json.loads(event.to_json())
    message_validator(kind).validate(told)
    assert kind.model_validate(told["data"]) == facts


def test_one_event_alone_has_a_place_for_an_e_mail_address(data_type: type[EventData]) -> None:
    has_a_place = "mail" in json.dumps(data_schema(data_type)["properties"]).lower()
    assert has_a_place is (data_type is PersonReachable)


def test_a_type_is_published_by_the_one_service_that_it_names(data_type: type[EventData]) -> None:
    assert [source for source in SOURCES if data_type in published_by(source)] == [data_type.source]
    assert data_type.type() == f"org.southlink.{data_type.name}.v{data_type.version}"


@pytest.mark.parametrize("source", SOURCES)
def test_the_description_of_a_services_events_has_no_loose_end(source: str) -> None:
    document = asyncapi(source, "Any", "1")
    messages = document["components"]["messages"]
    [channel] = document["channels"].values()
    assert set(channel["messages"]) == set(messages) == {d.type() for d in published_by(source)}
    for reference in channel["messages"].values():
        assert reference["$ref"].rpartition("/")[2] in messages
