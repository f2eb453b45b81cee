"""Commands on institutions: who waits for verification, and what happened to one."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import typer

from services.registry.commands.database import opened
from shared.terminal import AsJson, give_up, show

app = typer.Typer()


@app.command()
def queue(
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 100,
) -> None:
    """Show which institutions wait for verification, the longest first."""
    from sqlmodel import col, func, select

    from services.registry.tables import Institution
    from services.registry.transitions import Status
    from shared.columns import utc_now

    waiting = Institution.status == Status.SUBMITTED
    with opened() as database, database.read() as session:
        number = session.exec(select(func.count()).select_from(Institution).where(waiting)).one()
        found = session.exec(
            select(Institution)
            .where(waiting)
            .order_by(col(Institution.updated_at), col(Institution.id))
            .limit(limit)
        ).all()
    now = utc_now()
    rows = [
        {
            "id": institution.id,
            "name": institution.name,
            "acronym": institution.acronym,
            "country": institution.country,
            "since": institution.updated_at,
            "days": (now - institution.updated_at).days,
        }
        for institution in found
    ]
    more = f" (the first {limit})" if number > limit else ""
    columns = ("id", "name", "acronym", "country", "since", "days")
    show(f"{number:,} wait for verification{more}", columns, rows, as_json=as_json)


@app.command()
def history(
    institution_id: Annotated[UUID, typer.Argument(help="The institution's id.")],
    as_json: AsJson = False,
) -> None:
    """Show every step of an institution, oldest first."""
    from sqlmodel import col, select

    from services.registry.tables import HistoryEntry, Institution, Person

    with opened() as database, database.read() as session:
        institution = session.get(Institution, institution_id)
        if institution is None:
            give_up("There is no institution of that id. Find it with the command export.")
        found = session.exec(
            select(HistoryEntry, Person.name)
            .join(Person, col(Person.id) == col(HistoryEntry.actor_id), isouter=True)
            .where(HistoryEntry.institution_id == institution_id)
            .order_by(col(HistoryEntry.version))
        )
        rows = [
            {
                **entry.model_dump(exclude={"id", "institution_id"}),
                "by": actor,
            }
            for entry, actor in found
        ]
    texts = [{**row, "status": row["to_status"], "told": _told(row)} for row in rows]
    columns = ("version", "at", "action", "status", "by", "told")
    show(institution.name, columns, rows if as_json else texts, as_json=as_json)


def _told(row: Mapping[str, Any]) -> str:
    changes = (row["changes"] or {}).items()
    return "; ".join(
        [
            *(str(row[field]) for field in ("reason", "evidence") if row[field]),
            *(f"{name}: {before} → {after}" for name, (before, after) in changes),
        ]
    )
