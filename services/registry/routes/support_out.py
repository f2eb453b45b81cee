"""How needs and offers are shown and found: what their routes share."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Path, Query, Response
from pydantic import Field
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.registry.support_lifecycle import Action, Side, State, codes_of
from services.registry.support_permissions import (
    item_to_see,
    item_to_trace,
    item_to_write,
    visible_items,
)
from services.registry.support_terms import amount_of
from services.registry.tables import (
    Institution,
    Person,
    SupportCode,
    SupportHistoryEntry,
    SupportItem,
)
from shared.etags import etag
from shared.identity import Caller
from shared.pagination import Page, PageParams, paginate, paginate_newest_first
from shared.problems import (
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    FieldError,
    Problem,
    responses,
)
from shared.text import Input, Line, Output, Reason
from shared.vocabularies import VocabularyName, vocabulary
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

CREATION_PROBLEMS = responses(
    UNAUTHENTICATED, NOT_FOUND, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH
)
STEP_PROBLEMS = responses(
    UNAUTHENTICATED, NOT_FOUND, NOT_ALLOWED_NOW, VERSION_CONFLICT, INVALID, VERSION_REQUIRED
)

ItemId = Annotated[UUID, Path(description="The id of the need or offer.")]
Code = Annotated[str, Line(40)]
ShownT = TypeVar("ShownT", bound="SupportOut")


class InstitutionRef(Output):
    """An institution by its names."""

    id: UUID
    name: str = Field(examples=["Centre on Integrated Rural Development for Asia and the Pacific"])
    acronym: str | None = Field(examples=["CIRDAP"])


class VolumeOut(Output):
    """How much, as an estimate to compare by."""

    amount: int = Field(examples=[40])
    unit: str = Field(examples=["people"])
    currency: str | None = Field(examples=["USD"])


class SupportOut(Output):
    """What a need and an offer share."""

    id: UUID
    institution: InstitutionRef
    title: str = Field(examples=["Training of extension workers"])
    text: str
    kind: str = Field(examples=["training"])
    themes: list[str] = Field(examples=[["digital-transformation"]])
    sdgs: list[str] = Field(examples=[["2", "17"]])
    countries: list[str] = Field(description="None means anywhere.", examples=[["BD"]])
    languages: list[str] = Field(examples=[["en"]])
    starts_on: date | None
    ends_on: date | None
    volume: VolumeOut | None
    state: State
    version: int = Field(description="Grows with each change; the ETag.")
    published_at: datetime | None = Field(description="When it was published first.")
    created_at: datetime
    updated_at: datetime


class NeedOut(SupportOut):
    """A need."""


class OfferOut(SupportOut):
    """An offer."""

    facilitates: bool = Field(description="Whether it is to bring others together.")


class Publication(Input):
    """Nothing: what is published is in the draft."""


class Withdrawal(Input):
    """Why it is taken back."""

    reason: Reason | None = Field(None, examples=["Another partner has helped us."])


class SupportActor(Output):
    """Who took a step."""

    id: UUID
    name: str


class SupportStepOut(Output):
    """One step of a need or an offer."""

    version: int
    action: Action
    from_state: State | None
    to_state: State
    by: SupportActor | None = Field(description="Null for what happened because a day had come.")
    reason: str | None
    changes: dict[str, list[Any]] | None = Field(
        description="The value before and after, by field.",
        examples=[{"ends_on": [None, "2027-06-30"]}],
    )
    at: datetime


class Filters:
    """What a list of needs or offers is narrowed to."""

    def __init__(
        self,
        *,
        kind: Annotated[Code | None, Query(description="Only this kind of support.")] = None,
        theme: Annotated[Code | None, Query(description="Only those with this theme.")] = None,
        sdg: Annotated[Code | None, Query(description="Only those with this goal.")] = None,
        country: Annotated[
            Code | None, Query(description="Only those that name this country.")
        ] = None,
        language: Annotated[
            Code | None, Query(description="Only those with this language.")
        ] = None,
        state: Annotated[State | None, Query(description="Only those in this state.")] = None,
        institution_id: Annotated[
            UUID | None, Query(description="Only those of this institution.")
        ] = None,
    ) -> None:
        self.kind = kind
        self.codes = {"themes": theme, "sdgs": sdg, "countries": country, "languages": language}
        self.state = state
        self.institution_id = institution_id
        listed: list[tuple[str, VocabularyName, str | None]] = [
            ("kind", "support-kinds", kind),
            ("theme", "themes", theme),
            ("sdg", "sdgs", sdg),
            ("country", "countries", country),
            ("language", "languages", language),
        ]
        for parameter, name, code in listed:
            if code is not None and vocabulary(name).term(code) is None:
                detail = f"Use a code of GET /vocabularies/{name}."
                raise Problem(
                    INVALID,
                    f"Correct {parameter}: {detail}",
                    errors=[FieldError(pointer=parameter, detail=detail)],
                )

    def narrow(self, statement: SelectOfScalar[SupportItem]) -> SelectOfScalar[SupportItem]:
        """Return the statement with these conditions."""
        if self.kind is not None:
            statement = statement.where(SupportItem.kind == self.kind)
        if self.state is not None:
            statement = statement.where(SupportItem.state == self.state)
        if self.institution_id is not None:
            statement = statement.where(SupportItem.institution_id == self.institution_id)
        for name, code in self.codes.items():
            if code is not None:
                statement = statement.where(
                    col(SupportItem.id).in_(
                        select(SupportCode.item_id).where(
                            SupportCode.vocabulary == name, SupportCode.code == code
                        )
                    )
                )
        return statement


FilterQuery = Annotated[Filters, Depends()]


def visible(side: Side) -> Any:
    """Return what a signature asks for: a need or an offer that the caller sees."""

    def find(item_id: ItemId, caller: MaybeCaller, session: Reading) -> SupportItem:
        return item_to_see(session, caller, side, item_id)

    return Depends(find)


def traceable(side: Side) -> Any:
    """Return what a signature asks for: one of the caller's institution, or any as coordinator."""

    def find(item_id: ItemId, caller: CurrentCaller, session: Reading) -> SupportItem:
        return item_to_trace(session, caller, side, item_id)

    return Depends(find)


