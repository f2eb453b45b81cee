"""Signing in by e-mail code."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Path, Request
from pydantic import Field

from services.registry import devices, sessions, sign_in
from services.registry.routes.codes import CodesByMail, SignInStarted
from services.registry.routes.people import PersonOut, described
from services.registry.routes.tokens import token_for
from services.registry.sign_in import CODE_SPENT, WRONG_CODE
from shared.columns import utc_now
from shared.database import Database
from shared.problems import INVALID, NOT_FOUND, TOO_MANY, Problem, responses
from shared.text import EmailAddress, Input, Line, Output
from shared.web import Writing

router = APIRouter(prefix="/sign-ins", tags=["sign-in"])


class SignInRequest(Input):
    """Whose code is asked for."""

    email: EmailAddress = Field(examples=["ana.souza@example.org"])


class Confirmation(Input):
    """The code from the e-mail, with the challenge of the browser that asked."""

    code: Annotated[
        str,
        Field(
            pattern=r"^[0-9]{6}$",
            description="The six digits of the e-mail.",
            examples=["042917"],
        ),
    ]
    challenge: Annotated[str, Line(100)] = Field(
        examples=["aRVxKGc4v0V2sJ8kLq3nD7yTzW5bE1hU9mPfXoCiNdg"]
    )


class SignedIn(Output):
    """A session, and a first token to go on with."""

    session_key: str = Field(
        description="Keep it secret. `POST /tokens` exchanges it for access tokens until it ends.",
        examples=["sl_session_Wc0v8mQh5aGd3kTn1rJ7yLx9bPz2sFe4uVi6oNqXtKM"],
    )
    session_expires_at: datetime
    access_token: str = Field(description="Send it as `Authorization: Bearer …` to every service.")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int = Field(description="How long the token is good, in seconds.", examples=[600])
    person: PersonOut


@router.post(
    "",
    status_code=202,
    summary="Ask for a code",
    response_model=SignInStarted,
    responses=responses(INVALID, TOO_MANY),
)
def ask(body: SignInRequest, codes: CodesByMail, session: Writing) -> SignInStarted:
    """Send a code of six digits to the address, if somebody is registered with it.

    The answer is the same for every address, so it tells nobody who is registered.
    """
    return codes.send(session, body.email)


@router.post(
    "/{sign_in_id}/confirm",
    summary="Sign in with the code",
    response_model=SignedIn,
    responses=responses(INVALID, WRONG_CODE, NOT_FOUND, CODE_SPENT),
)
def confirm(
    sign_in_id: Annotated[UUID, Path(description="The id that asking for the code returned.")],
    body: Confirmation,
    request: Request,
    user_agent: Annotated[
        str | None, Header(description="Kept as a short label, to recognise the session by.")
    ] = None,
) -> SignedIn:
    """Use the code: it signs in, and submits the registrations that waited for it.

    It works once, for a quarter of an hour, for five tries, and only with the challenge that
    belongs to it.
    """
    database: Database = request.app.state.database
    # Its own transaction rather than `Writing`: a wrong try is answered with a problem and must
    # be counted nevertheless.
    with database.write() as session:
        now = utc_now()
        person = sign_in.confirm(
            session, sign_in_id, challenge=body.challenge, code=body.code, now=now
        )
        if not isinstance(person, Problem):
            started = sessions.start(session, person.id, now, devices.label(user_agent))
            described_person = described(session, person)
    if isinstance(person, Problem):
        raise person
    token = token_for(request, sessions.caller_of_session(person.id, started.id))
    return SignedIn(
        session_key=started.key,
        session_expires_at=started.expires_at,
        access_token=token.access_token,
        expires_in=token.expires_in,
        person=described_person,
    )
