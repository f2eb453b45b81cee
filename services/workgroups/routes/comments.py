"""Comments on updates: writing, reading, changing and withdrawing them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from services.workgroups import comments
from services.workgroups.comment_permissions import (
    comment_to_change,
    comment_to_see,
    comment_to_withdraw,
    in_sight,
    may_read_withdrawn,
)
from services.workgroups.comments import Remark
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.people import names_of_people
from services.workgroups.routes.people_out import PersonOut
from services.workgroups.routes.permitted import UpdateId
from services.workgroups.routes.update_out import MARKDOWN, Ids, Withdrawal, WithdrawalOut
from services.workgroups.routes.updates import CHANGE_PROBLEMS
from services.workgroups.tables import Comment, CommentVersion
from services.workgroups.update_permissions import update_to_see
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, Once
from shared.identity import Caller
from shared.languages import LanguageTag
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Input, Output, Paragraphs
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(tags=["comments"])

CommentId = Annotated[UUID, Path(description="The comment's id.")]
Words = Annotated[str, Paragraphs(5_000)]

TEXT = "We can send **twenty** of them."


class NewComment(Input):
    """A comment to write."""

    text: Words = Field(description=MARKDOWN, examples=[TEXT])
    language: LanguageTag | None = Field(None, description="Of the text (BCP 47).")
    parent_id: UUID | None = Field(None, description="The comment that it replies to.")
    institution_id: UUID | None = Field(
        None,
        description="The member in whose name you write; needed if you speak for more than one.",
    )
    mentioned_people: Ids = Field([], description="People who have a role here.")
    mentioned_institutions: Ids = Field([], description="Institutions that you see.")


class CommentChange(Input):
    """What shall change; a field that is left out stays as it is."""

    text: Words | None = Field(None, description=MARKDOWN, examples=[TEXT])
    language: LanguageTag | None = Field(None, description="Null: it isn't said.")
    mentioned_people: Ids | None = None
    mentioned_institutions: Ids | None = None

    @model_validator(mode="after")
    def _something(self) -> "CommentChange":
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        for name in self.model_fields_set - {"language"}:
            if getattr(self, name) is None:
                raise PydanticCustomError(
                    "null", "{name} can't be null: leave it out to keep it.", {"name": name}
                )
        return self


class CommentOut(Output):
    """What somebody of the group said to an update."""

    id: UUID
    update_id: UUID
    parent_id: UUID | None = Field(description="The comment that it replies to.")
    institution_id: UUID | None = Field(description="In whose name it is said.")
    institution_name: str | None = Field(examples=["United Nations Volunteers"])
    institution_acronym: str | None = Field(examples=["UNV"])
    author: PersonOut = Field(description="Named to those who are signed in.")
    text: str | None = Field(description="Markdown; null: it is withdrawn.", examples=[TEXT])
    text_html: str | None = Field(description="The text as HTML that is safe to show on any page.")
    language: str | None
    mentioned_people: list[UUID]
    mentioned_institutions: list[UUID]
    version: int = Field(description="Grows with each change; the ETag of this comment.")
    posted_at: datetime
    edited_at: datetime | None
    withdrawal: WithdrawalOut | None


class CommentVersionOut(Output):
    """A comment as it was from a moment on."""

    version: int
    action: str = Field(description="What made it so: post, edit or withdraw.", examples=["edit"])
    actor_id: UUID
    reason: str | None
    text: str | None = Field(
        description="Null for a withdrawn comment, save for its author and who leads the group."
    )
    at: datetime


@router.post(
    "/updates/{update_id}/comments",
    status_code=201,
    summary="Comment on an update",
    response_model=CommentOut,
    responses=responses(
        UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH
    ),
)
def post_comment(
    update_id: UpdateId, body: NewComment, caller: CurrentCaller, once: Once, session: Writing
) -> Response:
    """Say something to an update, or reply to a comment on it; by the people of its group.

    A reply to a reply is refused: there is one level.
    """

    def create() -> Answer:
        comment = comments.post(
            session,
            caller,
            update_id,
            _remark(body.text, body.language, body.mentioned_people, body.mentioned_institutions),
            parent_id=body.parent_id,
            institution_id=body.institution_id,
        )
        headers = {"Location": f"/comments/{comment.id}", "ETag": etag(comment.version)}
        return Answer(_shown(session, caller, [comment])[0], headers=headers)

    return once.answer(session, create)


@router.get(
    "/updates/{update_id}/comments",
    summary="List the comments on an update",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_comments(
    update_id: UpdateId, caller: MaybeCaller, session: Reading, page: PageQuery
) -> Page[CommentOut]:
    """Return comments and replies, oldest first; of a withdrawn one that it was there."""
    update = update_to_see(session, caller, update_id)
    statement = select(Comment).where(in_sight(session, caller, update))
    found = paginate(session, statement, col(Comment.id), page)
    return Page(items=_shown(session, caller, found.items), next_cursor=found.next_cursor)


@router.get(
    "/comments/{comment_id}",
    summary="Read a comment",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_comment(
    comment_id: CommentId, caller: MaybeCaller, session: Reading, response: Response
) -> CommentOut:
    """Return a comment on an update that the caller sees."""
    comment, _ = comment_to_see(session, caller, comment_id)
    response.headers["ETag"] = etag(comment.version)
    return _shown(session, caller, [comment])[0]


@router.patch("/comments/{comment_id}", summary="Change a comment", responses=CHANGE_PROBLEMS)
def change_comment(
    *,
    comment_id: CommentId,
    body: CommentChange,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> CommentOut:
    """Change what your own comment says (JSON Merge Patch, RFC 7396)."""
    comment = comment_to_change(session, caller, comment_id)
    require_version(comment.version, expected)
    before = vars(comments.remarks_of(session, [comment])[comment.id])
    said = {**before, **body.model_dump(exclude_unset=True)}
    comments.change(session, comment, _remark(**said), caller)
    response.headers["ETag"] = etag(comment.version)
    return _shown(session, caller, [comment])[0]


@router.post(
    "/comments/{comment_id}/withdraw", summary="Withdraw a comment", responses=CHANGE_PROBLEMS
)
def withdraw_comment(
    *,
    comment_id: CommentId,
    body: Withdrawal,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> CommentOut:
    """Take a comment back with a reason; by its author or who leads the group."""
    comment, by_group = comment_to_withdraw(session, caller, comment_id)
    require_version(comment.version, expected)
    comments.withdraw(session, comment, caller.id, body.reason, by_group=by_group)
    response.headers["ETag"] = etag(comment.version)
    return _shown(session, caller, [comment])[0]


@router.get(
    "/comments/{comment_id}/history",
    summary="Read the history of a comment",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_comment_history(
    comment_id: CommentId, caller: MaybeCaller, session: Reading, page: PageQuery
) -> Page[CommentVersionOut]:
    """Return every version of a comment, oldest first."""
    comment, _ = comment_to_see(session, caller, comment_id)
    statement = select(CommentVersion).where(CommentVersion.comment_id == comment.id)
    found = paginate(session, statement, col(CommentVersion.version), page)
    hidden = comment.withdrawn_at is not None and not may_read_withdrawn(session, caller, comment)
    return Page(
        items=[
            CommentVersionOut(
                **version.model_dump(exclude={"comment_id", "text"}),
                text=None if hidden else version.text,
            )
            for version in found.items
        ],
        next_cursor=found.next_cursor,
    )


def _remark(
    text: str,
    language: str | None,
    mentioned_people: Sequence[UUID],
    mentioned_institutions: Sequence[UUID],
) -> Remark:
    return Remark(text, language, tuple(mentioned_people), tuple(mentioned_institutions))


def _shown(session: Session, caller: Caller | None, found: Sequence[Comment]) -> list[CommentOut]:
    remarks = comments.remarks_of(session, found)
    speakers = {comment.institution_id for comment in found if comment.institution_id}
    institutions = names_of(session, speakers)
    people = names_of_people(session, [each.posted_by for each in found]) if caller else {}
    shown = []
    for comment in found:
        gone = comment.withdrawn_at is not None
        said = Remark("") if gone else remarks[comment.id]
        named = institutions.get(comment.institution_id, UNNAMED)  # type: ignore[arg-type]
        shown.append(
            CommentOut(
                **comment.model_dump(
                    include={
                        "id",
                        "update_id",
                        "parent_id",
                        "institution_id",
                        "version",
                        "posted_at",
                        "edited_at",
                    }
                ),
                institution_name=named.name,
                institution_acronym=named.acronym,
                author=PersonOut(id=comment.posted_by, name=people.get(comment.posted_by)),
                text=None if gone else comment.text,
                text_html=None if gone else comments.html_of(comment),
                language=said.language,
                mentioned_people=list(said.mentioned_people),
                mentioned_institutions=list(said.mentioned_institutions),
                withdrawal=(
                    WithdrawalOut(
                        at=comment.withdrawn_at,
                        by_group=comment.withdrawn_by_group,
                        reason=comment.withdrawal_reason or "",
                    )
                    if comment.withdrawn_at
                    else None
                ),
            )
        )
    return shown
