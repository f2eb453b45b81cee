"""What readiness looks at besides the database and Redis."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.workgroups.projections import REGISTRY_PROJECTION
from services.workgroups.tables import Parked, RelayState
from shared.database import Database
from shared.observation import Check
from shared.parked import parked_events

log = structlog.get_logger(__name__)


def history_check(database: Database) -> Check:
    """Return the check that the event history was begun; without it nothing can be published."""

    def run() -> str | None:
        try:
            with database.read() as session:
                begun = session.get(RelayState, 1) is not None
        except SQLAlchemyError as error:
            log.warning("history_not_readable", error=type(error).__name__)
            return "The event history can't be read."
        return None if begun else "The event history is not begun: run migrate."

    return Check("history", run)


def parked_check(database: Database) -> Check:
    """Return the check that every event of the registry could be applied."""

    def run() -> str | None:
        try:
            with database.read() as session:
                parked = parked_events(session, REGISTRY_PROJECTION)
        except SQLAlchemyError as error:
            log.warning("parked_not_readable", error=type(error).__name__)
            return f"The table {Parked.__tablename__} can't be read."
        if not parked:
            return None
        return (
            f"Events of the registry that could not be applied: {len(parked)}. See `parked list`, "
            "then `parked replay`."
        )

    return Check("parked", run, needed=False)
