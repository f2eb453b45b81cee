"""The logo of an institution: sent, shown and taken away."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from services.registry import logos
from services.registry.pictures import TYPES, Picture, picture_of
from services.registry.profiles import profile_of
from services.registry.routes.institution_out import (
    STEP_PROBLEMS,
    InstitutionProfile,
    profile_out,
)
from services.registry.routes.permitted import InstitutionToUpdate, VisibleInstitution
from shared.etags import IfMatch, etag, require_version
from shared.problems import NOT_FOUND, TOO_LARGE, UNAUTHENTICATED, UNSUPPORTED_MEDIA, Problem
from shared.problems import responses as problems
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(prefix="/institutions/{institution_id}/logo", tags=["institutions"])


async def _sent_bytes(request: Request, _caller: CurrentCaller) -> bytes:
    return await request.body()


def _sent_picture(request: Request, content: Annotated[bytes, Depends(_sent_bytes)]) -> Picture:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in TYPES:
        raise Problem(
            UNSUPPORTED_MEDIA,
            f"Send the bytes of the picture, with a Content-Type of {', '.join(TYPES)}.",
        )
    return picture_of(content, media_type)


SentPicture = Annotated[Picture, Depends(_sent_picture)]
"""The picture in the body, decoded before a transaction starts: other writers don't wait for it."""

_PICTURE = {"schema": {"type": "string", "format": "binary"}}


@router.put(
    "",
    summary="Send the logo",
    response_model=InstitutionProfile,
    responses={**STEP_PROBLEMS, **problems(UNSUPPORTED_MEDIA, TOO_LARGE)},
    openapi_extra={
        "requestBody": {"required": True, "content": dict.fromkeys(TYPES, _PICTURE)},
    },
)
def send_logo(
    *,
    picture: SentPicture,
    institution: InstitutionToUpdate,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> InstitutionProfile:
    """Let the institution show the picture in the body; by a focal point or coordinator.

    It is a PNG, JPEG, WebP or GIF of 200 KiB at most. What is kept is made anew from its pixels: a
    PNG of 512 pixels at most on its longer side, without metadata.
    """
    require_version(institution.version, expected)
    logos.keep_logo(session, institution, picture, by=caller.id)
    response.headers["ETag"] = etag(institution.version)
    return profile_out(institution, profile_of(session, institution))


@router.get(
    "",
    summary="Read the logo",
    response_class=Response,
    responses={
        200: {"description": "The logo.", "content": {"image/png": _PICTURE}},
        304: {"description": "It is the one that you have."},
        **problems(UNAUTHENTICATED, NOT_FOUND),
    },
)
def read_logo(
    institution: VisibleInstitution,
    session: Reading,
    if_none_match: Annotated[
        str | None, Header(description="The ETag of the logo that you have.")
    ] = None,
) -> Response:
    """Return the logo of an institution that you may see, as PNG."""
    logo = logos.logo_of(session, institution)
    tag = f'"{institution.logo_digest}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match and tag in [each.strip() for each in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="logo.png"'
    return Response(logo.png, media_type="image/png", headers=headers)


@router.delete(
    "",
    status_code=204,
    summary="Take the logo away",
    responses=STEP_PROBLEMS,
)
def remove_logo(
    *,
    institution: InstitutionToUpdate,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> None:
    """Let the institution show no logo any more; by a focal point or coordinator."""
    require_version(institution.version, expected)
    logos.remove_logo(session, institution, by=caller.id)
    response.headers["ETag"] = etag(institution.version)
