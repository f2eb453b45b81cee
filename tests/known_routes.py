"""Lets the applications of a test process share what FastAPI works out about their routes.

At its first requests an application reads the signature of every endpoint and builds validators
from it, which takes longer than most tests. What comes out depends on the route and on how it was
included, never on the application: `dependency_overrides`, the one thing of an application that it
keeps, is not used here.
"""

from dataclasses import replace
from typing import Any

from fastapi import routing
from fastapi.dependencies import models
from fastapi.routing import APIRoute

_KNOWN = "known_to_tests"
"""Kept on the route itself, so that it lives no longer than that."""


def share_known_routes() -> None:
    """Let every application of this process use what an earlier one found out."""
    context_type: Any = routing._EffectiveRouteContext
    work_out = context_type.from_api_route

    def known(*, original_route: APIRoute, include_context: Any) -> Any:
        anybodys = replace(include_context, dependency_overrides_provider=None)
        found: list[tuple[Any, Any]] = original_route.__dict__.setdefault(_KNOWN, [])
        for included, context in found:
            if included == anybodys:
                return context
        context = work_out(original_route=original_route, include_context=anybodys)
        found.append((anybodys, context))
        return context

    context_type.from_api_route = known


def forget_ended_applications() -> None:
    """Let go of the applications that FastAPI keeps alive.

    Its caches hold every endpoint it ever classified; those that an application makes for itself
    hold the application, its database and its routes. With hundreds of them each garbage
    collection takes seconds, and the last one so long that a test process is killed over it and
    leaves its servers behind.
    """
    for name, function in vars(models).items():
        if name.startswith("_is_") and hasattr(function, "cache_clear"):
            function.cache_clear()
