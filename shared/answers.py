"""Every error as problem+json (RFC 9457), whoever raised it."""

from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from shared.problems import (
    CONFLICT,
    CONTENT_TYPE,
    FORBIDDEN,
    INVALID,
    MALFORMED,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA,
    FieldError,
    Problem,
    ProblemKind,
)

log = structlog.get_logger(__name__)

_BY_STATUS: dict[int, tuple[ProblemKind, str]] = {
    400: (MALFORMED, "The body is not valid JSON. Check it with a JSON validator."),
    401: (UNAUTHENTICATED, "Send a token in the header Authorization."),
    403: (FORBIDDEN, "This is not allowed for you."),
    404: (NOT_FOUND, "There is nothing at this address. The addresses are listed at /docs."),
    405: (METHOD_NOT_ALLOWED, "This address doesn't take that method. See /docs."),
    409: (CONFLICT, "This conflicts with what exists."),
    413: (TOO_LARGE, ""),
    415: (UNSUPPORTED_MEDIA, "Send the body as application/json."),
}


_A_DAY = "Give a day such as 2026-03-31."

_IN_WORDS = {
    "extra_forbidden": "There is no such field: leave it out. /docs shows those there are.",
    "date_parsing": _A_DAY,
    "date_from_datetime_parsing": _A_DAY,
    "date_from_datetime_inexact": _A_DAY,
    "uuid_parsing": "Give an id such as 018f4e2a-0000-7000-8000-000000000000.",
}


def add_problem_handlers(app: FastAPI) -> None:
    """Make ``app`` answer every error as problem+json."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(PoolTimeoutError, _database_away)


def answer(request: Request, problem: Problem) -> Response:
    """Return ``problem`` as a response."""
    request_id = getattr(request.state, "request_id", "unknown")
    root_path = request.scope.get("root_path", "")
    body = problem.body(f"urn:southlink:request:{request_id}", root_path)
    return Response(
        body.model_dump_json(exclude_none=True),
        status_code=problem.kind.status,
        headers=dict(problem.headers),
        media_type=CONTENT_TYPE,
    )


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101
    return answer(request, error)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults: Sequence[Any] = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return answer(request, Problem(*_BY_STATUS[400]))
    if all(fault["loc"][0] == "path" for fault in faults):
        return answer(request, Problem(*_BY_STATUS[404]))
    media_type = request.headers.get("content-type", "")
    body_unread = any(tuple(fault["loc"]) == ("body",) for fault in faults)
    if body_unread and media_type and "json" not in media_type:
        return answer(request, Problem(*_BY_STATUS[415]))
    errors = [FieldError(pointer=_pointer(fault["loc"]), detail=_words(fault)) for fault in faults]
    first = errors[0]
    others = f" ({len(errors) - 1} more below)" if len(errors) > 1 else ""
    where = first.pointer or "the body"
    return answer(
        request, Problem(INVALID, f"Correct {where}: {first.detail}{others}", errors=errors)
    )


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    kind, detail = _BY_STATUS.get(
        error.status_code, (ProblemKind("http", error.status_code, "The request failed"), "")
    )
    headers = dict(error.headers or {})
    return answer(request, Problem(kind, detail or str(error.detail), headers=headers))


def _database_away(request: Request, error: Exception) -> Response:
    log.error("database_away", error=str(error.__cause__ or error))
    return answer(
        request,
        Problem(
            UNAVAILABLE,
            "The database doesn't answer now and nothing was changed. Try again in a few seconds.",
            headers={"Retry-After": "5"},
        ),
    )


def _words(fault: Any) -> str:
    """What to do about a fault: in plain words where those of the validator are about code."""
    if tuple(fault["loc"]) == ("body",) and fault["type"] == "missing":
        return "Send a body of JSON. /docs shows its fields."
    said: str = _IN_WORDS.get(fault["type"], fault["msg"])
    return said


def _pointer(location: Sequence[str | int]) -> str:
    """A JSON Pointer (RFC 6901) into the body, or the name of the header or parameter."""
    place, *path = location
    if place != "body":
        return str(path[0]).replace("_", "-") if place == "header" else str(path[0])
    # Pydantic's mark of a fault in a key, as opposed to the value under it.
    named = [str(part) for part in path if part != "[key]"]
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in named)
