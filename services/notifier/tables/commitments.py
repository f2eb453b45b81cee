"""What people owe and what waits for an answer, as workgroups and the registry told it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from services.notifier.tables.base import Table
from shared.columns import UtcDateTime


class ActionItem(Table, table=True):
    """An action item: who answers for what until when."""

    __tablename__ = "action_item"
    __table_args__ = (Index("ix_action_item_institution_id", "institution_id", "state"),)
    id: UUID = Field(primary_key=True)
    group_id: UUID
    number: int
    title: str
    institution_id: UUID
    institution_name: str
    due_date: date
    time_zone: str
    state: str
    priority: str
    version: int


class ActionItemPerson(Table, table=True):
    """A person who is to do an action item."""

    __tablename__ = "action_item_person"
    action_item_id: UUID = Field(primary_key=True)
    person_id: UUID = Field(primary_key=True, index=True)


class Reassignment(Table, table=True):
    """A proposal that another institution answers for an action item; what is answered stays so."""

    __tablename__ = "reassignment"
    __table_args__ = (
        Index(
            "ix_reassignment_waiting",
            "to_institution_id",
            sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
    )
    id: UUID = Field(primary_key=True)
    action_item_id: UUID
    from_institution_id: UUID
    to_institution_id: UUID
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    answered_at: datetime | None = Field(sa_type=UtcDateTime, default=None)


class Admission(Table, table=True):
    """A request to join a group, or an invitation to it; what is answered stays so."""

    __tablename__ = "admission"
    __table_args__ = (
        Index(
            "ix_admission_waiting",
            "group_id",
            "institution_id",
            sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
    )
    id: UUID = Field(primary_key=True)
    kind: str = Field(description="request or invitation")
    group_id: UUID
    institution_id: UUID
    institution_name: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    answered_at: datetime | None = Field(sa_type=UtcDateTime, default=None)


class Introduction(Table, table=True):
    """What a recipient asks of an offering institution, and how far it came."""

    __tablename__ = "introduction"
    __table_args__ = (Index("ix_introduction_provider_id", "provider_id", "state"),)
    id: UUID = Field(primary_key=True)
    need_id: UUID = Field(index=True)
    offer_id: UUID
    recipient_id: UUID
    provider_id: UUID
    state: str
    since: datetime = Field(sa_type=UtcDateTime, description="Of this state.")
    version: int
