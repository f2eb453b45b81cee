"""Commands on digest runs: what became of each."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from services.notifier.commands.database import opened
from services.notifier.vocabulary import Frequency, RunState
from shared.terminal import AsJson, show

app = typer.Typer()


@app.command("runs")
def list_runs(
    *,
    frequency: Annotated[Frequency | None, typer.Option(help="Only of this frequency.")] = None,
    state: Annotated[RunState | None, typer.Option(help="Only in this state.")] = None,
    started_from: Annotated[
        datetime | None, typer.Option(help="Only started at this moment (UTC) or later.")
    ] = None,
    started_before: Annotated[
        datetime | None, typer.Option(help="Only started before this moment (UTC).")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List digest runs, the newest first, with how many of their e-mails came to what."""
    from sqlmodel import col

    from services.notifier import digest_runs
    from services.notifier.tables import DigestRun

    with opened() as database, database.read() as session:
        chosen = digest_runs.selection(
            frequency=frequency,
            state=state,
            started_from=_in_utc(started_from),
            started_before=_in_utc(started_before),
        )
        rows = [
            {**run.model_dump(), **asdict(digest_runs.tally(session, run.id))}
            for run in session.exec(chosen.order_by(col(DigestRun.id).desc()).limit(limit))
        ]
    columns = (
        "started_at",
        "frequency",
        "state",
        "digests",
        "sent",
        "failed",
        "cancelled",
        "waiting",
        "parked",
        "id",
    )
    show(f"{len(rows):,} runs", columns, rows, as_json=as_json)


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None else None
