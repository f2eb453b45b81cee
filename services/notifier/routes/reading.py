"""When and in which language a signed-in person reads."""

from typing import Annotated, Self

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.notifier import choices, linking, subscribers
from services.notifier.languages import Language
from services.notifier.permissions import Person
from services.notifier.subscribers import Hours
from services.notifier.tables import Subscriber
from shared.columns import utc_now
from shared.etags import IfMatch, etag, require_version
from shared.problems import (
    FORBIDDEN,
    INVALID,
    NOT_FOUND,
    UNAUTHENTICATED,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    Problem,
    responses,
)
from shared.text import Input, Output
from shared.time_zones import TimeZone
from shared.web import Reading, Writing

router = APIRouter(prefix="/me/reading", tags=["own subscriptions"])


class ReadingOut(Output):
    """When and in which language you read."""

    email: str = Field(description="Where e-mails go; change it at the registry.")
    language: str = Field(
        description="Of e-mails and pages, as the registry says until you choose."
    )
    time_zone: str = Field(description="As the registry says until you choose.")
    hour: int = Field(description="The local hour at which digests come.")
    weekday: int = Field(description="The day of weekly and monthly digests, from 1 (Monday).")
    receives: bool = Field(
        description="False once you stopped all e-mails: then roles bring none until you follow "
        "something."
    )
    version: int = Field(description="Grows with each change; the ETag.")

    @classmethod
    def of(cls, reader: Subscriber) -> Self:
        """Return the reader's hours."""
        return cls(
            email=reader.email,
            language=reader.language,
            time_zone=reader.time_zone,
            hour=reader.hour,
            weekday=reader.weekday,
            receives=reader.left_at is None,
            version=reader.version,
        )


class ReadingChange(Input):
    """What shall change; a field that is left out stays as it is."""

    language: Language | None = None
    time_zone: TimeZone | None = None
    hour: Annotated[int, Field(strict=True, ge=0, le=23)] | None = None
    weekday: Annotated[int, Field(strict=True, ge=1, le=7)] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise PydanticCustomError(
                    "null", "{name} can't be null: leave it out to keep it.", {"name": name}
                )
        return self


@router.get(
    "",
    summary="Show when and how you read",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND),
)
def show(caller: Person, session: Reading, response: Response) -> ReadingOut:
    """Return your address, language, time zone and hours."""
    reader = linking.reader_of(session, caller.id)
    if reader is None:
        raise _unknown()
    response.headers["ETag"] = etag(reader.version)
    return ReadingOut.of(reader)


@router.patch(
    "",
    summary="Change when and how you read",
    responses=responses(
        UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, INVALID, VERSION_CONFLICT, VERSION_REQUIRED
    ),
)
def change(
    body: ReadingChange, caller: Person, session: Writing, expected: IfMatch, response: Response
) -> ReadingOut:
    """Change language, zone or hours; open digest windows move along, and nothing is told twice."""
    found = linking.reader_of(session, caller.id)
    if found is None:
        raise _unknown()
    reader = subscribers.lock(session, found.id)
    require_version(reader.version, expected)
    hours = Hours(body.language, body.time_zone, body.hour, body.weekday)
    choices.choose_hours(session, reader, hours, utc_now())
    response.headers["ETag"] = etag(reader.version)
    return ReadingOut.of(reader)


def _unknown() -> Problem:
    return Problem(
        NOT_FOUND,
        "You are no reader here yet: people with a role become one within a minute, and anybody "
        "with POST /subscriptions.",
    )
