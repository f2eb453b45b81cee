"""What a subscription can be about, and the names of it."""

from dataclasses import dataclass
from typing import Self, get_args
from uuid import UUID

from sqlmodel import Session

from services.notifier import criteria
from services.notifier.tables import Group, Institution, Theme
from services.notifier.vocabulary import TargetKind
from shared.events.catalogue import UpdateKind

UPDATE_KINDS: tuple[str, ...] = get_args(UpdateKind)


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
    try:
        chosen = criteria.of_key(target.id)
    except ValueError:
        return None
    words = criteria.in_words(chosen)
    return f"{target.kind} {words}" if words else f"all {target.kind}"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
