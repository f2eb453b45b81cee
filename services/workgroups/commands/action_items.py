"""Commands on action items: what is overdue."""

from typing import Annotated

import typer

from services.workgroups.commands.database import opened
from shared.terminal import AsJson, show

app = typer.Typer()


@app.command("overdue")
def list_overdue(
    as_json: AsJson = False,
    group: Annotated[str | None, typer.Option(help="Only of the group of this slug.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 100,
) -> None:
    """Show what is overdue in each group's own time zone, the longest first."""
    from sqlmodel import col, select

    from services.workgroups.due_dates import day_in, overdue_condition
    from services.workgroups.institutions import UNNAMED, names_of
    from services.workgroups.tables import ActionItem, Group
    from shared.columns import utc_now

    now = utc_now()
    found: list[tuple[ActionItem, Group]] = []
    with opened() as database, database.read() as session:
        for zone in session.exec(select(Group.time_zone).distinct()):
            statement = (
                select(ActionItem, Group)
                .join(Group, col(Group.id) == col(ActionItem.group_id))
                .where(Group.time_zone == zone, overdue_condition(zone, now))
                .order_by(col(ActionItem.due_date), col(ActionItem.id))
                .limit(limit + 1)
            )
            if group is not None:
                statement = statement.where(Group.slug == group)
            found += session.exec(statement).all()
        found.sort(key=lambda one: (one[0].due_date, one[0].id))
        names = names_of(session, (item.institution_id for item, _ in found))
    rows = [
        {
            "group": of.slug,
            "number": item.number,
            "title": item.title,
            "institution": names.get(item.institution_id, UNNAMED).short,
            "due_date": item.due_date.isoformat(),
            "days": (day_in(of.time_zone, now) - item.due_date).days,
            "state": item.state,
            "id": item.id,
        }
        for item, of in found[:limit]
    ]
    more = f", the first {limit:,} of more" if len(found) > limit else ""
    columns = ("group", "number", "title", "institution", "due_date", "days", "state")
    show(f"{len(rows):,} overdue{more}", columns, rows, as_json=as_json)
