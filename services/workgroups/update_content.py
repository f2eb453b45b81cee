"""What an update says: its words, what it links to and whom it mentions."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from services.workgroups.mentions import require_mentionable
from services.workgroups.support import Side, require_linkable
from services.workgroups.tables import Attachment, Update, UpdateLink, UpdateMention
from shared import markdown
from shared.events.catalogue import UpdateKind
from shared.identity import Caller

WORDS = ("kind", "title", "text", "language")
"""What is a column of the update itself."""

RENDERED_AT_A_TIME = 100
"""How many texts are rendered anew in one transaction."""


@dataclass(frozen=True)
class Content:
    """What an update says."""

    kind: UpdateKind
    title: str
    text: str
    language: str | None = None
    needs: tuple[UUID, ...] = ()
    offers: tuple[UUID, ...] = ()
    mentioned_people: tuple[UUID, ...] = ()
    mentioned_institutions: tuple[UUID, ...] = ()

    @property
    def ids(self) -> set[UUID]:
        """Everything that it links to or mentions."""
        return {
            *self.needs,
            *self.offers,
            *self.mentioned_people,
            *self.mentioned_institutions,
        }

    def changed(self, other: "Content") -> list[str]:
        """Return the names of the fields in which ``other`` says something else."""
        return [
            field.name
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        ]

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept in the history."""
        return {
            name: [str(each) for each in value] if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


def content_of(session: Session, update: Update) -> Content:
    """Return what the update says now."""
    return contents_of(session, [update])[update.id]


def contents_of(session: Session, updates: Iterable[Update]) -> dict[UUID, Content]:
    """Return what each of the updates says now, by its id."""
    wanted = {update.id: update for update in updates}
    linked: dict[tuple[UUID, str], list[UUID]] = {}
    links = select(UpdateLink).where(col(UpdateLink.update_id).in_(wanted))
    for link in session.exec(links.order_by(col(UpdateLink.support_id))):
        linked.setdefault((link.update_id, link.side), []).append(link.support_id)
    mentions = select(UpdateMention).where(col(UpdateMention.update_id).in_(wanted))
    for mention in session.exec(mentions.order_by(col(UpdateMention.mentioned_id))):
        linked.setdefault((mention.update_id, mention.kind), []).append(mention.mentioned_id)
    return {
        update.id: Content(
            **update.model_dump(include=set(WORDS)),
            needs=tuple(linked.get((update.id, Side.NEED), ())),
            offers=tuple(linked.get((update.id, Side.OFFER), ())),
            mentioned_people=tuple(linked.get((update.id, "person"), ())),
            mentioned_institutions=tuple(linked.get((update.id, "institution"), ())),
        )
        for update in wanted.values()
    }


def require_sayable(
    session: Session, caller: Caller, group_id: UUID, said: Content, before: Content | None = None
) -> None:
    """Raise a Problem (422) unless the caller may link and mention what the content does.

    What was linked and mentioned ``before`` may stay, whatever became of it.
    """
    kept = before.ids if before else set()
    require_linkable(session, caller, Side.NEED, said.needs, "/needs", kept=kept)
    require_linkable(session, caller, Side.OFFER, said.offers, "/offers", kept=kept)
    require_mentionable(
        session, caller, group_id, said.mentioned_people, said.mentioned_institutions, kept=kept
    )


def keep_content(session: Session, update: Update, said: Content) -> None:
    """Let the update say this; its text is rendered now, not at each reading."""
    for name in WORDS:
        setattr(update, name, getattr(said, name))
    update.text_html = markdown.html_of(said.text)
    update.rendering = markdown.RENDERING
    session.add(update)
    session.flush()
    for table in (UpdateLink, UpdateMention):
        session.execute(delete(table).where(col(table.update_id) == update.id))
    for side, support_ids in ((Side.NEED, said.needs), (Side.OFFER, said.offers)):
        session.add_all(
            UpdateLink(update_id=update.id, support_id=each, side=side) for each in support_ids
        )
    for kind, ids in (
        ("person", said.mentioned_people),
        ("institution", said.mentioned_institutions),
    ):
        session.add_all(
            UpdateMention(update_id=update.id, mentioned_id=each, kind=kind) for each in ids
        )
    session.flush()


def forget_content(session: Session, update: Update) -> None:
    """Let the update have no links, mentions and files any more."""
    for table in (UpdateLink, UpdateMention, Attachment):
        session.execute(delete(table).where(col(table.update_id) == update.id))


def html_of(update: Update) -> str:
    """Return the text of the update as safe HTML."""
    if update.rendering == markdown.RENDERING:
        return update.text_html
    return markdown.html_of(update.text)


def render_anew(session: Session, _now: datetime) -> int:
    """Store the HTML of some updates that an older rendering made, or none; return how many.

    Until then each reading makes it, which takes milliseconds for each text.
    """
    old = session.exec(
        select(Update)
        .where(col(Update.rendering) < markdown.RENDERING)
        .limit(RENDERED_AT_A_TIME)
        .with_for_update(skip_locked=True)
    ).all()
    for update in old:
        update.text_html = markdown.html_of(update.text)
        update.rendering = markdown.RENDERING
        session.add(update)
    session.flush()
    return len(old)
