"""Alembic's entrance."""

from services.notifier.tables import Table
from shared.migration import run

run(Table.metadata)
