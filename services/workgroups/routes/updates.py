"""Updates: writing, finding, reading and changing them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy import ColumnElement, and_, case, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.workgroups import permissions, updates
from services.workgroups.routes.permitted import GroupId, UpdateId, VisibleGroup
from services.workgroups.routes.update_out import (
    NewUpdate,
    UpdateChange,
    UpdateOut,
    UpdateState,
    one,
    shown,
)
from services.workgroups.tables import Comment, CommentMention, Update, UpdateMention
from services.workgroups.update_permissions import (
    in_sight,
    update_to_see,
    update_to_write,
    written_for,
)
from shared.etags import IfMatch, etag, require_version
from shared.events.catalogue import UpdateKind
from shared.idempotency import Answer, Once
from shared.identity import Caller
from shared.languages import LanguageTag
from shared.pagination import (
    Page,
    PageParams,
    PageQuery,
    Slice,
    cursor_after,
    paginate_newest_first,
    place_of,
)
from shared.problems import (
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    FieldError,
    Problem,
    responses,
)
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(tags=["updates"])

CHANGE_PROBLEMS = responses(
    UNAUTHENTICATED, NOT_FOUND, NOT_ALLOWED_NOW, VERSION_CONFLICT, INVALID, VERSION_REQUIRED
)


@router.post(
    "/groups/{group_id}/updates",
    status_code=201,
    summary="Post an update, or write a draft",
    response_model=UpdateOut,
    responses=responses(UNAUTHENTICATED, NOT_FOUND, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH),
)
def post_update(
    group_id: GroupId, body: NewUpdate, caller: CurrentCaller, once: Once, session: Writing
) -> Response:
    """Tell the group something in the name of a member institution; by its focal point.

    With `draft` or `publish_at` it is seen by its institution's people alone until it is published.
    """
    institution = permissions.institution_to_speak_for(
        session, caller, body.institution_id, "/institution_id"
    )

    def create() -> Answer:
        said = body.content()
        if body.draft or body.publish_at:
            made = updates.draft(
                session, group_id, institution, said, caller, publish_at=body.publish_at
            )
        else:
            made = updates.post(session, group_id, institution, said, caller)
        headers = {"Location": f"/updates/{made.id}", "ETag": etag(made.version)}
        return Answer(one(session, caller, made), headers=headers)

    return once.answer(session, create)


@router.get(
    "/groups/{group_id}/updates",
    summary="List the updates of a group",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_updates(
    *,
    group: VisibleGroup,
    caller: MaybeCaller,
    session: Reading,
    page: PageQuery,
    kind: Annotated[UpdateKind | None, Query(description="Only those of this kind.")] = None,
    institution_id: Annotated[
        UUID | None, Query(description="Only those of this institution.")
    ] = None,
    language: Annotated[
        LanguageTag | None,
        Query(description="Only those in this language, `pt` with `pt-BR` and the like."),
    ] = None,
    state: Annotated[
        UpdateState,
        Query(description="Only those that stand so; of drafts one sees one's own."),
    ] = "published",
    pinned_first: Annotated[
        bool, Query(description="The pinned ones before all others, each newest first.")
    ] = False,
) -> Page[UpdateOut]:
    """Return the updates of the group that the caller sees, the newest first."""
    statement = select(Update).where(
        Update.group_id == group.id, Update.state == state, in_sight(session, caller)
    )
    if kind is not None:
        statement = statement.where(Update.kind == kind)
    if institution_id is not None:
        statement = statement.where(Update.institution_id == institution_id)
    if language is not None:
        statement = statement.where(_in_language(language))
    if pinned_first and state == "published":
        asked = f"{group.id} {kind} {institution_id} {language} {state}"
        found = _pinned_first(session, statement, page, asked)
    else:
        key = col(Update.id if state == "draft" else Update.place)
        found = paginate_newest_first(session, statement, key, page)
    return Page(items=shown(session, caller, found.items), next_cursor=found.next_cursor)


@router.get(
    "/me/updates",
    summary="List your own updates",
    responses=responses(UNAUTHENTICATED, INVALID),
)
def list_own_updates(
    caller: CurrentCaller,
    session: Reading,
    page: PageQuery,
    state: Annotated[
        UpdateState | None, Query(description="Only those that stand so, as draft.")
    ] = None,
    mentioning: Annotated[
        bool,
        Query(description="Instead those that mention you or your institutions, also in comments."),
    ] = False,
) -> Page[UpdateOut]:
    """Return the updates of the institutions that you speak for, in every group, the newest first.

    Drafts and scheduled ones are among them.
    """
    wanted = _mentioning(session, caller) if mentioning else _of_own(session, caller)
    statement = select(Update).where(wanted)
    if state is not None:
        statement = statement.where(Update.state == state)
    found = paginate_newest_first(session, statement, col(Update.id), page)
    return Page(items=shown(session, caller, found.items), next_cursor=found.next_cursor)


@router.get(
    "/updates/{update_id}",
    summary="Read an update",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_update(
    update_id: UpdateId, caller: MaybeCaller, session: Reading, response: Response
) -> UpdateOut:
    """Return an update of a group that the caller sees; of a withdrawn one that it was there."""
    update = update_to_see(session, caller, update_id)
    response.headers["ETag"] = etag(update.version)
    return one(session, caller, update)


@router.patch("/updates/{update_id}", summary="Change an update", responses=CHANGE_PROBLEMS)
def change_update(
    *,
    update_id: UpdateId,
    body: UpdateChange,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
) -> UpdateOut:
    """Change what an update says (JSON Merge Patch, RFC 7396); by its institution's focal point.

    Each change of a published update is a version that its readers can look up.
    """
    update = update_to_write(session, caller, update_id)
    require_version(update.version, expected)
    updates.change(session, update, body.changes(), caller)
    response.headers["ETag"] = etag(update.version)
    return one(session, caller, update)


@router.delete(
    "/updates/{update_id}", status_code=204, summary="Discard a draft", responses=CHANGE_PROBLEMS
)
def discard_update(
    update_id: UpdateId, caller: CurrentCaller, expected: IfMatch, session: Writing
) -> None:
    """Delete a draft of your institution without a trace; what is published can be withdrawn."""
    update = update_to_write(session, caller, update_id)
    require_version(update.version, expected)
    updates.discard(session, update)


def _in_language(tag: str) -> ColumnElement[bool]:
    return or_(col(Update.language) == tag, col(Update.language).startswith(f"{tag}-"))


def _of_own(session: Session, caller: Caller) -> ColumnElement[bool]:
    return col(Update.institution_id).in_(written_for(session, caller))


def _mentioning(session: Session, caller: Caller) -> ColumnElement[bool]:
    about = [caller.id, *permissions.institutions_of(session, caller)]
    in_update = select(UpdateMention.update_id).where(col(UpdateMention.mentioned_id).in_(about))
    in_comment = (
        select(Comment.update_id)
        .join(CommentMention, col(CommentMention.comment_id) == Comment.id)
        .where(col(CommentMention.mentioned_id).in_(about), col(Comment.withdrawn_at).is_(None))
    )
    return and_(
        or_(col(Update.id).in_(in_update), col(Update.id).in_(in_comment)),
        col(Update.state) == "published",
        in_sight(session, caller),
    )


def _pinned_first(
    session: Session, statement: SelectOfScalar[Update], page: PageParams, asked: str
) -> Slice[Update]:
    rank = case((col(Update.pinned_at).is_not(None), 1), else_=0)
    if page.cursor is not None:
        before, place = place_of(page.cursor, asked, (int, str))
        statement = statement.where(
            or_(rank < before, and_(rank == before, col(Update.place) < _uuid(str(place))))
        )
    statement = statement.order_by(rank.desc(), col(Update.place).desc())
    rows = list(session.exec(statement.limit(page.limit + 1)))
    items = rows[: page.limit]
    if len(rows) <= page.limit:
        return Slice(items, None)
    last = items[-1]
    return Slice(items, cursor_after((int(last.pinned_at is not None), str(last.place)), asked))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Problem(
            INVALID,
            "The cursor is not one of ours. Start without a cursor and follow next_cursor.",
            errors=[FieldError(pointer="cursor", detail="Not a cursor.")],
        ) from None
