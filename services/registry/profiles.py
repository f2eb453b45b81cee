"""The whole profile of an institution as one document: read from its tables, kept in them.

A document has the fields of `institutions.Profile` with values as in JSON, so that the history can
hold them and two of them can be compared.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import delete
from sqlmodel import Session, col, select

from services.registry.domains import skeleton
from services.registry.duplicates import keep_search_keys
from services.registry.names import is_shown, name_rows
from services.registry.relations import relation_rows
from services.registry.tables import (
    Institution,
    InstitutionCode,
    InstitutionDomain,
    InstitutionIdentifier,
    InstitutionName,
    InstitutionRelation,
    Table,
)
from shared.comparison import comparison_key

Document = dict[str, Any]

OF_THE_ROW = (
    "name",
    "acronym",
    "organisation_type",
    "subtype",
    "country",
    "website",
    "descriptions",
    "visibility",
)
"""Fields that the institution's own row holds."""
CODED = ("themes", "sdgs", "countries", "regions", "languages")
"""Fields that are lists of codes, each called as `InstitutionCode.vocabulary` is."""

NOTHING: Document = {
    "names": [],
    **{field: [] for field in CODED},
    "email_domains": [],
    "identifiers": [],
    "predecessors": [],
    "descriptions": {},
    "parent": None,
    "name_language": None,
}
"""A profile in which nothing is said."""


def profile_of(session: Session, institution: Institution) -> Document:
    """Return the profile of an institution."""
    return profiles_of(session, [institution])[institution.id]


def profiles_of(session: Session, institutions: Sequence[Institution]) -> dict[UUID, Document]:
    """Return the profiles of several institutions, in five queries."""
    ids = [institution.id for institution in institutions]
    names = _rows(session, InstitutionName, ids, InstitutionName.id)
    codes = _rows(session, InstitutionCode, ids, InstitutionCode.code)
    domains = _rows(session, InstitutionDomain, ids, InstitutionDomain.domain)
    identifiers = _rows(session, InstitutionIdentifier, ids, InstitutionIdentifier.scheme)
    relations = _rows(session, InstitutionRelation, ids, InstitutionRelation.other_id)
    found = {}
    for institution in institutions:
        mine = institution.id
        own_names = names[mine]
        found[mine] = _document(
            {name: getattr(institution, name) for name in OF_THE_ROW}
            | {
                "name_language": next(
                    (
                        name.language
                        for name in own_names
                        if (name.kind, name.value) == ("official", institution.name)
                    ),
                    None,
                ),
                "names": [
                    {"kind": name.kind, "value": name.value, "language": name.language}
                    for name in own_names
                    if not is_shown(institution, name.kind, name.value)
                ],
                "email_domains": [row.domain for row in domains[mine]],
                "identifiers": [
                    row.model_dump(exclude={"institution_id"}) for row in identifiers[mine]
                ],
                "parent": next(
                    (row.other_id for row in relations[mine] if row.kind == "parent"), None
                ),
                "predecessors": [
                    row.other_id for row in relations[mine] if row.kind == "predecessor"
                ],
            }
            | {
                vocabulary: [row.code for row in codes[mine] if row.vocabulary == vocabulary]
                for vocabulary in CODED
            }
        )
    return found


def only_related(profile: Document, visible: set[str]) -> Document:
    """Return the profile without the relations to other institutions than the visible ones."""
    return {
        **profile,
        "parent": profile["parent"] if profile["parent"] in visible else None,
        "predecessors": [other for other in profile["predecessors"] if other in visible],
    }


def in_order(profile: Document) -> Document:
    """Return the profile as it is read back: lists of codes and ids have one order."""
    return _document(profile)


SEARCHED = ("name", "acronym", "names", "country", "website", "email_domains")
"""Fields by which possible duplicates are found."""


def keys_of(profile: Document) -> dict[str, Any]:
    """Return what the name and the acronym are compared by, as the institution's row has it."""
    acronym_key = comparison_key(profile["acronym"]) if profile["acronym"] else ""
    return {"name_key": comparison_key(profile["name"]), "acronym_key": acronym_key or None}


def rows_of(institution: Institution, profile: Document) -> Iterator[Table]:
    """Yield what the tables beside the institution's own hold of its profile."""
    for part in _PARTS:
        yield from part.rows(institution, profile)


def keep(session: Session, institution: Institution, before: Document, after: Document) -> None:
    """Store a profile: ``after`` instead of ``before``, which is what the tables hold now."""
    for name, value in {**{name: after[name] for name in OF_THE_ROW}, **keys_of(after)}.items():
        setattr(institution, name, value)
    session.add(institution)
    session.flush()
    for part in _PARTS:
        if any(before.get(field) != after[field] for field in part.fields):
            table: Any = part.table
            if any(before.get(field) for field in part.fields):
                session.execute(delete(table).where(table.institution_id == institution.id))
            session.add_all(part.rows(institution, after))
    session.flush()
    if any(before.get(field) != after[field] for field in SEARCHED):
        keep_search_keys(session, institution.id)


def _code_rows(institution: Institution, profile: Document) -> Iterator[Table]:
    for vocabulary in CODED:
        for code in profile[vocabulary]:
            yield InstitutionCode(institution_id=institution.id, vocabulary=vocabulary, code=code)


def _domain_rows(institution: Institution, profile: Document) -> Iterator[Table]:
    for domain in profile["email_domains"]:
        yield InstitutionDomain(
            institution_id=institution.id, domain=domain, skeleton=skeleton(domain)
        )


def _identifier_rows(institution: Institution, profile: Document) -> Iterator[Table]:
    for identifier in profile["identifiers"]:
        yield InstitutionIdentifier.model_validate({**identifier, "institution_id": institution.id})


@dataclass(frozen=True)
class _Part:
    """A table beside the institution's own, and the fields of a profile that it holds."""

    table: type[Table]
    fields: tuple[str, ...]
    rows: Callable[[Institution, Document], Iterator[Table]]


_PARTS = (
    _Part(InstitutionName, ("name", "acronym", "name_language", "names"), name_rows),
    _Part(InstitutionCode, CODED, _code_rows),
    _Part(InstitutionDomain, ("email_domains",), _domain_rows),
    _Part(InstitutionIdentifier, ("identifiers",), _identifier_rows),
    _Part(InstitutionRelation, ("parent", "predecessors"), relation_rows),
)


def _rows(session: Session, table: Any, ids: Sequence[UUID], order: Any) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in session.exec(
        select(table).where(col(table.institution_id).in_(ids)).order_by(col(order))
    ):
        found[row.institution_id].append(row)
    return found


def _document(profile: Document) -> Document:
    document: Document = to_jsonable_python(profile)
    for field in (*CODED, "email_domains", "predecessors"):
        # The goals 1 to 17 in their order.
        document[field] = sorted(
            document[field], key=lambda code: (int(code) if code.isdigit() else 0, code)
        )
    document["identifiers"] = sorted(
        document["identifiers"], key=lambda each: (each["scheme"], each["value"])
    )
    document["descriptions"] = dict(sorted(document["descriptions"].items()))
    return document
