"""Sight: who may hear of what a group does, and of what an institution asks or offers.

A group is for all, for partners (people of verified institutions), or for its members alone; an
institution for all, for partners, or for its own people. Who belongs and the platform's
coordinators always see it. A reader by address only is none of them. What is unknown here counts
as the most hidden.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import intersect, union
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.notifier import targets
from services.notifier.standing import UNKNOWN, VERIFIED, Standing, of_subscribers, standings
from services.notifier.tables import (
    Coordinator,
    FocalPoint,
    Group,
    GroupMember,
    Institution,
    Notice,
    Participant,
)
from services.notifier.targets import Target
from services.notifier.vocabulary import TargetKind

FOR_ALL = frozenset({"all", "public"})
FOR_PARTNERS = "partners"


@dataclass(frozen=True, slots=True)
class Guard:
    """What one must see to hear of something: each of the groups, and the institution."""

    groups: frozenset[UUID] = frozenset()
    institution: UUID | None = None

    @classmethod
    def of(cls, notice: Notice) -> "Guard":
        """Return what guards the notice."""
        support = notice.facts.get("need") or notice.facts.get("offer")
        groups = cls.of_groups(notice.group_id, notice.targets).groups
        return cls(groups, UUID(support["institution_id"]) if support else None)

    @classmethod
    def of_groups(cls, group_id: UUID | None, targets: Iterable[str]) -> "Guard":
        """Return the groups of a notice with these targets."""
        named = {Target.of_key(key) for key in targets}
        groups = {UUID(target.id) for target in named if target.kind is TargetKind.GROUP}
        return cls(frozenset({*groups, group_id} if group_id is not None else groups))


@dataclass(frozen=True, slots=True)
class Hidden:
    """The groups and institutions, out of those asked about, that are not for all."""

    groups: dict[UUID, bool]
    """Whether partners see it, by group."""
    institutions: dict[UUID, bool]
    """The same, by institution."""

    @classmethod
    def of(cls, session: Session, guards: Iterable[Guard]) -> "Hidden":
        """Find out, asking two questions for all of them."""
        wanted = list(guards)
        groups = {group_id for guard in wanted for group_id in guard.groups}
        institutions = {guard.institution for guard in wanted if guard.institution}
        return cls(
            _hidden(groups, _group_visibilities(session, groups)),
            _hidden(institutions, _institution_visibilities(session, institutions)),
        )

    def hides(self, guard: Guard) -> bool:
        """Tell whether somebody may not hear of it."""
        return guard.institution in self.institutions or any(
            group_id in self.groups for group_id in guard.groups
        )

    def lets(self, guard: Guard, standing: Standing) -> bool:
        """Tell whether somebody who stands there may hear of it."""
        if standing.is_coordinator:
            return True
        for group_id in guard.groups:
            for_partners = self.groups.get(group_id)
            if for_partners is None or group_id in standing.groups:
                continue
            if not (for_partners and standing.is_partner):
                return False
        for_partners = self.institutions.get(guard.institution) if guard.institution else None
        return (
            for_partners is None
            or guard.institution in standing.institutions
            or (for_partners and standing.is_partner)
        )


def require_followable(
    session: Session, target: Target, person_id: UUID | None = None, *, pointer: str = "/target"
) -> None:
    """Raise ``Problem`` (422) when there is nothing of this kind and id that the person sees.

    Whoever is known by an address alone sees what is for all: a confirmation names what it is for.
    ``pointer`` is the place of the target in the body.
    """
    if targets.known_name(session, target) is None:
        raise targets.nothing_to_follow(target, pointer)
    guard = Guard()
    if target.kind is TargetKind.GROUP:
        guard = Guard(groups=frozenset({UUID(target.id)}))
    elif target.kind is TargetKind.INSTITUTION:
        guard = Guard(institution=UUID(target.id))
    standing = standings(session, [person_id])[person_id] if person_id else UNKNOWN
    if not Hidden.of(session, [guard]).lets(guard, standing):
        raise targets.nothing_to_follow(target, pointer)


def heard(session: Session, notices: Collection[Notice], subscriber_id: UUID) -> list[Notice]:
    """Return those that the reader may hear of now, in their order.

    What concerns its reader alone was hidden from everybody else when it was recorded.
    """
    guards = {notice.id: Guard.of(notice) for notice in notices if notice.targets}
    hidden = Hidden.of(session, guards.values())
    person_id = of_subscribers(session, [subscriber_id]).get(subscriber_id)
    standing = standings(session, [person_id])[person_id] if person_id else UNKNOWN
    return [
        notice
        for notice in notices
        if notice.taken_back_at is None
        and (notice.id not in guards or hidden.lets(guards[notice.id], standing))
    ]


def people_who_see(guard: Guard, hidden: Hidden) -> SelectOfScalar[UUID]:
    """Return the query of the people whom `Hidden.lets` hear of what is hidden."""
    conditions = [
        _either(belonging(group_id), for_partners=hidden.groups[group_id])
        for group_id in guard.groups
        if group_id in hidden.groups
    ]
    if guard.institution in hidden.institutions and guard.institution is not None:
        own = select(FocalPoint.person_id).where(
            col(FocalPoint.institution_id) == guard.institution
        )
        conditions.append(_either([own], for_partners=hidden.institutions[guard.institution]))
    within = intersect(*conditions).subquery()
    coordinators = select(Coordinator.person_id)
    found = union(select(within.c.person_id), coordinators).subquery()
    return select(found.c.person_id)


def _either(own: list[SelectOfScalar[UUID]], *, for_partners: bool) -> SelectOfScalar[UUID]:
    partners = select(FocalPoint.person_id).join(
        Institution, col(Institution.id) == col(FocalPoint.institution_id)
    )
    asked = [*own, partners.where(Institution.status == VERIFIED)] if for_partners else own
    found = union(*asked).subquery()
    return select(found.c.person_id)


def belonging(group_id: UUID) -> list[SelectOfScalar[UUID]]:
    """Return the queries of who belongs to a group: through an institution, and by a role."""
    members = select(GroupMember.institution_id).where(
        col(GroupMember.group_id) == group_id, col(GroupMember.suspended).is_(False)
    )
    return [
        select(FocalPoint.person_id).where(col(FocalPoint.institution_id).in_(members)),
        select(Participant.person_id).where(
            col(Participant.group_id) == group_id, col(Participant.suspended).is_(False)
        ),
    ]


def _group_visibilities(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    if not ids:
        return {}
    return dict(
        session.exec(select(Group.id, Group.visibility).where(col(Group.id).in_(ids))).all()
    )


def _institution_visibilities(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    if not ids:
        return {}
    found = select(Institution.id, Institution.visibility).where(
        col(Institution.id).in_(ids), Institution.status == VERIFIED
    )
    return dict(session.exec(found).all())


def _hidden(ids: Collection[UUID], visibilities: dict[UUID, str]) -> dict[UUID, bool]:
    return {
        each: visibilities.get(each) == FOR_PARTNERS
        for each in ids
        if visibilities.get(each) not in FOR_ALL
    }
