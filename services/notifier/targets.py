"""What a subscription can be about, and the names of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from sqlalchemy import true
from sqlmodel import Session, col, select

from services.notifier import criteria
from services.notifier.tables import Group, Institution, Theme
from services.notifier.vocabulary import TargetKind
from services.notifier.wording import wording
from shared.problems import INVALID, FieldError, Problem


@dataclass(frozen=True)
class Target:
    """A kind, and which one of it: a theme's slug, a group's or institution's id, an update kind.

    ``id`` is empty for everything, so that a unique constraint holds there too. Of needs and
    offers it is the key of the criteria; all of them have none.
    """

    kind: TargetKind
    id: str = ""

    @property
    def key(self) -> str:
        """The form kept with a notice: ``theme:digital-transformation``."""
        return f"{self.kind}:{self.id}"

    @classmethod
    def of_key(cls, key: str) -> Self:
        """Return the target that `key` wrote."""
        kind, _, target_id = key.partition(":")
        return cls(TargetKind(kind), target_id)


EVERYTHING = Target(TargetKind.EVERYTHING)


def asked_for(kind: TargetKind, target_id: str | None) -> Target:
    """Return the target that somebody names, its id in the form that events use."""
    if kind in (TargetKind.GROUP, TargetKind.INSTITUTION) and target_id:
        try:
            return Target(kind, str(UUID(target_id)))
        except ValueError:
            pass  # Nothing has that id; `known_name` will say so.
    return Target(kind, target_id or "")


def theme(slug: str) -> Target:
    """Return the target of a theme."""
    return Target(TargetKind.THEME, slug)


def group(group_id: UUID) -> Target:
    """Return the target of a group."""
    return Target(TargetKind.GROUP, str(group_id))


def institution(institution_id: UUID) -> Target:
    """Return the target of an institution."""
    return Target(TargetKind.INSTITUTION, str(institution_id))


def update_kind(kind: str) -> Target:
    """Return the target of a kind of update."""
    return Target(TargetKind.UPDATE_KIND, kind)


def known_name(session: Session, target: Target) -> str | None:
    """Return how to call the target in a sentence, or ``None`` when there is no such thing.

    An institution counts once it is verified: before that nobody outside may learn of it.
    """
    match target.kind:
        case TargetKind.EVERYTHING:
            return "everything on Southlink" if not target.id else None
        case TargetKind.THEME:
            known = session.get(Theme, target.id)
            return f"the theme {known.title}" if known else None
        case TargetKind.GROUP:
            found = session.get(Group, _uuid(target.id))
            return f"the group {found.title}" if found else None
        case TargetKind.INSTITUTION:
            partner = session.get(Institution, _uuid(target.id))
            return partner.name if partner and partner.status == "verified" else None
        case TargetKind.UPDATE_KIND:
            return UPDATE_KIND_NAMES.get(target.id)
        case TargetKind.NEEDS | TargetKind.OFFERS:
            return _name_of_support(target)


def nothing_to_follow(target: Target, pointer: str = "/target") -> Problem:
    """Return the Problem (422) of a target that isn't there, or is hidden from who asks.

    ``pointer`` is its place in the body.
    """
    return Problem(
        INVALID,
        f"There is no {target.kind.replace('_', ' ')} {target.id!r} to follow: "
        "choose one that exists.",
        errors=[FieldError(pointer=f"{pointer}/id", detail="Nothing with this id is known.")],
    )


def criteria_of(target: Target) -> dict[str, list[str]] | None:
    """Return the criteria of a target of needs or offers, as they are kept; ``None`` of others."""
    if target.kind not in (TargetKind.NEEDS, TargetKind.OFFERS):
        return None
    return criteria.of_key(target.id).named()


def name(session: Session, target: Target) -> str:
    """Return how to call the target, also when it is gone."""
    return known_name(session, target) or f"something that is no longer there ({target.key})"


UPDATE_KIND_NAMES = {
    "initiative": "every initiative",
    "opportunity": "every opportunity",
    "challenge": "every challenge",
    "resource": "every resource",
    "decision": "every decision",
    "news": "all news",
}


def _name_of_support(target: Target) -> str | None:
    key = _key_of_criteria(target)
    return None if key is None else wording("en").target(target.kind, key)


def _key_of_criteria(target: Target) -> str | None:
    try:
        return criteria.of_key(target.id).key
    except ValueError:
        return None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def titles(session: Session, wanted: Iterable[Target]) -> dict[Target, str]:
    """Return what each target is called where it stands alone, asking once for each kind.

    A target that is gone has none. Kinds of updates are their own; needs and offers go by the key
    of their criteria.
    """
    found: dict[Target, str] = {}
    rows: dict[TargetKind, list[Target]] = {}
    for target in wanted:
        rows.setdefault(target.kind, []).append(target)
    for kind, of_kind in rows.items():
        if kind in (TargetKind.NEEDS, TargetKind.OFFERS):
            keys = {target: _key_of_criteria(target) for target in of_kind}
            found.update((target, key) for target, key in keys.items() if key is not None)
            continue
        if kind not in _NAMED:
            found.update((target, target.id) for target in of_kind)
            continue
        key, title, known = _NAMED[kind]
        ids = {each.id if kind is TargetKind.THEME else _uuid(each.id) for each in of_kind}
        rows_of_kind = session.exec(select(key, title).where(key.in_(ids), known))
        named = {str(each): name for each, name in rows_of_kind}
        found.update((target, named[target.id]) for target in of_kind if target.id in named)
    return found


_NAMED = {
    TargetKind.THEME: (col(Theme.slug), col(Theme.title), true()),
    TargetKind.GROUP: (col(Group.id), col(Group.title), true()),
    TargetKind.INSTITUTION: (
        col(Institution.id),
        col(Institution.name),
        col(Institution.status) == "verified",
    ),
}