def own(side: Side) -> Any:
    """Return what a signature asks for: one of the caller's institution, to write."""

    def find(item_id: ItemId, caller: CurrentCaller, session: Writing) -> SupportItem:
        return item_to_write(session, caller, side, item_id)

    return Depends(find)


VisibleNeed = Annotated[SupportItem, visible(Side.NEED)]
VisibleOffer = Annotated[SupportItem, visible(Side.OFFER)]
TraceableNeed = Annotated[SupportItem, traceable(Side.NEED)]
TraceableOffer = Annotated[SupportItem, traceable(Side.OFFER)]
OwnNeed = Annotated[SupportItem, own(Side.NEED)]
OwnOffer = Annotated[SupportItem, own(Side.OFFER)]


def found(
    session: Session,
    caller: Caller | None,
    side: Side,
    filters: Filters,
    *,
    page: PageParams,
    shown_as: type[ShownT],
) -> Page[ShownT]:
    """Return a page of the needs or offers that the caller sees, the newest first."""
    statement = select(SupportItem).where(SupportItem.side == side, visible_items(session, caller))
    items = paginate_newest_first(session, filters.narrow(statement), col(SupportItem.id), page)
    return Page(
        items=shown(session, items.items, shown_as),
        next_cursor=items.next_cursor,
    )


def shown(session: Session, items: Sequence[SupportItem], as_: type[ShownT]) -> list[ShownT]:
    """Return needs or offers as they are shown."""
    codes = codes_of(session, list(items))
    names = institutions_of(session, {item.institution_id for item in items})
    return [
        as_.model_validate(
            {
                **item.model_dump(),
                **codes[item.id],
                "institution": names[item.institution_id],
                "volume": amount_of(item),
            }
        )
        for item in items
    ]


def current(session: Session, item: SupportItem, response: Response, as_: type[ShownT]) -> ShownT:
    """Return a need or an offer as it is now, and its ETag in the response's headers."""
    session.flush()
    response.headers["ETag"] = etag(item.version)
    return shown(session, [item], as_)[0]


def institutions_of(session: Session, ids: set[UUID]) -> dict[UUID, InstitutionRef]:
    """Return institutions by their names."""
    return {
        institution.id: InstitutionRef.model_validate(institution)
        for institution in session.exec(select(Institution).where(col(Institution.id).in_(ids)))
    }


def actors_of(session: Session, ids: set[UUID | None]) -> dict[UUID | None, SupportActor]:
    """Return people by their names."""
    return {
        person.id: SupportActor.model_validate(person)
        for person in session.exec(select(Person).where(col(Person.id).in_(ids)))
    }


def history(session: Session, item: SupportItem, page: PageParams) -> Page[SupportStepOut]:
    """Return a page of the steps of a need or an offer, oldest first."""
    steps = paginate(
        session,
        select(SupportHistoryEntry).where(SupportHistoryEntry.item_id == item.id),
        col(SupportHistoryEntry.version),
        page,
    )
    actors = actors_of(session, {entry.actor_id for entry in steps.items})
    return Page(
        items=[
            SupportStepOut.model_validate({**entry.model_dump(), "by": actors.get(entry.actor_id)})
            for entry in steps.items
        ],
        next_cursor=steps.next_cursor,
    )
