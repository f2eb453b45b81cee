"""The states of a group, the steps of its life, and which events had their effect here."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from shared.append_only import drop_append_only_function, make_append_only
from shared.columns import UtcDateTime, utc_now

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATUSES = "'proposed', 'active', 'dormant', 'concluded', 'replaced', 'abandoned'"


def upgrade() -> None:
    """Conclude the groups that were archived, and begin the history of each."""
    _widen_states()
    op.create_table(
        "group_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("from_status", sa.String(length=20), nullable=True),
        sa.Column("to_status", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["workgroup.id"], name=op.f("fk_group_history_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_history")),
        sa.UniqueConstraint("group_id", "version", name=op.f("uq_group_history_group_id_version")),
    )
    _begin_histories()
    make_append_only("group_history")
    op.create_table(
        "followed_event",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_followed_event")),
    )
    count = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "followed_since",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("position", count, nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_followed_since")),
    )
    op.execute(
        "INSERT INTO followed_since (source, epoch, position) "
        "SELECT source, epoch, position FROM checkpoint"
    )


def downgrade() -> None:
    """Archive what is closed, open the rest, and forget the histories."""
    for dropped in ("followed_since", "followed_event", "group_history"):
        op.drop_table(dropped)
    drop_append_only_function()
    with op.batch_alter_table("workgroup") as table:
        for constraint in ("status", "successor", "not_itself"):
            table.drop_constraint(op.f(f"ck_workgroup_{constraint}"), type_="check")
        table.drop_constraint(op.f("fk_workgroup_replaced_by"), type_="foreignkey")
        table.drop_column("replaced_by")
    op.execute(
        "UPDATE workgroup SET status = CASE WHEN status IN ('proposed', 'active', 'dormant') "
        "THEN 'active' ELSE 'archived' END"
    )
    with op.batch_alter_table("workgroup") as table:
        table.create_check_constraint(
            op.f("ck_workgroup_status"), "status IN ('active', 'archived')"
        )


def _widen_states() -> None:
    with op.batch_alter_table("workgroup") as table:
        table.drop_constraint(op.f("ck_workgroup_status"), type_="check")
        table.add_column(sa.Column("replaced_by", sa.Uuid(), nullable=True))
    op.execute("UPDATE workgroup SET status = 'concluded' WHERE status = 'archived'")
    with op.batch_alter_table("workgroup") as table:
        table.create_foreign_key(
            op.f("fk_workgroup_replaced_by"), "workgroup", ["replaced_by"], ["id"]
        )
        table.create_check_constraint(op.f("ck_workgroup_status"), f"status IN ({STATUSES})")
        table.create_check_constraint(
            op.f("ck_workgroup_successor"), "(status = 'replaced') = (replaced_by IS NOT NULL)"
        )
        table.create_check_constraint(op.f("ck_workgroup_not_itself"), "replaced_by <> id")


def _begin_histories() -> None:
    """Give each group that is there an entry for the version that it has now."""
    groups = sa.table(
        "workgroup",
        sa.column("id", sa.Uuid()),
        sa.column("version", sa.Integer()),
        sa.column("status", sa.String()),
    )
    history = sa.table(
        "group_history",
        sa.column("id", sa.Uuid()),
        sa.column("group_id", sa.Uuid()),
        sa.column("version", sa.Integer()),
        sa.column("action", sa.String()),
        sa.column("to_status", sa.String()),
        sa.column("reason", sa.String()),
        sa.column("at", UtcDateTime()),
    )
    rows = [
        {
            "id": uuid4(),
            "group_id": group.id,
            "version": group.version,
            "action": "open" if group.status == "active" else "conclude",
            "to_status": group.status,
            "reason": "As it stood when its history began to be kept.",
            "at": utc_now(),
        }
        for group in op.get_bind().execute(sa.select(groups))
    ]
    if rows:
        op.bulk_insert(history, rows)
