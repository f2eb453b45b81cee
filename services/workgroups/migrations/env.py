"""Alembic's entry point."""

from services.workgroups.tables import Table
from shared.migration import run

run(Table.metadata)
