"""What a coordinator should look at before they trust an institution; nothing is refused for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from sqlmodel import Session, col, or_, select

from services.registry.domains import ascii_domain, skeleton, with_parents
from services.registry.tables import FocalPoint, Institution, InstitutionDomain, Person

CautionKind = Literal["look_alike_domain", "domain_of_another", "address_of_another"]

_COUNTED = ("submitted", "returned", "verified", "suspended")


@dataclass(frozen=True)
class Caution:
    """Something to look at, in words, and the other institution that it has to do with."""

    kind: CautionKind
    detail: str
    institution_id: UUID


def cautions(session: Session, institution: Institution) -> list[Caution]:
    """Return what is odd about the domains of an institution and of those who speak for it."""
    own = set(
        session.exec(
            select(InstitutionDomain.domain).where(
                InstitutionDomain.institution_id == institution.id
            )
        )
    )
    site = _domain(urlsplit(institution.website or "").hostname or "")
    return [
        *_of_its_domains(session, institution, own | set(site)),
        *_of_its_people(session, institution, own),
    ]


def _of_its_domains(
    session: Session, institution: Institution, domains: set[str]
) -> Iterable[Caution]:
    every = {above for domain in domains for above in with_parents(domain)}
    skeletons = {skeleton(domain): domain for domain in sorted(every)}
    for row, other in session.exec(
        select(InstitutionDomain, Institution)
        .join(Institution, col(Institution.id) == col(InstitutionDomain.institution_id))
        .where(
            or_(
                col(InstitutionDomain.domain).in_(every),
                col(InstitutionDomain.skeleton).in_(skeletons),
            ),
            InstitutionDomain.institution_id != institution.id,
            col(Institution.status).in_(_COUNTED),
        )
        .order_by(col(InstitutionDomain.domain), col(Institution.id))
    ):
        if row.domain in every:
            yield Caution(
                "domain_of_another",
                f"It uses {row.domain}, which is also a domain of {other.name}.",
                other.id,
            )
        else:
            yield Caution(
                "look_alike_domain",
                f"Its domain {skeletons[row.skeleton]} looks like {row.domain}, "
                f"a domain of {other.name}.",
                other.id,
            )


def _of_its_people(session: Session, institution: Institution, own: set[str]) -> Iterable[Caution]:
    people = session.exec(
        select(Person)
        .join(FocalPoint, col(FocalPoint.person_id) == col(Person.id))
        .where(FocalPoint.institution_id == institution.id)
        .order_by(col(Person.id))
    )
    for person in people:
        found = _domain(person.email.rpartition("@")[2])
        if not found or own.intersection(found):
            continue
        for domain, other in session.exec(
            select(InstitutionDomain.domain, Institution)
            .join(Institution, col(Institution.id) == col(InstitutionDomain.institution_id))
            .where(
                col(InstitutionDomain.domain).in_(found),
                InstitutionDomain.institution_id != institution.id,
                col(Institution.status).in_(_COUNTED),
            )
            .order_by(col(InstitutionDomain.domain), col(Institution.id))
        ):
            yield Caution(
                "address_of_another",
                f"{person.name} writes from {domain}, a domain of {other.name}.",
                other.id,
            )


def _domain(host: str) -> list[str]:
    try:
        return with_parents(ascii_domain(host))
    except ValueError:
        return []
