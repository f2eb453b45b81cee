"""Alembic's entrance."""

import services.notifier.bounces.tables  # noqa: F401
from services.notifier.tables import Table
from shared.migration import run

run(Table.metadata)
