"""That applications of one test process share their routes' descriptions and nothing else."""

import gc
from typing import Any
from weakref import ref

from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient

from tests.known_routes import forget_ended_applications

router = APIRouter()


@router.get("/name")
def name(request: Request, times: int = 1) -> str:
    """Return the name of the application."""
    return " ".join([request.app.title] * times)


def client_of(title: str, prefix: str = "") -> TestClient:
    app = FastAPI(title=title)
    app.include_router(router, prefix=prefix)
    return TestClient(app)


def described(title: str) -> Any:
    """Return what an application worked out about the route."""
    app: Any = client_of(title).app
    [included] = [route for route in app.router.routes if hasattr(route, "include_context")]
    [context] = included.effective_candidates()
    return context


def test_each_application_answers_for_itself() -> None:
    first, second = client_of("first"), client_of("second")
    for _ in range(2):
        assert first.get("/name").json() == "first"
        assert second.get("/name?times=2").json() == "second second"
    assert second.get("/name?times=x").status_code == 422


def test_a_router_included_otherwise_is_described_anew() -> None:
    assert client_of("first").get("/name").status_code == 200
    elsewhere = client_of("second", prefix="/other")
    assert elsewhere.get("/other/name").json() == "second"
    assert elsewhere.get("/name").status_code == 404


def test_what_is_known_is_used_again() -> None:
    assert described("first") is described("second")


def ended_application() -> "ref[FastAPI]":
    """Let an application with an endpoint of its own answer once; return what may be left of it."""
    app = FastAPI(title="own")

    @app.get("/own")
    def own() -> str:
        return app.title

    assert TestClient(app).get("/own").json() == "own"
    return ref(app)


def test_an_application_that_ended_is_forgotten() -> None:
    ended = ended_application()
    forget_ended_applications()
    gc.collect()
    assert ended() is None
