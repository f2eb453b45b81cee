"""What rows of an import say, and what is known already of what they may be about.

What a batch of rows may need is read at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, tuple_
from sqlmodel import Session, col, or_, select

from services.registry.exchange_columns import Given, read_row
from services.registry.identifiers import checked
from services.registry.profiles import Document, profiles_of
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
from shared.comparison import comparison_key
from shared.row_files import Form

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
