"""Requests at once share the connections of the pool: none waits for one that it holds itself."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy.pool import QueuePool

from services.registry import pages, routes
from shared import web
from tests.registry.journey import Person, Registry
from tests.registry.test_concurrency import at_once

AT_ONCE = 40
"""Four times the connections that there are."""

READS = web._reading
WRITES = web._writing


def routes_of_the_registry() -> Iterator[APIRoute]:
    for package in (routes, pages):
        for module in pkgutil.iter_modules(package.__path__):
            found = importlib.import_module(f"{package.__name__}.{module.name}")
            router = getattr(found, "router", None)
            if router is not None:
                yield from (route for route in router.routes if isinstance(route, APIRoute))


def dependencies(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    for each in dependant.dependencies:
        yield each.call
        yield from dependencies(each)


def test_no_route_reads_beside_its_transaction() -> None:
    every = list(routes_of_the_registry())
    both = [
        f"{route.methods} {route.path}"
        for route in every
        if {READS, WRITES} <= set(dependencies(route.dependant))
    ]

    assert len(every) > 100
    assert both == []


def test_more_requests_at_once_than_connections_are_all_answered(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator = registry.coordinator()
    institution, focal_point = registry.submitted()
    for engine in (registry.database.engine, registry.database.reader):
        assert isinstance(engine.pool, QueuePool)
        # Who waits for a connection that only it could give back must not take half a minute.
        monkeypatch.setattr(engine.pool, "_timeout", 15)

    def act(number: int) -> int:
        return _one_of_many(registry, institution["id"], coordinator, focal_point, number)

    assert set(at_once(AT_ONCE, act)) <= {200, 201, 202, 412}


def _one_of_many(
    registry: Registry, institution_id: str, coordinator: Person, by: Person, number: int
) -> int:
    path = f"/institutions/{institution_id}"
    requests: list[Callable[[], Any]] = [
        lambda: registry.client.get(path, headers=coordinator.headers),
        lambda: registry.client.get("/flags", headers=coordinator.headers),
        lambda: registry.client.get("/verification-queue", headers=coordinator.headers),
        lambda: registry.client.get("/me/export", headers=by.headers),
        lambda: registry.client.post(
            f"{path}/flags",
            json={"severity": "information", "reason": "Seen."},
            headers={**coordinator.headers, "Idempotency-Key": f"flag-{number}"},
        ),
        lambda: registry.client.patch(
            path,
            json={"website": f"https://example.org/{number}"},
            headers={**by.headers, "If-Match": '"2"'},
        ),
        lambda: registry.client.get("/imports", headers=coordinator.headers),
        lambda: registry.client.post(
            f"/imports?file_name={number}.csv",
            content=f"name,organisation_type\r\nInstitute {number},80\r\n",
            headers={**coordinator.headers, "Content-Type": "text/csv"},
        ),
    ]
    status: int = requests[number % len(requests)]().status_code
    return status
