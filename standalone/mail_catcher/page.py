"""The catcher's page and its small API."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel

from standalone.mail_catcher.mailbox import Caught, Mailbox, parsed, part

_HERE = Path(__file__).parent
_templates = Jinja2Templates(_HERE / "templates")

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
MAIL_POLICY = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""An e-mail's own HTML runs nothing and loads nothing."""
POLL_SECONDS = 0.05

router = APIRouter()


class Listing(BaseModel):
    """E-mails in the order of their arrival."""

    items: list[Caught]


def _mailbox(request: Request) -> Mailbox:
    mailbox: Mailbox = request.app.state.mailbox
    return mailbox


def _content(request: Request, number: int) -> bytes:
    content = _mailbox(request).read(number)
    if content is None:
        raise HTTPException(404, "There is no such e-mail.")
    return content


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def show_list(request: Request) -> Response:
    """Show what was caught, the newest first."""
    caught = list(reversed(_mailbox(request).search(None, None, 0)))
    return _page(request, "list.html", {"caught": caught})


@router.get("/messages/{number}", response_class=HTMLResponse, include_in_schema=False)
def show_one(request: Request, number: int) -> Response:
    """Show one e-mail: who, what, and how it looks."""
    content = _content(request, number)
    context = {
        "number": number,
        "message": parsed(content),
        "html": part(content, "html") is not None,
        "text": part(content, "plain"),
    }
    return _page(request, "message.html", context)


@router.get("/style.css", include_in_schema=False)
def style() -> Response:
    """Return the style sheet."""
    return Response((_HERE / "style.css").read_text(), media_type="text/css")


@router.get("/api/messages", summary="List e-mails")
async def search(
    request: Request,
    to: Annotated[str | None, Query(description="A recipient's address.")] = None,
    kind: Annotated[str | None, Query(description="The header X-Southlink-Kind.")] = None,
    after: Annotated[int, Query(ge=0, description="Only those that came after this id.")] = 0,
    wait: Annotated[float, Query(ge=0, le=30, description="Seconds to wait for one.")] = 0,
) -> Listing:
    """Return the e-mails that fit, in the order of their arrival."""
    until = time.monotonic() + wait
    while True:
        found = _mailbox(request).search(to, kind, after)
        if found or time.monotonic() >= until or await request.is_disconnected():
            return Listing(items=found)
        await asyncio.sleep(POLL_SECONDS)


@router.delete("/api/messages", status_code=204, summary="Remove every e-mail")
def clear(request: Request) -> None:
    """Remove every e-mail."""
    _mailbox(request).clear()


@router.get("/api/messages/{number}.eml", summary="An e-mail as it arrived")
def source(request: Request, number: int) -> Response:
    """Return the e-mail as it arrived."""
    return Response(_content(request, number), media_type="text/plain; charset=utf-8")


@router.get("/api/messages/{number}.html", summary="Its HTML part")
def html_part(request: Request, number: int) -> Response:
    """Return the HTML part, which runs and loads nothing."""
    html = part(_content(request, number), "html")
    if html is None:
        raise HTTPException(404, "This e-mail has no HTML part.")
    return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})


@router.get("/api/messages/{number}.txt", summary="Its text part")
def text_part(request: Request, number: int) -> Response:
    """Return the text part."""
    text = part(_content(request, number), "plain")
    if text is None:
        raise HTTPException(404, "This e-mail has no text part.")
    return Response(text, media_type="text/plain; charset=utf-8")


def _page(request: Request, name: str, context: dict[str, object]) -> Response:
    response = _templates.TemplateResponse(request, name, context)
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


def build_page(mailbox: Mailbox) -> FastAPI:
    """Return the application that shows ``mailbox``."""
    app = FastAPI(title="Southlink mail catcher", docs_url=None, redoc_url=None)
    app.state.mailbox = mailbox
    app.include_router(router)
    return app
