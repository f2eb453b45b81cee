"""Errors as RFC 9457 problem details: one clear sentence that says what to do.

The domain raises `Problem`; `shared.web` turns it into ``application/problem+json``. The ``type``
of a problem is stable and leads to a page of the service that explains it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True)
class ProblemKind:
    """A kind of problem: the last part of its ``type``, its HTTP status and its title."""

    slug: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The ``type`` URI reference, relative to the service that answered (RFC 9457, 3.1.1)."""
        return f"/problems/{self.slug}"


class FieldError(BaseModel):
    """One fault of the input."""

    pointer: str = Field(
        description="Where: a JSON Pointer (RFC 6901) into the body, or the name of a parameter.",
        examples=["/focal_point/email"],
    )
    detail: str = Field(description="What to do about it.", examples=["Field required"])


class ProblemBody(BaseModel):
    """Problem details for HTTP APIs (RFC 9457, section 3.1)."""

    type: str = Field(description="Stable reference of the kind of problem.")
    title: str = Field(description="The kind in words; the same for every occurrence.")
    status: int = Field(description="The HTTP status code.")
    detail: str = Field(description="What went wrong this time, and what to do.")
    instance: str | None = Field(None, description="The request's id, as in the log.")
    errors: list[FieldError] | None = Field(None, description="Each fault of the input.")


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818
    """Raised when a request can't be done. ``detail`` is one sentence that says what to do."""

    kind: ProblemKind
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind.title}: {self.detail}"

    def body(self, instance: str | None = None, root_path: str = "") -> ProblemBody:
        """Return the response body; ``instance`` names this occurrence.

        ``root_path`` is the prefix under which users see the service.
        """
        return ProblemBody(
            type=f"{root_path}{self.kind.type}",
            title=self.kind.title,
            status=self.kind.status,
            detail=self.detail,
            instance=instance,
            errors=list(self.errors) or None,
        )


INVALID = ProblemKind("invalid-input", 422, "The input is not valid")
MALFORMED = ProblemKind("malformed-request", 400, "The request can't be read")
UNAUTHENTICATED = ProblemKind("unauthenticated", 401, "Sign in first")
FORBIDDEN = ProblemKind("forbidden", 403, "Not allowed for you")
NOT_FOUND = ProblemKind("not-found", 404, "Not found")
METHOD_NOT_ALLOWED = ProblemKind("method-not-allowed", 405, "Not possible here")
CONFLICT = ProblemKind("conflict", 409, "Conflicts with what exists")
NOT_ALLOWED_NOW = ProblemKind("not-allowed-now", 409, "Not possible in this state")
VERSION_CONFLICT = ProblemKind("version-conflict", 412, "Changed by somebody else")
TOO_LARGE = ProblemKind("too-large", 413, "The request is too large")
UNSUPPORTED_MEDIA = ProblemKind("unsupported-media-type", 415, "The format is not accepted")
IDEMPOTENCY_MISMATCH = ProblemKind("idempotency-mismatch", 422, "The key was used otherwise")
VERSION_REQUIRED = ProblemKind("version-required", 428, "Say which version you saw")
TOO_MANY = ProblemKind("too-many-requests", 429, "Too many requests")
INTERNAL = ProblemKind("internal-error", 500, "Our fault")
UNAVAILABLE = ProblemKind("unavailable", 503, "Not available now")

KINDS = (
    INVALID,
    MALFORMED,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    CONFLICT,
    NOT_ALLOWED_NOW,
    VERSION_CONFLICT,
    TOO_LARGE,
    UNSUPPORTED_MEDIA,
    IDEMPOTENCY_MISMATCH,
    VERSION_REQUIRED,
    TOO_MANY,
    INTERNAL,
    UNAVAILABLE,
)
"""What every service may answer with; a service adds its own in `shared.web.build_app`."""


def incorrect(pointer: str, detail: str) -> Problem:
    """Return the Problem (422) of one field: ``pointer`` is its place in the body."""
    return Problem(
        INVALID,
        f"Correct {pointer}: {detail}",
        errors=[FieldError(pointer=pointer, detail=detail)],
    )


def responses(*kinds: ProblemKind) -> dict[int | str, dict[str, Any]]:
    """Return what a route's ``responses=`` documents: each kind by status, with an example."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        known = by_status.setdefault(
            kind.status,
            {
                "model": ProblemBody,
                "description": kind.title,
                "content": {CONTENT_TYPE: {"examples": {}}},
            },
        )
        if kind.title not in known["description"]:
            known["description"] += f", or: {kind.title}"
        known["content"][CONTENT_TYPE]["examples"][kind.slug] = {
            "value": {
                "type": kind.type,
                "title": kind.title,
                "status": kind.status,
                "detail": "One sentence that says what to do.",
            }
        }
    return by_status
