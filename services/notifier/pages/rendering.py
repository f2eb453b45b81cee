"""The pages of the notifier in the reader's language, over the base that all services share."""

from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from services.notifier.languages import accepted, direction, translations
from shared.pages.rendering import Pages
from shared.problems import Problem

# An e-mail carries its style on its elements, and nothing that runs or loads.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

EMAIL_HEADERS = {"Content-Security-Policy": _POLICY, "X-Robots-Tag": "noindex, nofollow, noarchive"}
"""The headers of an answer that is an e-mail in HTML."""


def page(template: str, language: str, **values: Any) -> HTMLResponse:
    """Return the page in one of the six languages."""
    return _pages(language).page(template, **values)


def problem_page(problem: Problem, language: str) -> HTMLResponse:
    """Return the page that says in a sentence what is wrong and what to do."""
    return _pages(language).page(
        "unable.html",
        status=problem.kind.status,
        detail=translations(language).gettext(problem.detail),
    )


def browser_language(request: Request) -> str:
    """Return the language for a reader who is not known by the link."""
    return accepted(request.headers.get("accept-language", ""))


@cache
def _pages(language: str) -> Pages:
    return Pages(__package__, language, direction(language), translations(language))
