"""Updates as requests name them and answers show them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session

from services.workgroups import support
from services.workgroups.attached_files import attachments_of
from services.workgroups.institutions import UNNAMED, Named, names_of
from services.workgroups.tables import Attachment, Support, Update
from services.workgroups.update_content import Content, contents_of, html_of
from services.workgroups.update_permissions import written_for
from shared.events.catalogue import SupportState, UpdateKind
from shared.identity import Caller
from shared.languages import LanguageTag
from shared.text import Input, Output, Prose, Reason, Title

TITLE = "Online volunteers for e-learning"
TEXT = "**Three hundred** volunteers can teach online from January. Tell us where they are needed."
MARKDOWN = (
    "Markdown (CommonMark, with tables). HTML in it is shown as it is typed, a picture becomes a "
    "link."
)

Ids = Annotated[list[UUID], Field(max_length=20)]


UpdateState = Literal["draft", "published", "withdrawn"]


class NewUpdate(Input):
    """An update to post, or to keep as a draft."""

    institution_id: UUID = Field(
        description="The member institution in whose name you post.",
        examples=["018f4e2a-0000-7000-8000-000000000000"],
    )
    kind: UpdateKind = Field(examples=["opportunity"])
    title: Title = Field(examples=[TITLE])
    text: Prose = Field(description=MARKDOWN, examples=[TEXT])
    language: LanguageTag | None = Field(None, description="Of title and text (BCP 47).")
    needs: Ids = Field([], description="Needs at the registry that it is about.")
    offers: Ids = Field([], description="Offers at the registry that it is about.")
    mentioned_people: Ids = Field([], description="People who have a role here.")
    mentioned_institutions: Ids = Field([], description="Institutions that you see.")
    draft: bool = Field(False, description="Keep it to your institution until it is published.")
    publish_at: AwareDatetime | None = Field(
        None,
        description="When it is to be published by itself; it is a draft until then.",
        examples=["2027-01-15T09:00:00+07:00"],
    )

    def content(self) -> Content:
        """Return what it says."""
        return Content(**_content(self.model_dump()))


class UpdateChange(Input):
    """What shall change; a field that is left out stays as it is."""

    kind: UpdateKind | None = None
    title: Title | None = Field(None, examples=[TITLE])
    text: Prose | None = Field(None, description=MARKDOWN, examples=[TEXT])
    language: LanguageTag | None = Field(None, description="Null: it isn't said.")
    needs: Ids | None = None
    offers: Ids | None = None
    mentioned_people: Ids | None = None
    mentioned_institutions: Ids | None = None
    publish_at: AwareDatetime | None = Field(
        None, description="Of a draft: when it is published by itself; null: by hand."
    )

    @model_validator(mode="after")
    def _something(self) -> "UpdateChange":
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        for name in self.model_fields_set - {"language", "publish_at"}:
            if getattr(self, name) is None:
                raise PydanticCustomError(
                    "null", "{name} can't be null: leave it out to keep it.", {"name": name}
                )
        return self

    def changes(self) -> dict[str, Any]:
        """Return what shall change, as the domain names it."""
        said = self.model_dump(exclude_unset=True)
        return {
            name: tuple(value) if isinstance(value, list) else value for name, value in said.items()
        }


class Withdrawal(Input):
    """Why something is taken back."""

    reason: Reason = Field(examples=["The call was cancelled."])


class LinkedOut(Output):
    """A need or an offer of the registry."""

    id: UUID
    title: str | None = Field(description="Null: you don't see it any more.")
    state: SupportState | None = Field(description="Null: you don't see it any more.")
    institution_id: UUID | None


class MentionedOut(Output):
    """An institution that is mentioned."""

    id: UUID
    name: str | None
    acronym: str | None


class AttachmentOut(Output):
    """A file of an update or a meeting; GET /attachments/{id} returns its content."""

    id: UUID
    name: str = Field(examples=["call for volunteers.pdf"])
    media_type: str = Field(examples=["application/pdf"])
    size: int = Field(description="Bytes.", examples=[40_960])
    digest: str = Field(description="SHA-256 of the content, the ETag of the file.")
    added_at: datetime


class WithdrawalOut(Output):
    """That something was taken back."""

    at: datetime
    by_group: bool = Field(description="By who leads the group, not by its institution.")
    reason: str


class UpdateOut(Output):
    """What a member institution tells its group."""

    id: UUID
    group_id: UUID
    institution_id: UUID
    institution_name: str | None = Field(examples=["United Nations Volunteers"])
    institution_acronym: str | None = Field(examples=["UNV"])
    kind: UpdateKind
    title: str | None = Field(description="Null: it is withdrawn.", examples=[TITLE])
    text: str | None = Field(description="Markdown; null: it is withdrawn.", examples=[TEXT])
    text_html: str | None = Field(
        description="The text as HTML that is safe to show on any page.",
        examples=["<p><strong>Three hundred</strong> volunteers can teach online.</p>"],
    )
    language: str | None = Field(description="Of title and text (BCP 47).", examples=["en"])
    needs: list[LinkedOut]
    offers: list[LinkedOut]
    mentioned_people: list[UUID]
    mentioned_institutions: list[MentionedOut]
    attachments: list[AttachmentOut]
    state: UpdateState
    version: int = Field(description="Grows with each change; the ETag of this update.")
    pinned: bool
    publish_at: datetime | None = Field(description="When a draft is published by itself.")
    held_back: str | None = Field(
        description="Why a draft was not published when its time came.", examples=[None]
    )
    posted_at: datetime | None = Field(description="Null: it is a draft.")
    edited_at: datetime | None
    withdrawal: WithdrawalOut | None


def shown(session: Session, caller: Caller | None, found: Sequence[Update]) -> list[UpdateOut]:
    """Return updates that the caller sees, as answers show them."""
    contents = contents_of(session, found)
    said = contents.values()
    linked = support.seen(
        session, caller, {each for content in said for each in (*content.needs, *content.offers)}
    )
    names = names_of(
        session,
        {update.institution_id for update in found}
        | {each for content in said for each in content.mentioned_institutions},
    )
    files = attachments_of(session, contents)
    own = set(written_for(session, caller))
    return [
        _shown(
            update,
            contents[update.id],
            linked,
            names,
            files=files.get(update.id, []),
            own=update.institution_id in own,
        )
        for update in found
    ]


def one(session: Session, caller: Caller | None, update: Update) -> UpdateOut:
    """Return one update that the caller sees."""
    return shown(session, caller, [update])[0]


def _shown(
    update: Update,
    content: Content,
    linked: dict[UUID, Support],
    names: dict[UUID, Named],
    *,
    files: Sequence[Attachment],
    own: bool,
) -> UpdateOut:
    gone = update.state == "withdrawn"
    if gone:
        content = Content(kind=content.kind, title="", text="")
    institution = names.get(update.institution_id, UNNAMED)
    return UpdateOut(
        **update.model_dump(
            include={
                "id",
                "group_id",
                "institution_id",
                "kind",
                "state",
                "version",
                "language",
                "publish_at",
                "posted_at",
                "edited_at",
            }
        ),
        institution_name=institution.name,
        institution_acronym=institution.acronym,
        title=None if gone else update.title,
        text=None if gone else update.text,
        text_html=None if gone else html_of(update),
        needs=_linked(content.needs, linked),
        offers=_linked(content.offers, linked),
        mentioned_people=list(content.mentioned_people),
        mentioned_institutions=[
            MentionedOut(
                id=each,
                name=names.get(each, UNNAMED).name,
                acronym=names.get(each, UNNAMED).acronym,
            )
            for each in content.mentioned_institutions
        ],
        attachments=[] if gone else [AttachmentOut.model_validate(file) for file in files],
        pinned=update.pinned_at is not None,
        held_back=update.held_back if own else None,
        withdrawal=(
            WithdrawalOut(
                at=update.withdrawn_at,
                by_group=update.withdrawn_by_group,
                reason=update.withdrawal_reason or "",
            )
            if update.withdrawn_at
            else None
        ),
    )


def _linked(ids: Iterable[UUID], known: dict[UUID, Support]) -> list[LinkedOut]:
    return [
        LinkedOut(
            id=each,
            title=known[each].title if each in known else None,
            state=known[each].state if each in known else None,
            institution_id=known[each].institution_id if each in known else None,
        )
        for each in ids
    ]


def _content(said: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in said.items()
        if name in Content.__dataclass_fields__
    }
