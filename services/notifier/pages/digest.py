"""The page that shows a digest in a browser, with what its e-mail had no room for."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.notifier.links import BAD_LINK, Purpose, links
from services.notifier.mail.composing import digest_page
from services.notifier.pages.confirm import Token
from services.notifier.pages.rendering import EMAIL_HEADERS, browser_language, problem_page
from shared.problems import NOT_FOUND, Problem, responses
from shared.web import Reading

router = APIRouter(prefix="/digest", tags=["pages"], default_response_class=HTMLResponse)


@router.get("", summary="Page: read a digest", responses=responses(BAD_LINK, NOT_FOUND))
def look(request: Request, session: Reading, token: Token = "") -> HTMLResponse:
    """Return the digest that the link of its e-mail leads to, all that its reader may see now."""
    settings = request.app.state.settings
    try:
        digest_id = links(session, settings.public_url).owner(Purpose.DIGEST, token)
        text = digest_page(
            session, digest_id, mail_from=settings.mail_from, public_url=settings.public_url
        )
    except Problem as problem:
        return problem_page(problem, browser_language(request))
    return HTMLResponse(text, headers=EMAIL_HEADERS)
