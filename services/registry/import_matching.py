"""Which institution a row of an import is about.

By its id, then its reference, then an identifier, then its name as `duplicates.comparison_key`
compares it, in the same country. What a batch of rows may need is read at once. A dry run, which
makes nothing, has to come to the same answers, so earlier rows of the file count beside the
institutions that they made.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import ColumnElement, tuple_
from sqlmodel import Session, col, or_, select

from services.registry.exchange_columns import Given, read_row
from services.registry.identifiers import checked
from services.registry.import_files import Form
from services.registry.profiles import Document, profiles_of
from services.registry.spelling import comparison_key
from services.registry.tables import (
    Import,
    ImportKey,
    ImportRow,
    Institution,
    InstitutionIdentifier,
    InstitutionName,
    InstitutionReference,
)
from services.registry.transitions import Status
from shared.problems import INVALID, FieldError, Problem

MAX_WARNINGS = 5
_ANYBODYS = (Status.UNCONFIRMED, Status.REJECTED)
"""What anybody may have put down: no reason to hold back a partner that a coordinator knows."""

Key = tuple[str, str]
"""An identifier: its scheme and its value in its one form."""


@dataclass(frozen=True)
class Row:
    """A row of the file, and what it says."""

    stored: ImportRow
    given: Given

    @classmethod
    def of(cls, stored: ImportRow, form: Form) -> "Row":
        """Read a stored row."""
        return cls(stored, read_row(stored.given, form))

    @property
    def number(self) -> int:
        """The line on which it begins."""
        return self.stored.number

    @cached_property
    def name_key(self) -> str | None:
        """What its name is compared by."""
        return _key_of(self.given.profile.get("name"))

    @cached_property
    def acronym_key(self) -> str | None:
        """What its acronym is compared by."""
        return _key_of(self.given.profile.get("acronym"))

    @property
    def country(self) -> Any:
        """The country it names."""
        return self.given.profile.get("country")

    @cached_property
    def identifiers(self) -> frozenset[Key]:
        """The identifiers it gives, without those that are none."""
        return frozenset(_identifiers_in(self.given.profile))

    @property
    def keys(self) -> set[str]:
        """What it can be known by within its file."""
        return keys_of(self.given)


def keys_of(given: Given) -> set[str]:
    """Return what a row can be known by within its file."""
    keys = {f"i:{scheme} {value}" for scheme, value in _identifiers_in(given.profile)}
    if given.reference is not None:
        keys.add(f"r:{given.reference}")
    if name_key := _key_of(given.profile.get("name")):
        keys.add(f"n:{name_key}")
    return keys


@dataclass
class Known:
    """What is known of the institutions that a batch of rows may be about."""

    institutions: dict[UUID, Institution]
    profiles: dict[UUID, Document]
    by_reference: dict[str, UUID]
    references: dict[UUID, set[str]]
    by_identifier: dict[Key, list[Institution]]
    by_name: dict[str, list[Institution]]
    """By the comparison key of the name, as `by_identifier` without what anybody put down."""
    alike: dict[str, list[Institution]]
    """By the comparison key of a name of any kind."""
    rows: list[Row] = field(default_factory=list)
    """Earlier rows of this import that share something with the batch, the refused ones too."""
    row_of: dict[UUID, Row] = field(default_factory=dict)
    """The accepted row of this import that was about an institution."""

    def note(self, row: Row, institution_id: UUID | None) -> None:
        """Note an earlier row, and about which institution it was, if it was accepted."""
        self.rows.append(row)
        if institution_id is not None:
            self.row_of[institution_id] = row
            if row.given.reference is not None:
                self.references[institution_id].add(row.given.reference)


def load(session: Session, job: Import, rows: Sequence[Row]) -> Known:
    """Return what is known of the institutions that ``rows`` may be about."""
    references = {row.given.reference for row in rows if row.given.reference}
    names = {row.name_key for row in rows if row.name_key}
    identifiers = {key for row in rows for key in row.identifiers}
    by_reference = {
        known.reference: known.institution_id
        for known in session.exec(
            select(InstitutionReference).where(col(InstitutionReference.reference).in_(references))
        )
    }
    identified = session.exec(
        select(InstitutionIdentifier).where(
            tuple_(col(InstitutionIdentifier.scheme), col(InstitutionIdentifier.value)).in_(
                identifiers
            )
        )
    ).all()
    ids = {row.given.id for row in rows if row.given.id}
    ids |= {*by_reference.values(), *(each.institution_id for each in identified)}
    institutions = {
        found.id: found
        for found in session.exec(
            select(Institution).where(
                or_(col(Institution.id).in_(ids), col(Institution.name_key).in_(names))
            )
        )
    }
    known = Known(
        institutions,
        profiles_of(session, list(institutions.values())),
        by_reference,
        references=_references(session, institutions),
        by_identifier=_grouped(
            ((each.scheme, each.value), institutions[each.institution_id]) for each in identified
        ),
        by_name=_grouped((found.name_key, found) for found in institutions.values()),
        alike=_alike(
            session, names | {row.acronym_key for row in rows if row.acronym_key is not None}
        ),
    )
    about = {*institutions, *(other.id for others in known.alike.values() for other in others)}
    for row in _earlier(session, job, rows, about):
        known.note(row, row.stored.institution_id)
    return known


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


def _references(session: Session, ids: Iterable[UUID]) -> dict[UUID, set[str]]:
    references = defaultdict(set)
    for each in session.exec(
        select(InstitutionReference).where(col(InstitutionReference.institution_id).in_(ids))
    ):
        references[each.institution_id].add(each.reference)
    return references


def _alike(session: Session, keys: set[str]) -> dict[str, list[Institution]]:
    alike = defaultdict(list)
    for key, institution in session.exec(
        select(InstitutionName.comparison_key, Institution)
        .join(Institution, col(Institution.id) == col(InstitutionName.institution_id))
        .where(
            col(InstitutionName.comparison_key).in_(keys),
            Institution.status != Status.REJECTED,
        )
        .order_by(col(Institution.id))
    ):
        alike[key].append(institution)
    return alike


def _earlier(session: Session, job: Import, rows: Sequence[Row], about: set[UUID]) -> Iterable[Row]:
    keys = {key for row in rows for key in row.keys}
    same_key = select(ImportKey.number).where(
        ImportKey.import_id == job.id, col(ImportKey.key).in_(keys)
    )
    either: ColumnElement[bool] = or_(
        col(ImportRow.institution_id).in_(about), col(ImportRow.number).in_(same_key)
    )
    for stored in session.exec(
        select(ImportRow)
        .where(ImportRow.import_id == job.id, col(ImportRow.outcome).is_not(None), either)
        .order_by(col(ImportRow.number))
    ):
        yield Row.of(stored, Form(job.form))


def _grouped(pairs: Iterable[tuple[Any, Institution]]) -> dict[Any, list[Institution]]:
    groups = defaultdict(list)
    for key, institution in pairs:
        if institution.status not in _ANYBODYS:
            groups[key].append(institution)
    return groups


def _identifiers_in(profile: Mapping[str, Any]) -> Iterable[Key]:
    given = profile.get("identifiers")
    for each in given if isinstance(given, list) else ():
        if not isinstance(each, dict):
            continue
        scheme, value = each.get("scheme"), each.get("value")
        if isinstance(scheme, str) and isinstance(value, str):
            with suppress(ValueError):
                yield scheme, checked(scheme, value)


def _key_of(name: Any) -> str | None:
    return comparison_key(name) or None if isinstance(name, str) else None


def _may_be_one(country: Any, other: Any) -> bool:
    return country is None or other is None or country == other


def _refuse(pointer: str, detail: str) -> NoReturn:
    raise Problem(INVALID, detail, errors=[FieldError(pointer=pointer, detail=detail)])
