"""Imports: what was in a file, and what became of each of its rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from services.registry.tables.base import Table
from shared.columns import UtcDateTime, utc_now
from shared.ids import new_id


class Import(Table, table=True):
    """A file of institutions that a coordinator handed in; its rows are stored before any is done.

    With ``dry_run`` each row is worked out in full and nothing of it is kept.
    """

    __tablename__ = "import"
    __table_args__ = (
        CheckConstraint("form IN ('csv', 'jsonl')", name="form"),
        CheckConstraint("status IN ('working', 'finished')", name="status"),
        CheckConstraint("(status = 'finished') = (finished_at IS NOT NULL)", name="finished_at"),
        CheckConstraint("done BETWEEN 0 AND row_count", name="done"),
        CheckConstraint("created + updated + unchanged + refused = done", name="outcomes"),
        Index(None, "status", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    file_name: str = Field(max_length=200)
    form: str = Field(max_length=10)
    dry_run: bool
    imported_by: UUID = Field(foreign_key="person.id")
    status: str = Field(default="working", max_length=20)
    row_count: int
    done: int = Field(default=0)
    created: int = Field(default=0)
    updated: int = Field(default=0)
    unchanged: int = Field(default=0)
    refused: int = Field(default=0)
    warned: int = Field(default=0)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ImportRow(Table, table=True):
    """A row of a file, and what became of it; ``outcome`` is ``None`` until it is done."""

    __tablename__ = "import_row"
    __table_args__ = (
        CheckConstraint("outcome IN ('create', 'update', 'unchanged', 'refused')", name="outcome"),
        Index(None, "import_id", "outcome", "number"),
        Index(None, "import_id", "institution_id"),
    )

    import_id: UUID = Field(primary_key=True, foreign_key="import.id")
    number: int = Field(primary_key=True)
    """The line of the file on which the row begins; the first is 1."""
    given: dict[str, Any] = Field(sa_type=JSON)
    """What the row says, by column; a column that it leaves empty is absent."""
    outcome: str | None = Field(default=None, max_length=20)
    institution_id: UUID | None = Field(default=None, foreign_key="institution.id")
    faults: list[dict[str, str]] | None = Field(default=None, sa_type=JSON)
    warnings: list[dict[str, str]] | None = Field(default=None, sa_type=JSON)
    changes: dict[str, list[Any]] | None = Field(default=None, sa_type=JSON)


class ImportKey(Table, table=True):
    """What a row can be known by within its file: a reference, an identifier, a name."""

    __tablename__ = "import_key"
    __table_args__ = (
        ForeignKeyConstraint(
            ["import_id", "number"],
            ["import_row.import_id", "import_row.number"],
            name="fk_import_key_row",
        ),
    )

    import_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True, max_length=410)
    number: int = Field(primary_key=True)


class InstitutionReference(Table, table=True):
    """What an institution is called in the list that a coordinator imports."""

    __tablename__ = "institution_reference"

    reference: str = Field(primary_key=True, max_length=100)
    institution_id: UUID = Field(foreign_key="institution.id", index=True)
