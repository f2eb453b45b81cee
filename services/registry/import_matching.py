"""Which institution a row of an import is about.

By its id, then its reference, then an identifier, then its name as `duplicates.comparison_key`
compares it, in the same country. A dry run, which makes nothing, has to come to the same answers,
so earlier rows of the file count beside the institutions that they made.
"""

from collections.abc import Iterable
from typing import Any, NoReturn
from uuid import UUID

from services.registry.import_known import Known, Row
from services.registry.tables import Institution
from shared.problems import INVALID, FieldError, Problem

MAX_WARNINGS = 5


def match(row: Row, known: Known) -> Institution | None:
    """Return the institution that a row is about, ``None`` when it is a new one.

    Raises a Problem (422) when that can't be told, when an earlier row was about the same, or when
    it was merged into another.
    """
    pointer, found = _found(row, known)
    if found is None:
        return None
    if earlier := known.row_of.get(found.id):
        _refuse(pointer, f"Line {earlier.number} is about the same institution. Keep one.")
    if found.merged_into is not None:
        _refuse(
            pointer,
            f"This institution was merged into {found.merged_into}. Take the row out, or give "
            "that id.",
        )
    return found


def warnings_of(row: Row, known: Known) -> list[dict[str, str]]:
    """Return which others a row that makes a new institution may repeat, each in words.

    Five at most. Call it before the row makes its institution.
    """
    told: list[dict[str, str]] = [
        {"detail": f"Line {earlier.number} has the same name, with another reference."}
        for earlier in known.rows
        if earlier.name_key == row.name_key and _may_be_one(earlier.country, row.country)
    ]
    seen: set[UUID] = set()
    for key in (row.name_key, row.acronym_key):
        for other in known.alike.get(key or "", ()):
            # One that stands in the file itself is meant to be another.
            in_file = other.id in known.row_of
            if other.id in seen or in_file or not _may_be_one(other.country, row.country):
                continue
            seen.add(other.id)
            told.append(
                {
                    "detail": f"{other.name}, {other.status}, has the same name or acronym.",
                    "institution_id": str(other.id),
                }
            )
    return told[:MAX_WARNINGS]


def _found(row: Row, known: Known) -> tuple[str, Institution | None]:
    _check_stands_once(row, known)
    found = _by_id_or_reference(row, known)
    if found is not None:
        return ("/id" if row.given.id else "/reference"), found
    found = _by_identifier(row, known)
    if found is not None:
        return "/identifiers", found
    return "/name", _by_name(row, known)


def _check_stands_once(row: Row, known: Known) -> None:
    """Refuse what an earlier row of the file says as well, whatever became of that one.

    Only the file counts here: if it depended on what is stored, importing the file again could
    come to something else.
    """
    for earlier in known.rows:
        both_known = row.given.id is not None and earlier.given.id is not None
        references = {row.given.reference, earlier.given.reference} - {None}
        if len(references) == 1 and row.given.reference == earlier.given.reference:
            _refuse("/reference", f"Line {earlier.number} has the same reference. Keep one.")
        if both_known and row.given.id != earlier.given.id:
            continue
        if row.identifiers & earlier.identifiers:
            _refuse("/identifiers", f"Line {earlier.number} has the same identifier. Keep one.")
        if (
            row.given.id is None
            and row.name_key is not None
            and earlier.name_key == row.name_key
            and len(references) < 2
            and _may_be_one(earlier.country, row.country)
        ):
            _refuse(
                "/name",
                f"Line {earlier.number} has the same name. Keep one, or give each its reference.",
            )


def _by_id_or_reference(row: Row, known: Known) -> Institution | None:
    given = row.given
    referred = known.by_reference.get(given.reference or "")
    if given.id is None:
        return None if referred is None else known.institutions[referred]
    found = known.institutions.get(given.id)
    if found is None:
        _refuse("/id", "There is no institution of this id. Leave it empty for a new one.")
    if referred not in (None, found.id):
        _refuse("/reference", f"This reference is of another institution, {referred}.")
    return found


def _by_identifier(row: Row, known: Known) -> Institution | None:
    possible = {}
    for key in row.identifiers:
        for institution in known.by_identifier.get(key, ()):
            earlier = known.row_of.get(institution.id)
            given_up = (
                earlier is not None
                and "identifiers" in earlier.given.profile
                and key not in earlier.identifiers
            )
            if not given_up:
                possible[institution.id] = institution
    return _the_one(
        "/identifiers", possible.values(), "Several institutions have one of these identifiers."
    )


def _by_name(row: Row, known: Known) -> Institution | None:
    possible = []
    for institution in known.by_name.get(row.name_key or "", ()):
        earlier = known.row_of.get(institution.id)
        renamed = earlier is not None and (
            earlier.name_key not in {None, row.name_key}
            or not _may_be_one(earlier.country, row.country)
        )
        another = row.given.reference is not None and known.references.get(institution.id)
        if not renamed and not another and _may_be_one(institution.country, row.country):
            possible.append(institution)
    nearest = [one for one in possible if one.country == row.country] or possible
    return _the_one("/name", nearest, "Several institutions have this name.")


def _the_one(pointer: str, possible: Iterable[Institution], several: str) -> Institution | None:
    every = list(possible)
    living = [one for one in every if one.merged_into is None] or every
    if len(living) > 1:
        _refuse(pointer, f"{several} Give the id of the one you mean.")
    return living[0] if living else None


def _may_be_one(country: Any, other: Any) -> bool:
    return country is None or other is None or country == other


def _refuse(pointer: str, detail: str) -> NoReturn:
    raise Problem(INVALID, detail, errors=[FieldError(pointer=pointer, detail=detail)])
