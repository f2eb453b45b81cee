"""Commands on themes and groups."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.workgroups.commands.database import opened
from shared.terminal import AsJson, give_up, show, show_json

if TYPE_CHECKING:
    from sqlmodel import Session

    from services.workgroups.tables import Group

app = typer.Typer()
of_groups = typer.Typer(help="The groups.", no_args_is_help=True)
app.add_typer(of_groups, name="groups")


@app.command("themes")
def list_themes(as_json: AsJson = False) -> None:
    """List the themes, each with the number of its groups."""
    from sqlmodel import col, func, select

    from services.workgroups.tables import Group, Theme

    with opened() as database, database.read() as session:
        found = session.exec(
            select(Theme, func.count(col(Group.id)))
            .join(Group, col(Group.theme_id) == col(Theme.id), isouter=True)
            .group_by(col(Theme.id))
            .order_by(col(Theme.slug))
        ).all()
    rows = [
        {
            "slug": theme.slug,
            "title": theme.title,
            "groups": number,
            "goals": theme.goals,
            "sectors": theme.sectors,
            "id": theme.id,
        }
        for theme, number in found
    ]
    show(f"{len(rows):,} themes", ("slug", "title", "groups"), rows, as_json=as_json)


@of_groups.command("list")
def list_groups(
    as_json: AsJson = False,
    theme: Annotated[str | None, typer.Option(help="Only under the theme of this slug.")] = None,
    status: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
) -> None:
    """List the groups, the oldest first, hidden ones as well."""
    from sqlmodel import col, func, select

    from services.workgroups.group_lifecycle import Status
    from services.workgroups.tables import Group, Membership, Theme

    if status is not None and status not in set(Status):
        give_up(f"The states are {', '.join(Status)}.")
    members = (
        select(func.count())
        .select_from(Membership)
        .where(col(Membership.group_id) == col(Group.id), col(Membership.left_at).is_(None))
        .scalar_subquery()
    )
    statement = (
        select(Group, Theme.slug, members)
        .join(Theme, col(Theme.id) == col(Group.theme_id))
        .order_by(col(Group.id))
    )
    if theme is not None:
        statement = statement.where(Theme.slug == theme)
    if status is not None:
        statement = statement.where(Group.status == status)
    with opened() as database, database.read() as session:
        found = session.exec(statement).all()
    rows = [
        {
            "slug": group.slug,
            "title": group.title,
            "theme": slug,
            "status": group.status,
            "visibility": group.visibility,
            "members": number,
            "id": group.id,
        }
        for group, slug, number in found
    ]
    columns = ("slug", "title", "theme", "status", "visibility", "members", "id")
    show(f"{len(rows):,} groups", columns, rows, as_json=as_json)


@of_groups.command("show")
def show_group(
    group: Annotated[str, typer.Argument(help="The group's slug or its id.")],
    as_json: AsJson = False,
    as_of: Annotated[
        str | None, typer.Option(help="As it stood on that day, or at that moment (RFC 3339).")
    ] = None,
) -> None:
    """Show a group: its charter, who belongs to it and what it owes, now or on an earlier day."""
    from services.workgroups import past, past_members
    from services.workgroups.institutions import UNNAMED, names_of
    from shared.columns import utc_now
    from shared.moments import moment_of

    moment = utc_now()
    if as_of is not None:
        try:
            moment = moment_of(as_of)
        except ValueError:
            give_up("Give a day such as 2026-03-01, or a time such as 2026-03-01T12:00:00Z.")
        if moment.date() > utc_now().date():
            give_up("Give a day that has come: nobody knows later ones.")
    with opened() as database, database.read() as session:
        found = group_of(session, group)
        values = past.group_as_of(session, found, moment)
        members = past_members.members_as_of(session, found.id, moment)
        items = past.action_items_as_of(session, found.id, moment, values["time_zone"])
        names = names_of(
            session,
            [
                *(member.institution_id for member in members),
                *(item["institution_id"] for item in items),
            ],
        )
    told: dict[str, Any] = {"id": found.id, **values}
    listed = [
        {"institution": names.get(each.institution_id, UNNAMED).name, **vars(each)}
        for each in members
    ]
    owed = [
        {**item, "institution": names.get(item["institution_id"], UNNAMED).name} for item in items
    ]
    if as_json:
        show_json({**told, "members": listed, "action_items": owed})
        return
    fields = [{"field": name, "value": value} for name, value in told.items() if value is not None]
    show(found.title, ("field", "value"), fields, as_json=False)
    columns: tuple[str, ...] = ("institution", "state", "joined_at")
    show(f"{len(listed):,} members", columns, listed, as_json=False)
    columns = ("number", "title", "institution", "due_date", "state", "overdue")
    show(f"{len(owed):,} action items", columns, owed, as_json=False)


def group_of(session: "Session", named: str) -> "Group":
    """Return the group of that slug or id; end the command when there is none."""
    from uuid import UUID

    from sqlmodel import select

    from services.workgroups.tables import Group

    found = session.exec(select(Group).where(Group.slug == named)).first()
    if found is None:
        with suppress(ValueError):
            found = session.get(Group, UUID(named))
    if found is None:
        give_up("There is no group of that slug or id. The command groups list shows them.")
    return found
