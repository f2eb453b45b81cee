"""Two registrations of one institution: which may be one, and what people decided of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from services.registry.likeness import BLOCKS, WARNS, Features, Likeness, hosts_alike, likeness
from services.registry.name_keys import search_keys, sharing_keys, without_keys, write_keys
from services.registry.tables import (
    DuplicateDecision,
    Institution,
    InstitutionDomain,
    InstitutionIdentifier,
    InstitutionName,
)
from shared.comparison import comparison_key
from shared.problems import INVALID, NOT_ALLOWED_NOW, FieldError, Problem

__all__ = ["comparison_key"]

LIMIT = 20
"""How many candidates are shown."""
COMPARED = 80
"""How many institutions are compared with one, those that share its rarest keys."""
SHARED_HOST = 20
"""A website or domain that more institutions have belongs to none of them."""

Decision = Literal["distinct", "duplicate"]

_PUBLIC = and_(col(Institution.status) == "verified", col(Institution.visibility) == "public")
_GONE = ("rejected", "merged")
_STANDING = ("submitted", "returned", "verified", "suspended", "withdrawn")


@dataclass(frozen=True)
class Candidate:
    """An institution that may be the same as another."""

    institution: Institution
    likeness: Likeness
    decision: DuplicateDecision | None = None
    """The newest decision on the two; ``None`` when nobody has decided."""

    @property
    def blocks(self) -> bool:
        """Whether the other can't be verified before somebody says that the two are distinct.

        A registration that nobody has confirmed blocks nothing: anybody can make one.
        """
        return (
            self.likeness.score >= BLOCKS
            and self.institution.status in _STANDING
            and (self.decision is None or self.decision.decision != "distinct")
        )


def possible_duplicates(session: Session, institution: Institution) -> list[Candidate]:
    """Return the institutions that this one may be a duplicate of, the likeliest first.

    20 at most, each with a score of 0.5 or more; none that is rejected or merged.
    """
    features = features_of(session, [institution.id])[institution.id]
    standing = col(Institution.status).not_in(_GONE)
    found = _alike(session, features, institution.id, standing)
    decisions = _newest_decisions(session, institution.id, [other.id for other, _ in found])
    return [Candidate(other, alike, decisions.get(other.id)) for other, alike in found]


def public_duplicates(session: Session, features: Features) -> list[Candidate]:
    """Return the public, verified institutions that something not yet registered may repeat."""
    return [Candidate(*found) for found in _alike(session, features, None, _PUBLIC)]


def public_duplicates_of(session: Session, institution: Institution) -> list[Candidate]:
    """Return the public, verified institutions that a registration may repeat."""
    features = features_of(session, [institution.id])[institution.id]
    return [Candidate(*found) for found in _alike(session, features, institution.id, _PUBLIC)]


def require_no_open_duplicate(session: Session, institution: Institution) -> None:
    """Raise a Problem (409) while an institution may be a duplicate that nobody has dismissed."""
    blocking = [each for each in possible_duplicates(session, institution) if each.blocks]
    if not blocking:
        return
    first = blocking[0]
    why = "; ".join(first.likeness.reasons)
    told = (
        "A coordinator decided that it is a duplicate of"
        if first.decision
        else f"It is with a score of {first.likeness.score} a possible duplicate of"
    )
    raise Problem(
        NOT_ALLOWED_NOW,
        f"{told} {first.institution.name} ({first.institution.id}): {why}. Merge it, reject it, or "
        f"say why they are distinct at POST /institutions/{institution.id}/duplicates/"
        f"{first.institution.id}/decisions.",
    )


def decide(
    session: Session,
    institution: Institution,
    other_id: UUID,
    *,
    decision: Decision,
    reason: str,
    by: UUID,
) -> Candidate:
    """Keep what a coordinator decided on two institutions, beside every earlier decision.

    Raises a Problem (422) when the other is the same, is rejected or merged, or isn't there.
    """
    other = session.get(Institution, other_id)
    if other is None or other.id == institution.id or other.status in _GONE:
        raise Problem(
            INVALID,
            "What is compared with it isn't another institution that stands. "
            f"GET /institutions/{institution.id}/duplicates lists those in question.",
            errors=[
                FieldError(
                    pointer="other_id",
                    detail="Give the id of another institution, not rejected or merged.",
                )
            ],
        )
    features = features_of(session, [institution.id, other.id])
    alike = likeness(features[institution.id], features[other.id])
    made = DuplicateDecision(
        institution_id=institution.id,
        other_id=other.id,
        decision=decision,
        reason=reason,
        score=alike.score,
        by=by,
    )
    session.add(made)
    session.flush()
    return Candidate(other, alike, made)


def keep_search_keys(session: Session, institution_id: UUID) -> None:
    """Let an institution be found by the names, the website and the domains that it has now."""
    make_search_keys(session, [institution_id])


def make_search_keys(session: Session, ids: Sequence[UUID]) -> None:
    """Let each institution be found by the names, the website and the domains that it has now."""
    session.flush()
    for institution_id, features in features_of(session, ids).items():
        write_keys(session, institution_id, features)


def make_missing_keys(session: Session, now: datetime) -> int:
    """Make the keys of institutions that have none; return of how many."""
    ids = without_keys(session, now)
    make_search_keys(session, ids)
    return len(ids)


def features_of(session: Session, ids: Iterable[UUID]) -> dict[UUID, Features]:
    """Return what each institution is recognised by."""
    return {each.id: features for each, features in _with_features(session, list(ids))}


def host_of(website: str | None) -> str | None:
    """Return the host of a web address without ``www.``, in lower case."""
    if not website:
        return None
    try:
        host = urlsplit(website).hostname or ""
    except ValueError:
        return None
    return domain_key(host) or None


def domain_key(domain: str) -> str:
    """Return what two spellings of a domain share: lower case, without ``www.`` and last dot."""
    return domain.lower().rstrip(".").removeprefix("www.")


def _alike(
    session: Session,
    features: Features,
    besides: UUID | None,
    condition: ColumnElement[bool],
) -> list[tuple[Institution, Likeness]]:
    ids = dict.fromkeys(
        [
            *_of_the_same_identifier(session, features),
            *_of_the_same_domain(session, features),
            *sharing_keys(session, search_keys(features), COMPARED),
        ]
    )
    others = [each for each in ids if each != besides]
    compared = _with_features(session, others, condition)
    features = replace(features, hosts=features.hosts - _shared_by_many(compared))
    found = [
        (other, alike)
        for other, theirs in compared
        if (alike := likeness(features, theirs)).score >= WARNS
    ]
    return sorted(found, key=lambda pair: (-pair[1].score, pair[0].id))[:LIMIT]


def _with_features(
    session: Session, ids: Sequence[UUID], *conditions: ColumnElement[bool]
) -> list[tuple[Institution, Features]]:
    if not ids:
        return []
    found = session.exec(select(Institution).where(col(Institution.id).in_(ids), *conditions)).all()
    return [(each, features) for each, features in zip(found, _read(session, found), strict=True)]


def _shared_by_many(compared: Sequence[tuple[Institution, Features]]) -> set[str]:
    holders = Counter(host for _, features in compared for host in features.hosts)
    return {host for host, number in holders.items() if number > SHARED_HOST}


def _read(session: Session, institutions: Sequence[Institution]) -> list[Features]:
    ids = [each.id for each in institutions]
    names: dict[UUID, list[str]] = {each.id: [each.name] for each in institutions}
    acronyms: dict[UUID, list[str]] = {
        each.id: [each.acronym] if each.acronym else [] for each in institutions
    }
    for institution_id, kind, value in session.exec(
        select(InstitutionName.institution_id, InstitutionName.kind, InstitutionName.value)
        .where(col(InstitutionName.institution_id).in_(ids))
        .order_by(InstitutionName.kind, InstitutionName.value)
    ):
        (acronyms if kind == "acronym" else names)[institution_id].append(value)
    hosts: dict[UUID, set[str]] = {
        each.id: {host} if (host := host_of(each.website)) else set() for each in institutions
    }
    for row in session.exec(
        select(InstitutionDomain).where(col(InstitutionDomain.institution_id).in_(ids))
    ):
        hosts[row.institution_id].add(row.domain)
    identifiers: dict[UUID, set[tuple[str, str]]] = {each.id: set() for each in institutions}
    for found in session.exec(
        select(InstitutionIdentifier).where(col(InstitutionIdentifier.institution_id).in_(ids))
    ):
        identifiers[found.institution_id].add((found.scheme, found.value))
    return [
        Features(
            names=tuple(dict.fromkeys(names[each.id])),
            acronyms=tuple(dict.fromkeys(acronyms[each.id])),
            hosts=frozenset(hosts[each.id]),
            identifiers=frozenset(identifiers[each.id]),
            country=each.country,
            organisation_type=each.organisation_type,
        )
        for each in institutions
    ]


def _of_the_same_identifier(session: Session, features: Features) -> Sequence[UUID]:
    table = InstitutionIdentifier
    if not features.identifiers:
        return []
    same = [
        and_(table.scheme == scheme, table.value == value)
        for scheme, value in sorted(features.identifiers)
    ]
    return session.exec(select(table.institution_id).where(or_(*same)).limit(COMPARED)).all()


def _of_the_same_domain(session: Session, features: Features) -> Sequence[UUID]:
    hosts = hosts_alike(features, features)
    if not hosts:
        return []
    return session.exec(
        select(InstitutionDomain.institution_id)
        .where(col(InstitutionDomain.domain).in_(hosts))
        .limit(SHARED_HOST + 1)
    ).all()


def _newest_decisions(
    session: Session, institution_id: UUID, others: Sequence[UUID]
) -> dict[UUID, DuplicateDecision]:
    table = DuplicateDecision
    made = session.exec(
        select(table)
        .where(
            or_(
                and_(table.institution_id == institution_id, col(table.other_id).in_(others)),
                and_(table.other_id == institution_id, col(table.institution_id).in_(others)),
            )
        )
        .order_by(col(table.id))
    )
    return {
        each.other_id if each.institution_id == institution_id else each.institution_id: each
        for each in made
    }
