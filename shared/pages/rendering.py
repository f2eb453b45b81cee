"""How every page is rendered and protected: it loads nothing but its own style."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache, cached_property
from gettext import NullTranslations
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from shared.problems import INVALID, Problem


async def _form(request: Request) -> Mapping[str, str]:
    body = (await request.body()).decode(errors="replace")
    try:
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=1_000))
    except ValueError:
        raise Problem(INVALID, "The form has too many fields: open the page again.") from None


Form = Annotated[Mapping[str, str], Depends(_form)]
"""The fields of a submitted form (``application/x-www-form-urlencoded``)."""


class Pages:
    """The pages of one service: the templates of its package, over the base that all share."""

    def __init__(
        self,
        package: str,
        language: str = "en",
        direction: str = "ltr",
        texts: NullTranslations | None = None,
    ) -> None:
        """``texts`` translates what the templates of the package say into ``language``."""
        self._package = package
        self._language = language
        self._direction = direction
        self._texts = texts or NullTranslations()

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Return the page; its policy lets the browser load nothing but its own style."""
        text = self._templates.get_template(template).render(values)
        return HTMLResponse(
            text, status_code=status, headers={"Content-Security-Policy": _policy()}
        )

    def problem_page(self, problem: Problem) -> HTMLResponse:
        """Return the page that says in a sentence what is wrong and what to do."""
        return self.page(
            "problem.html",
            status=problem.kind.status,
            title=problem.kind.title,
            detail=problem.detail,
        )

    @cached_property
    def _templates(self) -> Environment:
        environment = Environment(
            loader=ChoiceLoader([PackageLoader(self._package), PackageLoader("shared.pages")]),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.install_gettext_translations(  # type: ignore[attr-defined]
            self._texts, newstyle=True
        )
        environment.globals.update(language=self._language, direction=self._direction)
        environment.globals["style"] = Markup(_style())  # noqa: S704  # our own file
        return environment


@cache
def _style() -> str:
    return (files("shared.pages") / "templates" / "style.css").read_text(encoding="utf-8")


@cache
def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
