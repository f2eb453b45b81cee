"""What people change and ask of themselves: profile, address, export, erasure."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from services.registry import erasure, own_codes, own_profile, personal_data
from services.registry.own_codes import Asked
from services.registry.own_profile import PersonChange, present
from services.registry.permissions import require_coordinator
from services.registry.routes.codes import SignInStarted
from services.registry.routes.letters import LettersByMail
from services.registry.routes.people import PersonOut, described
from services.registry.routes.permitted import CurrentPerson, SignedInPerson
from services.registry.routes.sign_ins import Confirmation
from services.registry.settings import Settings
from services.registry.sign_in import CODE_SPENT, WRONG_CODE
from services.registry.tables import Person
from shared.columns import utc_now
from shared.database import Database
from shared.etags import IfMatch, etag, require_version
from shared.problems import (
    CONFLICT,
    FORBIDDEN,
    INVALID,
    NOT_FOUND,
    TOO_MANY,
    UNAUTHENTICATED,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    Problem,
    responses,
)
from shared.text import EmailAddress, Input, Output, Reason
from shared.web import Reading, Writing

router = APIRouter(tags=["people"])

CodeId = Annotated[UUID, Path(description="The id that asking for the code returned.")]
_ASK = responses(UNAUTHENTICATED, FORBIDDEN, INVALID, TOO_MANY)
_CONFIRM = responses(
    UNAUTHENTICATED, FORBIDDEN, INVALID, WRONG_CODE, NOT_FOUND, CODE_SPENT, CONFLICT
)


class NewAddress(Input):
    """The address to have from now on."""

    email: EmailAddress = Field(examples=["ana.souza@ministry.example.org"])


class Erasure(Input):
    """Why somebody is erased, and what may be left behind."""

    reason: Reason = Field(examples=["Asked for it by letter of 3 March."])
    leave_without_focal_point: bool = Field(
        False,
        description="That institutions whose last focal point the person is may be left without.",
    )


class ExportOut(Output):
    """All that the registry stores of you."""

    exported_at: datetime
    person: dict[str, Any]
    records: dict[str, list[dict[str, Any]]] = Field(
        description="By table: your roles, sign-ins, sessions, keys, invitations, the steps you "
        "took and whatever else refers to you; without secrets."
    )
    answers_kept_for_a_day: list[dict[str, Any]] = Field(
        description="Which of your requests with an Idempotency-Key are remembered."
    )
    events: list[dict[str, Any]] = Field(description="Published events that name you.")


@router.patch(
    "/me",
    summary="Change your name, language or time zone",
    response_model=PersonOut,
    responses=responses(UNAUTHENTICATED, FORBIDDEN, VERSION_CONFLICT, INVALID, VERSION_REQUIRED),
)
def change_me(
    caller: CurrentPerson,
    expected: IfMatch,
    body: PersonChange,
    session: Writing,
    response: Response,
) -> PersonOut:
    """Change what the body names (JSON Merge Patch, RFC 7396)."""
    person = present(session, caller.id)
    require_version(person.version, expected)
    own_profile.change(session, person, body)
    response.headers["ETag"] = etag(person.version)
    return described(session, person)


@router.post(
    "/me/address-changes",
    status_code=202,
    summary="Ask for another e-mail address",
    response_model=SignInStarted,
    responses=_ASK,
)
def ask_for_address(
    body: NewAddress,
    caller: SignedInPerson,
    session: Writing,
    letters: LettersByMail,
    request: Request,
) -> SignInStarted:
    """Send a code to the new address; until it comes back, nothing changes.

    An API key can't do this. The answer is the same whether or not somebody has that address.
    """
    asked = own_codes.ask(
        session,
        present(session, caller.id),
        "address",
        life=_code_life(request),
        now=utc_now(),
        email=body.email,
    )
    letters.send_code(session, asked.letter)
    return _started(asked)


@router.post(
    "/me/address-changes/{code_id}/confirm",
    summary="Confirm the new address",
    response_model=PersonOut,
    responses=_CONFIRM,
)
def confirm_address(
    code_id: CodeId,
    body: Confirmation,
    caller: SignedInPerson,
    request: Request,
    letters: LettersByMail,
) -> PersonOut:
    """Have the new address from now on; the old one is told.

    End your other sessions (`DELETE /sessions`) if somebody else reads mail at the old one.
    """
    database: Database = request.app.state.database
    # Its own transaction rather than `Writing`: a wrong try is answered with a problem and must
    # be counted nevertheless.
    with database.write() as session:
        now = utc_now()
        person = present(session, caller.id)
        used = own_codes.use(
            session,
            code_id,
            person.id,
            "address",
            challenge=body.challenge,
            code=body.code,
            now=now,
        )
        if not isinstance(used, Problem):
            letters.send(session, [own_profile.change_address(session, person, used, now)])
            changed = described(session, person)
    if isinstance(used, Problem):
        raise used
    return changed


@router.get(
    "/me/export",
    summary="Get all that is stored of you",
    response_model=ExportOut,
    responses=responses(UNAUTHENTICATED, FORBIDDEN),
)
def export(caller: SignedInPerson, session: Reading, response: Response) -> ExportOut:
    """Return all that the registry stores of you, to keep or to take elsewhere (GDPR, art. 15, 20).

    Secrets are left out, and what a record tells of somebody else. Workgroups and the notifier
    keep of people only what the registry tells them in the events that are listed here.
    """
    response.headers["Content-Disposition"] = 'attachment; filename="southlink-my-data.json"'
    response.headers["Cache-Control"] = "no-store"
    person = session.get_one(Person, caller.id)
    return ExportOut.model_validate(
        {"exported_at": utc_now(), **personal_data.everything_about(session, person)}
    )


@router.post(
    "/me/erasure",
    status_code=202,
    summary="Ask to be erased",
    response_model=SignInStarted,
    responses=_ASK,
)
def ask_for_erasure(
    caller: SignedInPerson, session: Writing, letters: LettersByMail, request: Request
) -> SignInStarted:
    """Send a code to your address; until it comes back, nothing changes. An API key can't do it."""
    person = present(session, caller.id)
    asked = own_codes.ask(session, person, "erasure", life=_code_life(request), now=utc_now())
    letters.send_code(session, asked.letter)
    return _started(asked)


