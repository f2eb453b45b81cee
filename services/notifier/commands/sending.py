"""Commands on sending as a whole: pause it, let it go on, see how it is."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.notifier.commands.database import opened
from shared.terminal import AsJson, show_json

if TYPE_CHECKING:
    from sqlmodel import Session

app = typer.Typer()


@app.command("pause")
def pause_sending(
    reason: Annotated[str, typer.Option(help="Why, for those who wonder.")],
) -> None:
    """Pause all sending: what is on the wire still arrives, the rest waits."""
    from services.notifier import pausing
    from shared.columns import utc_now

    with opened() as database, database.write() as session:
        pausing.pause(session, reason, None, utc_now())
        typer.echo(_in_words(_state(session)))


@app.command("resume")
def resume_sending() -> None:
    """Let sending go on; the next sweep takes up what waits."""
    from services.notifier import pausing

    with opened() as database, database.write() as session:
        pausing.resume(session)
        typer.echo(_in_words(_state(session)))


@app.command("status")
def show_status(as_json: AsJson = False) -> None:
    """Show whether e-mails leave, and how many wait."""
    with opened() as database, database.read() as session:
        state = _state(session)
    if as_json:
        show_json(state)
    else:
        typer.echo(_in_words(state))


@app.command("retry-parked")
def retry_parked() -> None:
    """Try every e-mail anew that could not be written; the next sweep queues them."""
    from services.notifier import deliveries
    from shared.columns import utc_now

    with opened() as database, database.write() as session:
        number = deliveries.put_parked_through(session, utc_now())
    typer.echo(f"{number:,} are tried anew.")


def _state(session: "Session") -> dict[str, Any]:
    from services.notifier import pausing

    pause = pausing.current(session)
    return {
        "paused": pause is not None,
        "reason": pause.reason if pause else None,
        "paused_at": pause.paused_at.isoformat() if pause else None,
        "waiting": pausing.waiting(session),
        "parked": pausing.parked(session),
    }


def _in_words(state: dict[str, Any]) -> str:
    how = f"Paused since {state['paused_at']}: {state['reason']}" if state["paused"] else "Sending."
    return f"{how} {state['waiting']:,} wait, {state['parked']:,} are parked."
