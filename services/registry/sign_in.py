"""Signing in by a code sent by e-mail; the same code confirms a registration.

A code is good once, for a quarter of an hour, for five tries, and only together with the challenge
that the asking browser was given. Nothing in an answer tells whether an address is known.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from services.registry import credentials, lifecycle
from services.registry.institutions import awaiting_confirmation
from services.registry.people import address_key, confirm_address, person_with
from services.registry.settings import Settings
from services.registry.tables import FocalPoint, Institution, Person, SignIn
from shared import outbox
from shared.events.catalogue import FocalPointConfirmed
from shared.problems import NOT_FOUND, TOO_MANY, Problem, ProblemKind

TRIES = 5
WINDOW = timedelta(hours=1)
KEEP = timedelta(hours=24)

WRONG_CODE = ProblemKind("wrong-code", 422, "The code is wrong")
CODE_SPENT = ProblemKind("code-spent", 409, "The code can't be used any more")


@dataclass(frozen=True)
class CodePolicy:
    """How long codes are good and how many are given out within an hour."""

    life: timedelta
    per_address: int
    per_client: int

    @classmethod
    def of(cls, settings: Settings) -> "CodePolicy":
        """Return the policy that the settings describe."""
        return cls(
            life=timedelta(seconds=settings.code_seconds),
            per_address=settings.codes_per_address,
            per_client=settings.codes_per_client,
        )


@dataclass(frozen=True)
class CodeLetter:
    """What the e-mail with a code says; ``institutions`` are those that the code will submit."""

    to: str
    code: str
    minutes: int
    institutions: tuple[str, ...]


@dataclass(frozen=True)
class Requested:
    """A sign-in that waits for its code. ``letter`` is absent for an unknown address."""

    id: UUID
    challenge: str
    expires_at: datetime
    letter: CodeLetter | None


def request(
    session: Session, *, email: str, client: str, policy: CodePolicy, now: datetime
) -> Requested:
    """Make a code for that address, asked for from the network address ``client``.

    Raises a Problem (429) when too many were asked for within the last hour.
    """
    session.execute(delete(SignIn).where(col(SignIn.requested_at) < now - KEEP))
    address_digest = credentials.digest(address_key(email))
    _check_rate(session, col(SignIn.address_digest), address_digest, policy.per_address, now)
    _check_rate(session, col(SignIn.client), client, policy.per_client, now)
    person = person_with(session, email)
    challenge, code = credentials.new_secret(), credentials.new_code()
    sign_in = SignIn(
        address_digest=address_digest,
        client=client,
        person_id=person.id if person else None,
        challenge_digest=credentials.digest(challenge),
        code_digest=credentials.code_digest(challenge, code),
        requested_at=now,
        expires_at=now + policy.life,
    )
    session.add(sign_in)
    session.flush()
    return Requested(
        id=sign_in.id,
        challenge=challenge,
        expires_at=sign_in.expires_at,
        letter=_letter(session, person, code, policy, now) if person else None,
    )


def confirm(
    session: Session, sign_in_id: UUID, *, challenge: str, code: str, now: datetime
) -> Person | Problem:
    """Use a code: confirm the person's address and submit the registrations that waited for it.

    Returns the person, or the Problem (422 for a wrong code, 409 when it can't be used any more).
    It is returned, not raised, because a wrong try must be counted and a raise would undo that.
    Raises a Problem (404) for an unknown sign-in or another browser's; that counts no try.
    """
    sign_in = session.get(SignIn, sign_in_id)
    if sign_in is None or not credentials.same(
        sign_in.challenge_digest, credentials.digest(challenge)
    ):
        raise Problem(NOT_FOUND, "There is no such sign-in for this browser. Ask for a new code.")
    tries = _count_try(session, sign_in_id, now)
    if tries is None:
        session.refresh(sign_in)
        return Problem(CODE_SPENT, f"{_spent(sign_in, now)} Ask for a new one.")
    right = credentials.same(sign_in.code_digest, credentials.code_digest(challenge, code))
    if not right or sign_in.person_id is None:
        return Problem(WRONG_CODE, _wrong(TRIES - tries))
    session.refresh(sign_in)
    sign_in.confirmed_at = now
    session.add(sign_in)
    person = session.get_one(Person, sign_in.person_id)
    confirm_address(session, person, now)
    for institution in awaiting_confirmation(session, person.id, until=sign_in.requested_at):
        _confirm_registration(session, institution, person, now)
    return person


def _count_try(session: Session, sign_in_id: UUID, now: datetime) -> int | None:
    # One statement counts and locks, so two tries at once can't share one.
    counted: int | None = session.scalar(
        update(SignIn)
        .where(
            col(SignIn.id) == sign_in_id,
            col(SignIn.confirmed_at).is_(None),
            col(SignIn.expires_at) > now,
            col(SignIn.tries) < TRIES,
        )
        .values(tries=col(SignIn.tries) + 1)
        .returning(col(SignIn.tries))
        .execution_options(synchronize_session=False)
    )
    return counted


def _confirm_registration(
    session: Session, institution: Institution, person: Person, now: datetime
) -> None:
    lifecycle.confirm(session, institution, by=person.id, now=now)
    focal_point = session.get_one(FocalPoint, (person.id, institution.id))
    focal_point.confirmed_at = now
    session.add(focal_point)
    outbox.publish(
        session,
        FocalPointConfirmed.model_validate(
            {
                "person_id": person.id,
                "institution_id": institution.id,
                "person_name": person.name,
                "role": focal_point.role,
            }
        ),
        subject=f"institutions/{institution.id}",
    )


def _check_rate(session: Session, column: Any, value: str, limit: int, now: datetime) -> None:
    asked = select(SignIn.requested_at).where(column == value, SignIn.requested_at > now - WINDOW)
    if session.exec(select(func.count()).select_from(asked.subquery())).one() < limit:
        return
    blocking = session.exec(
        asked.order_by(col(SignIn.requested_at).desc()).offset(limit - 1).limit(1)
    ).one()
    seconds = max(1, int((blocking + WINDOW - now).total_seconds()) + 1)
    raise Problem(
        TOO_MANY,
        f"Too many codes were asked for. Try again in {-(-seconds // 60)} minutes.",
        headers={"Retry-After": str(seconds)},
    )


def _letter(
    session: Session, person: Person, code: str, policy: CodePolicy, now: datetime
) -> CodeLetter:
    waiting = awaiting_confirmation(session, person.id, until=now)
    return CodeLetter(
        to=person.email,
        code=code,
        minutes=int(policy.life.total_seconds() // 60),
        institutions=tuple(institution.name for institution in waiting),
    )


def _spent(sign_in: SignIn, now: datetime) -> str:
    if sign_in.confirmed_at is not None:
        return "This code was used already."
    if sign_in.expires_at <= now:
        return "This code has expired."
    return f"This code was entered wrongly {TRIES} times."


def _wrong(left: int) -> str:
    if left == 0:
        return "The code is wrong and no try is left. Ask for a new one."
    tries = "one try is" if left == 1 else f"{left} tries are"
    return f"The code is wrong. Look for the six digits in the newest e-mail; {tries} left."
