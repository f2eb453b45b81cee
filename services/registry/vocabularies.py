"""Code lists of the field: dated data files, each with its source."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.problems import FieldError

VocabularyName = Literal[
    "organisation-types",
    "countries",
    "regions",
    "sdgs",
    "themes",
    "languages",
    "scripts",
    "identifier-schemes",
    "name-kinds",
    "visibility",
    "support-kinds",
    "volume-units",
    "currencies",
]


class Term(BaseModel):
    """A code with its meaning."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(examples=["40"])
    name: str = Field(examples=["Multilateral"])
    subtypes: tuple["Term", ...] = Field((), description="Finer codes, where there are any.")
    broader: str | None = Field(None, description="The code that includes it, where there is one.")


class Vocabulary(BaseModel):
    """A code list as of a date."""

    model_config = ConfigDict(frozen=True)

    name: VocabularyName
    title: str = Field(examples=["Organisation types"])
    standard: str = Field(description="The standard the codes belong to.")
    source: str = Field(description="Where the list was taken from.")
    as_of: str = Field(description="The date of the list (ISO 8601).", examples=["2026-11-24"])
    terms: tuple[Term, ...]

    def term(self, code: str) -> Term | None:
        """Return the term of ``code``, or ``None``."""
        return next((term for term in self.terms if term.code == code), None)


@cache
def vocabulary(name: VocabularyName) -> Vocabulary:
    """Return the code list called ``name``."""
    text = (files(__package__) / "vocabulary_data" / f"{name}.json").read_text(encoding="utf-8")
    return Vocabulary.model_validate_json(text)


def profile_faults(
    organisation_type: str, subtype: str | None, country: str | None
) -> list[FieldError]:
    """Return what is wrong with the codes of an institution, each with what to do.

    A subtype is required where the type has any, and refused where it has none. A government body
    has a country; a multilateral body may have none.
    """
    faults: list[FieldError] = []
    kind = vocabulary("organisation-types").term(organisation_type)
    if kind is None:
        faults.append(_unknown_type())
    elif fault := _subtype_fault(kind, subtype):
        faults.append(FieldError(pointer="/subtype", detail=fault))
    if country is None and organisation_type == "10":
        faults.append(
            FieldError(pointer="/country", detail="Give the country of the government body.")
        )
    if country is not None and vocabulary("countries").term(country) is None:
        faults.append(_unknown_country())
    return faults


def code_faults(organisation_type: str | None, country: str | None) -> list[FieldError]:
    """Return which of these codes don't exist; an absent one is no fault."""
    faults: list[FieldError] = []
    if organisation_type and not vocabulary("organisation-types").term(organisation_type):
        faults.append(_unknown_type())
    if country and not vocabulary("countries").term(country):
        faults.append(_unknown_country())
    return faults


def _unknown_type() -> FieldError:
    return FieldError(
        pointer="/organisation_type",
        detail="Use an IATI OrganisationType code such as 40; "
        "GET /vocabularies/organisation-types lists them.",
    )


def _unknown_country() -> FieldError:
    return FieldError(
        pointer="/country",
        detail="Use an ISO 3166-1 alpha-2 code in capitals such as TH; "
        "GET /vocabularies/countries lists them.",
    )


def list_faults(name: VocabularyName, codes: Sequence[str], pointer: str) -> list[FieldError]:
    """Return a fault for each code that the vocabulary doesn't have, or that comes again.

    ``pointer`` is the place of the list in the body, such as ``/themes``.
    """
    known = vocabulary(name)
    faults = []
    for place, code in enumerate(codes):
        if known.term(code) is None:
            detail = f"Use a code that GET /vocabularies/{name} lists."
        elif code in codes[:place]:
            detail = f"Leave out {code} here: it is given already."
        else:
            continue
        faults.append(FieldError(pointer=f"{pointer}/{place}", detail=detail))
    return faults


def _subtype_fault(kind: Term, subtype: str | None) -> str | None:
    codes = [term.code for term in kind.subtypes]
    if subtype in codes or (subtype is None and not codes):
        return None
    if not codes:
        return f"Leave the subtype out: the type {kind.code} ({kind.name}) has none."
    return f"Use one of {', '.join(codes)} for the type {kind.code} ({kind.name})."
