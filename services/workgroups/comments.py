"""Comments: what people of a group say to its updates, and one level of replies.

The author changes and withdraws a comment; who leads the group withdraws it with a reason. What a
comment said before stays in its versions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from services.workgroups import groups, membership
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.mentions import require_mentionable
from services.workgroups.permissions import institutions_of, may_steer, roles_in
from services.workgroups.tables import (
    Comment,
    CommentMention,
    CommentVersion,
    Group,
    Membership,
    Update,
)
from services.workgroups.update_permissions import update_to_see
from shared import markdown
from shared.columns import utc_now
from shared.events.catalogue import CommentChanged, CommentPosted, CommentWithdrawn
from shared.identity import Caller
from shared.outbox import publish
from shared.problems import (
    FORBIDDEN,
    INVALID,
    NOT_ALLOWED_NOW,
    FieldError,
    Problem,
)


@dataclass(frozen=True)
class Remark:
    """What a comment says."""

    text: str
    language: str | None = None
    mentioned_people: tuple[UUID, ...] = ()
    mentioned_institutions: tuple[UUID, ...] = ()

    def says_the_same(self, other: "Remark") -> bool:
        """Tell whether both say the same and mention the same, in whatever order."""
        return (self.text, self.language) == (other.text, other.language) and (
            set(self.mentioned_people) == set(other.mentioned_people)
            and set(self.mentioned_institutions) == set(other.mentioned_institutions)
        )


def post(
    session: Session,
    caller: Caller,
    update_id: UUID,
    said: Remark,
    *,
    parent_id: UUID | None = None,
    institution_id: UUID | None = None,
) -> Comment:
    """Comment on an update that the caller sees, or reply to a comment on it.

    It is said in the name of ``institution_id``; without it, of the one member that the caller
    speaks for, if there is just one. Raises a Problem: 404 for an update that the caller doesn't
    see, 403 for who doesn't belong to the group, 409 when the update is not published or the group
    closed, 422 for a reply to a reply, an institution of others or a mention that may not be.
    """
    update = update_to_see(session, caller, update_id)
    group = groups.hold(session, update.group_id)
    session.refresh(update)
    groups.require_active(group)
    _require_published(update)
    if not (roles_in(session, caller, group.id) or may_steer(session, caller, group.id)):
        raise Problem(
            FORBIDDEN,
            "Only people of this group comment here. Join it with your institution first.",
        )
    _require_parent(session, update, parent_id)
    require_mentionable(
        session, caller, group.id, said.mentioned_people, said.mentioned_institutions
    )
    comment = Comment(
        update_id=update.id,
        parent_id=parent_id,
        institution_id=_speaker(session, caller, group, institution_id),
        posted_by=caller.id,
        text=said.text,
        text_html="",
        rendering=0,
    )
    _keep(session, comment, said)
    _record(session, comment, "post", caller.id)
    publish(session, CommentPosted(**_facts(session, comment, update)), subject=_subject(comment))
    return comment


def change(session: Session, comment: Comment, said: Remark, caller: Caller) -> None:
    """Let one's own comment say something else; what is equal makes no new version.

    Raises a Problem: 409 when it or its update is withdrawn or the group closed, 422 for a mention
    that may not be.
    """
    update = _open_update(session, comment)
    before = remarks_of(session, [comment])[comment.id]
    if said.says_the_same(before):
        return
    require_mentionable(
        session,
        caller,
        update.group_id,
        said.mentioned_people,
        said.mentioned_institutions,
        kept={*before.mentioned_people, *before.mentioned_institutions},
    )
    comment.version += 1
    comment.edited_at = utc_now()
    _keep(session, comment, said)
    _record(session, comment, "edit", caller.id)
    publish(session, CommentChanged(**_facts(session, comment, update)), subject=_subject(comment))


def withdraw(session: Session, comment: Comment, by: UUID, reason: str, *, by_group: bool) -> None:
    """Take a comment back; its replies stay under what is left of it.

    Raises a Problem (409) when it or its update is withdrawn or the group closed.
    """
    update = _open_update(session, comment)
    comment.withdrawn_at = utc_now()
    comment.withdrawn_by_group = by_group
    comment.withdrawal_reason = reason
    comment.version += 1
    session.add(comment)
    _record(session, comment, "withdraw", by, reason)
    publish(
        session,
        CommentWithdrawn(
            comment_id=comment.id,
            update_id=update.id,
            group_id=update.group_id,
            by_group=by_group,
            reason=reason,
            comment_version=comment.version,
        ),
        subject=_subject(comment),
    )


def remarks_of(session: Session, comments: Sequence[Comment]) -> dict[UUID, Remark]:
    """Return what each of the comments says now, by its id."""
    mentions: dict[tuple[UUID, str], list[UUID]] = {}
    wanted = [comment.id for comment in comments]
    for row in session.exec(
        select(CommentMention)
        .where(col(CommentMention.comment_id).in_(wanted))
        .order_by(col(CommentMention.mentioned_id))
    ):
        mentions.setdefault((row.comment_id, row.kind), []).append(row.mentioned_id)
    return {
        comment.id: Remark(
            comment.text,
            comment.language,
            tuple(mentions.get((comment.id, "person"), ())),
            tuple(mentions.get((comment.id, "institution"), ())),
        )
        for comment in comments
    }


def html_of(comment: Comment) -> str:
    """Return the text of the comment as safe HTML."""
    if comment.rendering == markdown.RENDERING:
        return comment.text_html
    return markdown.html_of(comment.text)


def _keep(session: Session, comment: Comment, said: Remark) -> None:
    comment.text = said.text
    comment.language = said.language
    comment.text_html = markdown.html_of(said.text)
    comment.rendering = markdown.RENDERING
    session.add(comment)
    session.flush()
    session.execute(delete(CommentMention).where(col(CommentMention.comment_id) == comment.id))
    for kind, ids in (
        ("person", said.mentioned_people),
        ("institution", said.mentioned_institutions),
    ):
        session.add_all(
            CommentMention(comment_id=comment.id, mentioned_id=each, kind=kind) for each in ids
        )
    session.flush()


def _record(
    session: Session, comment: Comment, action: str, by: UUID, reason: str | None = None
) -> None:
    session.add(
        CommentVersion(
            comment_id=comment.id,
            version=comment.version,
            action=action,
            actor_id=by,
            reason=reason,
            text=comment.text,
        )
    )


def _open_update(session: Session, comment: Comment) -> Update:
    update = session.get_one(Update, comment.update_id)
    groups.require_active(session.get_one(Group, update.group_id))
    _require_published(update)
    if comment.withdrawn_at is not None:
        raise Problem(NOT_ALLOWED_NOW, "This comment is withdrawn: write a new one instead.")
    return update


def _require_published(update: Update) -> None:
    if update.state != "published":
        raise Problem(
            NOT_ALLOWED_NOW,
            f"This update is {update.state}; only a published one takes comments.",
        )


def _require_parent(session: Session, update: Update, parent_id: UUID | None) -> None:
    if parent_id is None:
        return
    parent = session.get(Comment, parent_id)
    if parent is None or parent.update_id != update.id:
        detail = "Not a comment on this update."
    elif parent.parent_id is not None:
        detail = f"That is a reply itself; reply to {parent.parent_id} instead."
    elif parent.withdrawn_at is not None:
        detail = "That comment is withdrawn."
    else:
        return
    raise Problem(
        INVALID,
        "Reply to a comment on this update that is no reply itself and not withdrawn.",
        errors=[FieldError(pointer="/parent_id", detail=detail)],
    )


def _speaker(
    session: Session, caller: Caller, group: Group, institution_id: UUID | None
) -> UUID | None:
    own = institutions_of(session, caller)
    if institution_id is not None:
        if institution_id in own and membership.current(session, group.id, institution_id):
            return institution_id
        detail = "Not a member of this group for which you speak."
    else:
        joined = session.exec(
            select(Membership.institution_id).where(
                Membership.group_id == group.id,
                col(Membership.institution_id).in_(own),
                col(Membership.left_at).is_(None),
            )
        ).all()
        if len(joined) <= 1:
            return joined[0] if joined else None
        detail = "Required, for you speak for more than one member."
    raise Problem(
        INVALID,
        "Name in institution_id the member of the group in whose name you write.",
        errors=[FieldError(pointer="/institution_id", detail=detail)],
    )


def _facts(session: Session, comment: Comment, update: Update) -> dict[str, object]:
    said = remarks_of(session, [comment])[comment.id]
    reference = groups.reference(session, session.get_one(Group, update.group_id))
    names = names_of(session, [comment.institution_id] if comment.institution_id else [])
    named = names.get(comment.institution_id, UNNAMED) if comment.institution_id else UNNAMED
    return {
        **vars(said),
        "comment_id": comment.id,
        "parent_id": comment.parent_id,
        "update_id": update.id,
        "update_title": update.title,
        "group_id": reference.group_id,
        "group_title": reference.title,
        "theme_slug": reference.theme_slug,
        "institution_id": comment.institution_id,
        "institution_name": named.name,
        "institution_acronym": named.acronym,
        "posted_by": comment.posted_by,
        "comment_version": comment.version,
    }


def _subject(comment: Comment) -> str:
    return f"comments/{comment.id}"
