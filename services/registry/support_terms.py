"""What may be said of a need or an offer, and which codes it may use."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from services.registry.match_score import Amount, Terms
from services.registry.tables import SupportItem
from shared.problems import INVALID, FieldError, Problem
from shared.text import Input, Line, Prose, Title
from shared.vocabularies import VocabularyName, vocabulary

CODED: tuple[str, ...] = ("themes", "sdgs", "countries", "languages")
"""The fields that hold lists of codes; each is a vocabulary in the table of codes."""

_LISTED: dict[str, VocabularyName] = {
    "themes": "themes",
    "sdgs": "sdgs",
    "countries": "countries",
    "languages": "languages",
}


def _each_once(codes: list[str]) -> list[str]:
    if len(set(codes)) < len(codes):
        raise PydanticCustomError("repeated", "Name each code once.")
    return codes


Code = Annotated[str, Line(40)]
Codes = Annotated[list[Code], Field(max_length=50), AfterValidator(_each_once)]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]


class Volume(Input):
    """How much: whole numbers of a unit, as an estimate to compare by."""

    amount: Annotated[int, Field(strict=True, ge=1, le=10**12)] = Field(examples=[40])
    unit: Code = Field(description="A code of volume-units.", examples=["people"])
    currency: Code | None = Field(
        None, description="ISO 4217, with the unit `money` alone.", examples=["USD"]
    )


class SupportDraft(Input):
    """What is needed or offered."""

    title: Title = Field(examples=["Training of extension workers in digital advisory services"])
    text: Prose = Field(examples=["Forty extension workers shall advise farmers by telephone."])
    kind: Code = Field(description="A code of support-kinds.", examples=["training"])
    themes: Codes = Field([], description="Codes of themes.", examples=[["digital-transformation"]])
    sdgs: Codes = Field([], description="Codes of sdgs, from 1 to 17.", examples=[["2", "17"]])
    countries: Codes = Field(
        [],
        description="Where (ISO 3166-1 alpha-2); none means anywhere.",
        examples=[["BD", "NP"]],
    )
    languages: Codes = Field(
        [], description="In which languages (codes of languages).", examples=[["en"]]
    )
    starts_on: Day | None = Field(None, description="The first day.", examples=["2027-01-01"])
    ends_on: Day | None = Field(
        None, description="The last day, after which it expires.", examples=["2027-06-30"]
    )
    volume: Volume | None = None


class OfferDraft(SupportDraft):
    """What is offered."""

    facilitates: bool = Field(
        False, description="Whether you would bring others together as a third side."
    )


class SupportChange(Input):
    """What shall change; what is absent stays, ``null`` empties an optional field (RFC 7396)."""

    title: Title | None = Field(None, examples=["Training of forty extension workers"])
    text: Prose | None = Field(None, examples=["Forty extension workers shall advise farmers."])
    kind: Code | None = Field(None, examples=["training"])
    themes: Codes | None = Field(None, examples=[["digital-transformation"]])
    sdgs: Codes | None = Field(None, examples=[["2"]])
    countries: Codes | None = Field(None, examples=[["BD"]])
    languages: Codes | None = Field(None, examples=[["en"]])
    starts_on: Day | None = Field(None, examples=["2027-01-01"])
    ends_on: Day | None = Field(None, examples=["2027-06-30"])
    volume: Volume | None = None

    @field_validator("title", "text", "kind", *CODED, mode="before")
    @classmethod
    def _not_emptied(cls, value: Any) -> Any:
        if value is None:
            raise PydanticCustomError(
                "required", "This can't be null: leave it out to keep it, or give an empty list."
            )
        return value


class OfferChange(SupportChange):
    """What shall change of an offer."""

    facilitates: bool | None = Field(None, examples=[True])

    @field_validator("facilitates", mode="before")
    @classmethod
    def _yes_or_no(cls, value: Any) -> Any:
        if value is None:
            raise PydanticCustomError("required", "Say true or false, or leave it out.")
        return value


def require_codes(draft: SupportDraft) -> None:
    """Raise a Problem (422) that names each code which its vocabulary doesn't have."""
    faults = list(_faults(draft))
    if faults:
        raise Problem(
            INVALID, "Some values don't fit; each is named with what to do.", errors=faults
        )


def volume_faults(volume: Volume, pointer: str) -> list[FieldError]:
    """Return what is wrong with a volume, found in the body at ``pointer``."""
    faults = _unlisted("volume-units", [(f"{pointer}/unit", volume.unit)])
    if volume.currency is not None:
        faults += _unlisted("currencies", [(f"{pointer}/currency", volume.currency)])
    if volume.unit == "money" and volume.currency is None:
        faults.append(
            FieldError(pointer=f"{pointer}/currency", detail="Say which currency, such as USD.")
        )
    if volume.unit != "money" and volume.currency is not None:
        faults.append(
            FieldError(
                pointer=f"{pointer}/currency",
                detail="Leave the currency out: it goes with the unit money alone.",
            )
        )
    return faults


def terms_of(item: SupportItem, codes: dict[str, list[str]]) -> Terms:
    """Return what a match regards of a need or an offer with these codes by vocabulary."""
    return Terms(
        institution_id=item.institution_id,
        kind=item.kind,
        starts_on=item.starts_on,
        ends_on=item.ends_on,
        volume=amount_of(item),
        **{name: frozenset(codes[name]) for name in CODED},
    )


def amount_of(row: Any) -> Amount | None:
    """Return the volume that a row's three columns hold."""
    if row.volume_amount is None:
        return None
    return Amount(row.volume_amount, row.volume_unit, row.volume_currency)


def _faults(draft: SupportDraft) -> Iterable[FieldError]:
    yield from _unlisted("support-kinds", [("/kind", draft.kind)])
    for name, listed in _LISTED.items():
        codes = getattr(draft, name)
        yield from _unlisted(listed, [(f"/{name}/{n}", code) for n, code in enumerate(codes)])
    if draft.volume is not None:
        yield from volume_faults(draft.volume, "/volume")
    if draft.starts_on and draft.ends_on and draft.starts_on > draft.ends_on:
        yield FieldError(pointer="/ends_on", detail="The last day can't be before the first one.")


def _unlisted(name: VocabularyName, codes: Sequence[tuple[str, str]]) -> list[FieldError]:
    known = vocabulary(name)
    return [
        FieldError(
            pointer=pointer,
            detail=f"Use a code such as {known.terms[0].code}; GET /vocabularies/{name} "
            "lists them.",
        )
        for pointer, code in codes
        if known.term(code) is None
    ]
