"""Who sees a group, and the roles of people in it."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Show the groups that are there to everybody, as before; nobody has a role yet."""
    with op.batch_alter_table("workgroup") as table:
        table.add_column(
            sa.Column("visibility", sa.String(length=20), nullable=False, server_default="all")
        )
        table.create_check_constraint(
            op.f("ck_workgroup_visibility"), "visibility IN ('all', 'partners', 'members')"
        )
    with op.batch_alter_table("workgroup") as table:
        table.alter_column("visibility", server_default=None)
    op.create_table(
        "participant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "role IN ('coordinator', 'co_chair', 'rapporteur', 'focal_point', 'alternate', "
            "'member', 'observer', 'adviser')",
            name=op.f("ck_participant_role"),
        ),
        sa.CheckConstraint("state IN ('active', 'suspended')", name=op.f("ck_participant_state")),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= since", name=op.f("ck_participant_order")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["workgroup.id"], name=op.f("fk_participant_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
    )
    for column in ("institution_id", "person_id"):
        op.create_index(op.f(f"ix_participant_{column}"), "participant", [column])
    op.create_index(
        "uq_participant_current",
        "participant",
        ["group_id", "person_id", "role"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    """Take both away."""
    op.drop_table("participant")
    with op.batch_alter_table("workgroup") as table:
        table.drop_constraint(op.f("ck_workgroup_visibility"), type_="check")
        table.drop_column("visibility")
