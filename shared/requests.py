"""What happens around every request: its id and trace, its limit, its log line, its headers."""

import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.problems import CONTENT_TYPE, INTERNAL, TOO_LARGE, Problem
from shared.telemetry import RequestMetrics, continue_trace, traceparent

log = structlog.get_logger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PARAMETER = re.compile(r"\{[a-z_]+\}")
_UNMATCHED = "(no such address)"

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Sent with every answer that doesn't set its own (OWASP Secure Headers)."""

DOCS_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)
"""The API docs page starts its viewer with an inline script."""


class BodyTooLargeError(HTTPException):
    """The body went over the limit while it was read.

    An HTTPException, because the framework turns any other error in reading a body into a 400.
    """

    def __init__(self, max_body_bytes: int) -> None:
        super().__init__(
            TOO_LARGE.status,
            f"The body is over the limit of {max_body_bytes} bytes. Send less at once.",
        )


class RequestFrame:
    """ASGI middleware around the whole application.

    ``body_limits`` are those of the paths that take more, or less, than ``max_body_bytes``, written
    as routes are: ``/updates/{update_id}/attachments``.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: RequestMetrics,
        max_body_bytes: int,
        body_limits: Mapping[str, int] | None = None,
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.max_body_bytes = max_body_bytes
        self.body_limits = [
            (re.compile(_PARAMETER.sub("[^/]+", path)), limit)
            for path, limit in (body_limits or {}).items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        received_id = headers.get("x-request-id", "")
        request_id = received_id if _REQUEST_ID.fullmatch(received_id) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        trace = traceparent.set(continue_trace(headers.get("traceparent")))
        started = time.perf_counter()
        status = 500
        begun = False

        async def answer(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                begun = True
                status = message["status"]
                answered = MutableHeaders(scope=message)
                answered["X-Request-Id"] = request_id
                # Routes name addresses of this service; its users see them under a prefix.
                if answered.get("location", "").startswith("/"):
                    answered["Location"] = scope.get("root_path", "") + answered["location"]
                if _route(scope) == "/docs":
                    answered["Content-Security-Policy"] = DOCS_POLICY
                for name, value in SECURITY_HEADERS.items():
                    answered.setdefault(name, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._limited(scope, headers, receive, answer)
            except BodyTooLargeError as error:
                await _send_problem(answer, Problem(TOO_LARGE, error.detail), scope)
            except Exception:
                log.exception("request_failed", method=scope["method"], route=_route(scope))
                if begun:
                    raise
                await _send_problem(
                    answer,
                    Problem(
                        INTERNAL,
                        "Something broke on our side and nothing was changed. Try again, and "
                        "tell us this request's id if it happens again.",
                    ),
                    scope,
                )
            finally:
                seconds = time.perf_counter() - started
                self.metrics.observe(scope["method"], _route(scope), status, seconds)
                log.info(
                    "request",
                    method=scope["method"],
                    route=_route(scope),
                    path=scope["path"],
                    status=status,
                    milliseconds=round(seconds * 1000, 1),
                )
                traceparent.reset(trace)

    async def _limited(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        limit = next(
            (limit for pattern, limit in self.body_limits if pattern.fullmatch(path)),
            self.max_body_bytes,
        )
        declared = headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > limit:
            raise BodyTooLargeError(limit)
        read = 0

        async def limited_receive() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > limit:
                    raise BodyTooLargeError(limit)
            return message

        await self.app(scope, limited_receive, send)


def _route(scope: Scope) -> str:
    route: Any = scope.get("route")
    template: str = getattr(route, "path", _UNMATCHED)
    return template


async def _send_problem(send: Send, problem: Problem, scope: Scope) -> None:
    instance = f"urn:southlink:request:{scope['state']['request_id']}"
    body = problem.body(instance, scope.get("root_path", "")).model_dump_json(exclude_none=True)
    await send(
        {
            "type": "http.response.start",
            "status": problem.kind.status,
            "headers": [
                (b"content-type", CONTENT_TYPE.encode()),
                (b"connection", b"close"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body.encode()})
