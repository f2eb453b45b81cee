"""What people owe and await: action items, requests, meetings, needs and offers; hidden groups."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Columns = list["sa.Column[Any]"]


def upgrade() -> None:
    """Make the read models, and let a notice concern somebody or be taken back."""
    _make(
        "action_item",
        [_id(), _of("group_id"), _number("number"), _text("title")],
        [
            _of("institution_id"),
            _text("institution_name"),
            sa.Column("due_date", sa.Date(), nullable=False),
        ],
        [_text("time_zone"), _text("state"), _text("priority"), _number("version")],
    )
    op.create_index("ix_action_item_institution_id", "action_item", ["institution_id", "state"])
    _make("action_item_person", [_of("action_item_id"), _of("person_id")], keys=2)
    op.create_index(op.f("ix_action_item_person_person_id"), "action_item_person", ["person_id"])
    _make(
        "reassignment",
        [_id(), _of("action_item_id"), _of("from_institution_id"), _of("to_institution_id")],
        [_at("proposed_at"), _at("answered_at", nullable=True)],
    )
    _index_waiting("reassignment", ["to_institution_id"])
    _make(
        "admission",
        [_id(), _text("kind"), _of("group_id"), _of("institution_id"), _text("institution_name")],
        [_at("asked_at"), _at("answered_at", nullable=True)],
    )
    _index_waiting("admission", ["group_id", "institution_id"])
    _make(
        "introduction",
        [_id(), _of("need_id"), _of("offer_id"), _of("recipient_id"), _of("provider_id")],
        [_text("state"), _at("since"), _number("version")],
    )
    op.create_index(op.f("ix_introduction_need_id"), "introduction", ["need_id"])
    op.create_index("ix_introduction_provider_id", "introduction", ["provider_id", "state"])
    _make(
        "meeting",
        [_id(), _text("title"), _text("status"), _at("begins_at", nullable=True)],
        [_at("ends_at", nullable=True), _text("time_zone"), _text("mode")],
        [_text("place", nullable=True), _text("link", nullable=True)],
        [_of("convenor_id", nullable=True), _number("sequence"), _at("moved_at")],
        [_at("told_at"), _number("version")],
    )
    op.create_index(op.f("ix_meeting_begins_at"), "meeting", ["begins_at"])
    _make("meeting_group", [_of("meeting_id"), _of("group_id")], keys=2)
    op.create_index(op.f("ix_meeting_group_group_id"), "meeting_group", ["group_id"])
    _make(
        "invitation",
        [_id(), _of("meeting_id"), _of("person_id", nullable=True)],
        [_of("institution_id", nullable=True), sa.Column("stands", sa.Boolean(), nullable=False)],
        [_at("stood_at"), _text("reply", nullable=True), _at("replied_at", nullable=True)],
    )
    for column in ("meeting_id", "person_id", "institution_id"):
        op.create_index(op.f(f"ix_invitation_{column}"), "invitation", [column])
    _make(
        "support",
        [_id(), _text("side"), _of("institution_id"), _text("institution_name"), _text("title")],
        [_text("kind"), _list("themes"), _list("countries")],
        [sa.Column("ends_on", sa.Date(), nullable=True)],
        [_text("state"), _at("since"), _number("version")],
    )
    op.create_index("ix_support_open", "support", ["side", "state", "kind"])
    op.create_index("ix_support_institution_id", "support", ["institution_id", "side"])
    op.add_column(
        "institution",
        sa.Column("visibility", sa.String(), server_default="private", nullable=False),
    )
    op.add_column("notice", sa.Column("concerns", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("notice", _at("taken_back_at", nullable=True))


def downgrade() -> None:
    """Go back."""
    for table, column in (
        ("notice", "taken_back_at"),
        ("notice", "concerns"),
        ("institution", "visibility"),
    ):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)
    for table in (
        "support",
        "invitation",
        "meeting_group",
        "meeting",
        "introduction",
        "admission",
        "reassignment",
        "action_item_person",
        "action_item",
    ):
        op.drop_table(table)


def _make(table: str, *columns: Columns, keys: int = 1) -> None:
    flat = [column for some in columns for column in some]
    names = [column.name for column in flat[:keys]]
    op.create_table(table, *flat, sa.PrimaryKeyConstraint(*names, name=op.f(f"pk_{table}")))


def _index_waiting(table: str, columns: list[str]) -> None:
    waits = sa.text("answered_at IS NULL")
    op.create_index(
        f"ix_{table}_waiting", table, columns, sqlite_where=waits, postgresql_where=waits
    )


def _id() -> "sa.Column[Any]":
    return _of("id")


def _of(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.Integer(), nullable=False)


def _list(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.JSON(), nullable=False)


def _at(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, UtcDateTime(), nullable=nullable)
