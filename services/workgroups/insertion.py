"""Adding a row whose uniqueness the database decides, also between requests at the same time."""

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from services.workgroups.tables import Table
from shared.problems import Problem


def add_unique(session: Session, row: Table, taken: Problem) -> None:
    """Insert ``row`` now; raises ``taken`` when a row of its name exists already.

    Only for a table whose one possible violation is that name. Nothing else of the transaction is
    lost, so that the caller may go on.
    """
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise taken from None
