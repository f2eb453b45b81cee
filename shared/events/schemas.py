"""What the models of the catalogue yield: JSON Schema for each type, AsyncAPI for each service."""

from typing import Any

from shared.events.catalogue import ALL, CATALOGUE
from shared.events.envelope import Event, EventData

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def data_schema(data: type[EventData]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the data of one event type."""
    schema = data.model_json_schema(mode="serialization")
    return {
        "$schema": JSON_SCHEMA,
        "$id": f"{data.source}/events/schemas/{data.type()}",
        **schema,
        "description": data.__doc__ or "",
    }


def schema_of(type_name: str) -> dict[str, Any] | None:
    """Return the schema of a type by its CloudEvents name, or ``None`` when it is unknown."""
    data = CATALOGUE.get(type_name)
    return data_schema(data) if data else None


def published_by(source: str) -> list[type[EventData]]:
    """Return the event types that a service publishes, in the catalogue's order."""
    return [data for data in ALL if data.source == source]


def asyncapi(source: str, title: str, version: str) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of what a service publishes on its stream.

    https://www.asyncapi.com/docs/reference/specification/v3.0.0
    """
    service = source.removeprefix("/")
    types = published_by(source)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{title}: events",
            "version": version,
            "description": f"The same events are served by GET {source}/feed.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "events": {
                "address": f"events:{service}:{{epoch}}",
                "description": "A Redis stream; an entry's id is <position>-0, its field `event`.",
                "parameters": {"epoch": {"description": "The epoch of the event history."}},
                "messages": {
                    data.type(): {"$ref": f"#/components/messages/{data.type()}"} for data in types
                },
            }
        },
        "operations": {
            "publish": {"action": "send", "channel": {"$ref": "#/channels/events"}},
        },
        "components": {"messages": {data.type(): _message(data) for data in types}},
    }


def _message(data: type[EventData]) -> dict[str, Any]:
    envelope = Event.model_json_schema(mode="serialization")
    envelope["properties"] |= {"type": {"const": data.type()}, "data": data_schema(data)}
    return {
        "name": data.type(),
        "summary": (data.__doc__ or "").strip(),
        "contentType": "application/cloudevents+json",
        "payload": envelope,
    }
