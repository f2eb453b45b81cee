"""What is wrong with the codes that somebody gave."""

from collections.abc import Sequence

from shared.problems import FieldError
from shared.vocabularies import Term, VocabularyName, vocabulary


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