@router.post(
    "/me/erasure/{code_id}/confirm",
    status_code=204,
    summary="Be erased",
    responses=_CONFIRM,
)
def confirm_erasure(
    code_id: CodeId,
    body: Confirmation,
    caller: SignedInPerson,
    request: Request,
    letters: LettersByMail,
) -> None:
    """Erase you, for good: name, address, roles, sessions, keys, invitations.

    Steps that you took stay in the history without your name. Refused (409) while you are the last
    focal point of an institution or the last coordinator: hand over first.
    """
    database: Database = request.app.state.database
    with database.write() as session:
        now = utc_now()
        person = present(session, caller.id)
        used = own_codes.use(
            session,
            code_id,
            person.id,
            "erasure",
            challenge=body.challenge,
            code=body.code,
            now=now,
        )
        if not isinstance(used, Problem):
            letters.send_farewell(session, person)
            erasure.erase(session, person, by=person.id, now=now)
    if isinstance(used, Problem):
        raise used


@router.post(
    "/people/{person_id}/erasure",
    status_code=204,
    summary="Erase somebody",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, CONFLICT, INVALID),
)
def erase_person(
    person_id: Annotated[UUID, Path(description="The person's id.")],
    body: Erasure,
    caller: SignedInPerson,
    session: Writing,
    letters: LettersByMail,
) -> None:
    """Erase a person who asked for it another way; by a coordinator, signed in.

    What goes and what stays is as at `POST /me/erasure/{code_id}/confirm`.
    """
    require_coordinator(session, caller)
    person = session.get(Person, person_id, with_for_update=True)
    if person is None or person.erased_at is not None:
        raise Problem(NOT_FOUND, "There is no person of that id, or they were erased already.")
    letters.send_farewell(session, person)
    letters.send(
        session,
        erasure.erase(
            session,
            person,
            by=caller.id,
            now=utc_now(),
            reason=body.reason,
            leave_without_focal_point=body.leave_without_focal_point,
        ),
    )


def _code_life(request: Request) -> timedelta:
    settings: Settings = request.app.state.settings
    return timedelta(seconds=settings.code_seconds)


def _started(asked: Asked) -> SignInStarted:
    return SignInStarted(id=asked.id, challenge=asked.challenge, expires_at=asked.expires_at)
