"""Alembic's entry point."""

from services.registry.tables import Table
from shared.migration import run

run(Table.metadata)
