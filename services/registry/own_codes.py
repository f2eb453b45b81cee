"""Codes that confirm what a signed-in person asks for themselves: a new address, the erasure.

They are made and kept as sign-in codes are: good once, for a quarter of an hour, for five tries,
and only with the challenge that the asking browser was given.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from services.registry import credentials
from services.registry.letters import Letter
from services.registry.sign_in import CODE_SPENT, TRIES, WRONG_CODE
from services.registry.tables import OwnCode, Person
from shared.problems import NOT_FOUND, TOO_MANY, Problem

PER_HOUR = 5
WINDOW = timedelta(hours=1)
KEEP = timedelta(hours=24)

Purpose = Literal["address", "erasure"]


@dataclass(frozen=True)
class Asked:
    """A code that was made, with the challenge that goes with it, and its letter."""

    id: UUID
    challenge: str
    expires_at: datetime
    letter: Letter


def ask(
    session: Session,
    person: Person,
    purpose: Purpose,
    *,
    life: timedelta,
    now: datetime,
    email: str | None = None,
) -> Asked:
    """Make a code for the person; its letter goes to ``email``, or else to the address they have.

    Raises a Problem (429) when they asked for too many within the last hour.
    """
    session.execute(delete(OwnCode).where(col(OwnCode.requested_at) < now - KEEP))
    lately = session.exec(
        select(func.count())
        .select_from(OwnCode)
        .where(OwnCode.person_id == person.id, OwnCode.requested_at > now - WINDOW)
    ).one()
    if lately >= PER_HOUR:
        raise Problem(
            TOO_MANY,
            f"You asked for {PER_HOUR} codes within an hour. Try again in an hour.",
            headers={"Retry-After": str(int(WINDOW.total_seconds()))},
        )
    challenge, code = credentials.new_secret(), credentials.new_code()
    row = OwnCode(
        person_id=person.id,
        purpose=purpose,
        email=email,
        challenge_digest=credentials.digest(challenge),
        code_digest=credentials.code_digest(challenge, code),
        requested_at=now,
        expires_at=now + life,
    )
    session.add(row)
    session.flush()
    facts = {"code": code, "minutes": int(life.total_seconds() // 60)}
    letter = Letter(f"{purpose}_code", email or person.email, person.language, facts)
    return Asked(row.id, challenge, row.expires_at, letter)


def use(
    session: Session,
    code_id: UUID,
    person_id: UUID,
    purpose: Purpose,
    *,
    challenge: str,
    code: str,
    now: datetime,
) -> OwnCode | Problem:
    """Use a code; return it, or the Problem (422 when it is wrong, 409 when it is spent).

    The Problem is returned, not raised, because a wrong try must be counted. Raises a Problem
    (404) for a code of somebody else, for another purpose or of another browser.
    """
    row = session.get(OwnCode, code_id)
    if (
        row is None
        or row.person_id != person_id
        or row.purpose != purpose
        or not credentials.same(row.challenge_digest, credentials.digest(challenge))
    ):
        raise Problem(NOT_FOUND, "You asked for no such code in this browser. Ask for a new one.")
    # One statement counts and locks, so two tries at once can't share one.
    tries: int | None = session.scalar(
        update(OwnCode)
        .where(
            col(OwnCode.id) == code_id,
            col(OwnCode.used_at).is_(None),
            col(OwnCode.expires_at) > now,
            col(OwnCode.tries) < TRIES,
        )
        .values(tries=col(OwnCode.tries) + 1)
        .returning(col(OwnCode.tries))
        .execution_options(synchronize_session=False)
    )
    if tries is None:
        return Problem(
            CODE_SPENT,
            "This code was used, has expired or was wrong five times. Ask for a new one.",
        )
    if not credentials.same(row.code_digest, credentials.code_digest(challenge, code)):
        return Problem(
            WRONG_CODE,
            "The code is wrong. Look for the six digits in the newest e-mail; "
            f"{TRIES - tries} of {TRIES} tries are left.",
        )
    session.refresh(row)
    row.used_at = now
    session.add(row)
    return row
