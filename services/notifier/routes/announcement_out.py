"""Announcements as requests write them and answers show them."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session

from services.notifier.announcements import readers, record
from services.notifier.announcements.overview import facts_of
from services.notifier.announcements.writing import (
    SUBJECT_CHARACTERS,
    TEXT_CHARACTERS,
    Content,
    Text,
    content_of,
)
from services.notifier.languages import Language
from services.notifier.mail.announcement_messages import previews
from services.notifier.tables import Announcement
from services.notifier.vocabulary import (
    AnnouncementAct,
    AnnouncementReader,
    AnnouncementState,
    DeliveryState,
)
from shared.text import Input, Line, Output, Paragraphs

MARKDOWN = (
    "Markdown (CommonMark, with tables). HTML in it is shown as it is typed, a picture becomes a "
    "link, and links lead to the web or to an e-mail address."
)
TEXTS = "What it says, by language; a reader gets their own, or the text in `language`."
LANGUAGE = "Which text is for readers of other languages; the only one without it."
SEND_AT = "When it is to go out, within a year; at once without it."
EXAMPLE = {
    "en": {
        "subject": "The meeting moves to Bangkok",
        "text": "The meeting of **15 December** is in Bangkok. [Register](https://example.org).",
    }
}


class TextIn(Input):
    """What an announcement says in one language."""

    subject: Annotated[str, Line(SUBJECT_CHARACTERS)] = Field(
        description="The subject line; the group's name is put before it."
    )
    text: Annotated[str, Paragraphs(TEXT_CHARACTERS)] = Field(description=MARKDOWN)

    def said(self) -> Text:
        """Return it as the domain has it."""
        return Text(self.subject, self.text)


Texts = Annotated[dict[Language, TextIn], Field(min_length=1)]


class AnnouncementIn(Input):
    """An announcement to write."""

    group_id: UUID = Field(
        description="The group that you lead, or any of them for the platform's coordinators.",
        examples=["018f4e2a-0000-7000-8000-000000000000"],
    )
    texts: Texts = Field(description=TEXTS, examples=[EXAMPLE])
    language: Language | None = Field(None, description=LANGUAGE, examples=["en"])
    send_at: AwareDatetime | None = Field(
        None, description=SEND_AT, examples=["2027-01-15T09:00:00+07:00"]
    )

    @model_validator(mode="after")
    def _decided(self) -> "AnnouncementIn":
        if self.language is None and len(self.texts) > 1:
            raise PydanticCustomError(
                "language", "Name in language which of the texts is for readers of other ones."
            )
        return self

    def content(self) -> Content:
        """Return what is to be announced."""
        return Content(
            group_id=self.group_id,
            texts={language: said.said() for language, said in self.texts.items()},
            language=self.language or next(iter(self.texts)),
            send_at=self.send_at,
        )


class AnnouncementChange(Input):
    """What shall change; a field that is left out stays as it is."""

    group_id: UUID | None = None
    texts: Texts | None = Field(
        None, description=f"{TEXTS} All of them are replaced.", examples=[EXAMPLE]
    )
    language: Language | None = Field(None, description=LANGUAGE)
    send_at: AwareDatetime | None = Field(None, description=f"{SEND_AT} Null: at once.")

    @model_validator(mode="after")
    def _something(self) -> "AnnouncementChange":
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "Name at least one field to change.")
        for name in self.model_fields_set - {"send_at"}:
            if getattr(self, name) is None:
                raise PydanticCustomError(
                    "null", "{name} can't be null: leave it out to keep it.", {"name": name}
                )
        return self

    def changes(self) -> dict[str, Any]:
        """Return what shall change, as the domain names it."""
        said: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if self.texts is not None:
            said["texts"] = {language: text.said() for language, text in self.texts.items()}
        return said


class AnnouncementOut(Output):
    """An announcement and what became of its e-mails."""

    id: UUID
    group_id: UUID
    group_title: str | None = Field(description="Null: the group is not known here.")
    author_id: UUID
    state: AnnouncementState = Field(
        description="Goes to nobody yet, waits for a second person, for its time, goes out, went "
        "out, was given back with a reason, was stopped."
    )
    subject: str = Field(description="In the language for readers of other ones.")
    languages: list[str] = Field(description="In which it is written.")
    send_at: datetime | None = Field(description="When it goes out; null: at once.")
    recipients: int = Field(description="How many it reached when that was last counted.")
    approved_by: UUID | None = Field(description="The second person who let it go, if one had to.")
    deliveries: dict[DeliveryState, int] = Field(description="Its e-mails by their state.")
    in_doubt: int = Field(
        description="Sent again after nobody learned of the mail server's answer, as the same "
        "message: mail programs show it once."
    )
    version: int
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, session: Session, announcement: Announcement) -> Self:
        """Return the announcement with its tally."""
        return cls(**facts_of(session, announcement))


class TextOut(Output):
    """What it says in one language."""

    subject: str
    text: str = Field(description="Markdown.")


class PreviewOut(Output):
    """The e-mail as a reader of that language gets it; its links lead nowhere yet."""

    language: str
    subject: str
    html: str
    text: str = Field(description="The plain-text part.")


class RecordOut(Output):
    """One thing that was done to it."""

    act: AnnouncementAct
    by: UUID | None = Field(description="Null: the time brought it.")
    at: datetime
    version: int
    recipients: int
    content_digest: str = Field(
        description="SHA-256 of group, texts and language: equal ones are of the same words."
    )
    reason: str | None


class AnnouncementShownOut(AnnouncementOut):
    """An announcement in full."""

    texts: dict[str, TextOut]
    language: str
    previews: list[PreviewOut] = Field(description="In each language that it is written in.")
    record: list[RecordOut] = Field(description="What was done to it, the oldest first.")

    @classmethod
    def shown(cls, session: Session, announcement: Announcement, public_url: str) -> Self:
        """Return all of it."""
        return cls(
            **facts_of(session, announcement),
            texts={
                language: TextOut.model_validate(said)
                for language, said in content_of(announcement).texts.items()
            },
            language=announcement.language,
            previews=[
                PreviewOut.model_validate(each)
                for each in previews(session, announcement, public_url)
            ],
            record=[
                RecordOut.model_validate(each) for each in record.entries(session, announcement.id)
            ],
        )


class RecipientsOut(Output):
    """How many get it and why, and why others of the group don't; nobody is named."""

    recipients: int
    leads: int = Field(description="Who lead the group.")
    takes_part: int = Field(description="Who have another role in it.")
    speaks_for_a_member: int = Field(description="Focal points of member institutions.")
    follows: int = Field(description="Others who follow the group and may see it.")
    ended: int = Field(description="They get nothing of the group since they ended that.")
    chose_never: int = Field(description="They chose never to get e-mails of the group.")
    paused: int = Field(description="Their e-mails of the group rest.")
    suppressed: int = Field(description="Their addresses get no e-mail at all.")
    may_not_see: int = Field(description="They follow the group and may not see it any more.")

    @classmethod
    def of(cls, session: Session, group_id: UUID, now: datetime) -> Self:
        """Count the readers of now."""
        counted = readers.counts(session, group_id, now)
        return cls(
            recipients=sum(number for why, number in counted.items() if why.gets_it),
            **{why.value: counted[why] for why in AnnouncementReader},
        )
