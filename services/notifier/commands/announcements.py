"""Commands on announcements: which there are, and what became of each."""

from typing import Annotated, Any
from uuid import UUID

import typer

from services.notifier.commands.database import opened
from services.notifier.vocabulary import AnnouncementState
from shared.terminal import AsJson, give_up, show, show_json

app = typer.Typer()
of_announcements = typer.Typer(help="Announcements to groups.", no_args_is_help=True)
app.add_typer(of_announcements, name="announcements")


@of_announcements.command("list")
def list_announcements(
    as_json: AsJson = False,
    state: Annotated[AnnouncementState | None, typer.Option(help="Only in this state.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 50,
) -> None:
    """List announcements, the newest first, with how many of their e-mails came to what."""
    from sqlmodel import col, select

    from services.notifier.announcements.overview import facts_of
    from services.notifier.tables import Announcement

    statement = select(Announcement).order_by(col(Announcement.id).desc()).limit(limit)
    if state is not None:
        statement = statement.where(Announcement.state == state)
    with opened() as database, database.read() as session:
        rows = [_counted(facts_of(session, each)) for each in session.exec(statement).all()]
    columns = ("created_at", "state", "group_title", "subject", "recipients", "sent", "id")
    show(f"{len(rows):,} announcements", columns, rows, as_json=as_json)


@of_announcements.command("show")
def show_announcement(
    announcement_id: Annotated[UUID, typer.Argument(help="The announcement's id.")],
    as_json: AsJson = False,
) -> None:
    """Show what was done to an announcement, by whom and when, and what became of its e-mails."""
    from services.notifier.announcements import record
    from services.notifier.announcements.overview import facts_of
    from services.notifier.tables import Announcement

    with opened() as database, database.read() as session:
        found = session.get(Announcement, announcement_id)
        if found is None:
            give_up("There is no announcement with this id.")
        facts = facts_of(session, found)
        steps = [
            each.model_dump(exclude={"id", "announcement_id"})
            for each in record.entries(session, announcement_id)
        ]
    if as_json:
        show_json({**facts, "texts": found.texts, "record": steps})
        return
    typer.echo(f"{facts['subject']}: {facts['state']}, {facts['recipients']:,} recipients")
    counted = (f"{number:,} {state}" for state, number in facts["deliveries"].items() if number)
    typer.echo(f"E-mails: {', '.join(counted) or 'none yet'}")
    show("Record", ("at", "act", "by", "recipients", "reason"), steps, as_json=False)


def _counted(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts, **{str(state): number for state, number in facts["deliveries"].items()}}
