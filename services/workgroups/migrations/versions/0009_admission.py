"""How institutions come to belong to a group, and the history of memberships and roles."""

import sqlalchemy as sa
from alembic import op

from shared.append_only import make_append_only
from shared.columns import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep each group open, and say of each membership whether it lasts."""
    with op.batch_alter_table("workgroup") as table:
        table.add_column(
            sa.Column("admission", sa.String(length=20), nullable=False, server_default="open")
        )
        table.create_check_constraint(
            op.f("ck_workgroup_admission"), "admission IN ('open', 'on_request', 'invitation')"
        )
    with op.batch_alter_table("workgroup") as table:
        table.alter_column("admission", server_default=None)
    with op.batch_alter_table("membership") as table:
        table.add_column(
            sa.Column("state", sa.String(length=20), nullable=False, server_default="active")
        )
        table.alter_column("joined_by", existing_type=sa.Uuid(), nullable=True)
    op.execute("UPDATE membership SET state = 'left' WHERE left_at IS NOT NULL")
    with op.batch_alter_table("membership") as table:
        table.alter_column("state", server_default=None)
        table.create_check_constraint(
            op.f("ck_membership_state"),
            "state IN ('active', 'suspended', 'left', 'removed', 'merged')",
        )
        table.create_check_constraint(
            op.f("ck_membership_ended"),
            "(left_at IS NULL) = (state IN ('active', 'suspended'))",
        )
    _add_admissions()
    op.create_table(
        "membership_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "institution_id IS NOT NULL OR person_id IS NOT NULL",
            name=op.f("ck_membership_history_of"),
        ),
        sa.CheckConstraint(
            "(person_id IS NULL) = (role IS NULL)", name=op.f("ck_membership_history_role")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["workgroup.id"], name=op.f("fk_membership_history_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_history")),
    )
    op.create_index(
        op.f("ix_membership_history_group_id_id"), "membership_history", ["group_id", "id"]
    )
    make_append_only("membership_history")


def downgrade() -> None:
    """Take it all away."""
    op.drop_table("membership_history")
    op.drop_table("admission")
    with op.batch_alter_table("membership") as table:
        for constraint in ("state", "ended"):
            table.drop_constraint(op.f(f"ck_membership_{constraint}"), type_="check")
        table.drop_column("state")
    with op.batch_alter_table("workgroup") as table:
        table.drop_constraint(op.f("ck_workgroup_admission"), type_="check")
        table.drop_column("admission")


def _add_admissions() -> None:
    op.create_table(
        "admission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint("kind IN ('request', 'invitation')", name=op.f("ck_admission_kind")),
        sa.CheckConstraint(
            "state IN ('requested', 'invited', 'active', 'declined', 'withdrawn')",
            name=op.f("ck_admission_state"),
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (state IN ('requested', 'invited'))",
            name=op.f("ck_admission_decided"),
        ),
        sa.ForeignKeyConstraint(["group_id"], ["workgroup.id"], name=op.f("fk_admission_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admission")),
    )
    op.create_index(op.f("ix_admission_institution_id"), "admission", ["institution_id"])
    op.create_index(op.f("ix_admission_group_id_id"), "admission", ["group_id", "id"])
    op.create_index(
        "uq_admission_open",
        "admission",
        ["group_id", "institution_id"],
        unique=True,
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )
