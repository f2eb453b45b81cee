"""How a page is rendered and protected: it loads nothing, and nobody learns its address."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from shared.problems import Problem


def page(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return the page; its policy lets the browser load nothing but its own style."""
    return HTMLResponse(
        _templates().get_template(template).render(values),
        status_code=status,
        headers={
            "Content-Security-Policy": _policy(),
            "Cache-Control": "no-store",
            # The address holds the secret of an e-mail.
            "Referrer-Policy": "no-referrer",
        },
    )


def problem_page(problem: Problem) -> HTMLResponse:
    """Return the page that says in a sentence what is wrong and what to do."""
    return page(
        "problem.html",
        status=problem.kind.status,
        title=problem.kind.title,
        detail=problem.detail,
    )


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("services.registry.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = Markup(_style())  # noqa: S704  # our own file
    return environment


@cache
def _style() -> str:
    return (files(__package__) / "templates" / "style.css").read_text(encoding="utf-8")


@cache
def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
