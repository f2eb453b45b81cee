"""Imports of institutions, and by which references they are known elsewhere."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of imports."""
    op.create_table(
        "import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("form", sa.String(length=10), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("imported_by", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("warned", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("form IN ('csv', 'jsonl')", name=op.f("ck_import_form")),
        sa.CheckConstraint("status IN ('working', 'finished')", name=op.f("ck_import_status")),
        sa.CheckConstraint(
            "(status = 'finished') = (finished_at IS NOT NULL)", name=op.f("ck_import_finished_at")
        ),
        sa.CheckConstraint("done BETWEEN 0 AND row_count", name=op.f("ck_import_done")),
        sa.CheckConstraint(
            "created + updated + unchanged + refused = done", name=op.f("ck_import_outcomes")
        ),
        sa.ForeignKeyConstraint(["imported_by"], ["person.id"], name=op.f("fk_import_imported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import")),
    )
    op.create_index(op.f("ix_import_status_id"), "import", ["status", "id"], unique=False)
    op.create_table(
        "import_row",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("faults", sa.JSON(), nullable=True),
        sa.Column("warnings", sa.JSON(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('create', 'update', 'unchanged', 'refused')",
            name=op.f("ck_import_row_outcome"),
        ),
        sa.ForeignKeyConstraint(["import_id"], ["import.id"], name=op.f("fk_import_row_import_id")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_import_row_institution_id")
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_row")),
    )
    op.create_index(
        op.f("ix_import_row_import_id_outcome_number"),
        "import_row",
        ["import_id", "outcome", "number"],
        unique=False,
    )
    op.create_index(
        op.f("ix_import_row_import_id_institution_id"),
        "import_row",
        ["import_id", "institution_id"],
        unique=False,
    )
    op.create_table(
        "import_key",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=410), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id", "number"],
            ["import_row.import_id", "import_row.number"],
            name=op.f("fk_import_key_row"),
        ),
        sa.PrimaryKeyConstraint("import_id", "key", "number", name=op.f("pk_import_key")),
    )
    op.create_table(
        "institution_reference",
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_reference_institution_id"),
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_institution_reference")),
    )
    op.create_index(
        op.f("ix_institution_reference_institution_id"),
        "institution_reference",
        ["institution_id"],
        unique=False,
    )


def downgrade() -> None:
    """Drop the tables of imports, with all they hold."""
    op.drop_table("institution_reference")
    op.drop_table("import_key")
    op.drop_table("import_row")
    op.drop_table("import")
