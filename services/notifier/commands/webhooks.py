"""Commands on webhooks: the endpoints, their messages, replays, and an end to one."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from services.notifier.commands.database import opened
from services.notifier.vocabulary import EndpointState, MessageState
from shared.terminal import AsJson, give_up, show

if TYPE_CHECKING:
    from sqlmodel import Session

    from services.notifier.tables import WebhookEndpoint

app = typer.Typer()
of_webhooks = typer.Typer(help="Webhooks to other systems.", no_args_is_help=True)
app.add_typer(of_webhooks, name="webhooks")

UNKNOWN = "There is no webhook endpoint with this id."

EndpointId = Annotated[UUID, typer.Argument(help="The endpoint's id.")]


@of_webhooks.command("list")
def list_endpoints(
    as_json: AsJson = False,
    state: Annotated[EndpointState | None, typer.Option(help="Only in this state.")] = None,
) -> None:
    """List everybody's endpoints, without their secrets."""
    from sqlmodel import col, select

    from services.notifier.tables import WebhookEndpoint

    statement = select(WebhookEndpoint).order_by(col(WebhookEndpoint.id))
    if state is not None:
        statement = statement.where(col(WebhookEndpoint.state) == state)
    with opened() as database, database.read() as session:
        rows = [
            row.model_dump(exclude={"secret", "former_secret"}) for row in session.exec(statement)
        ]
    columns = ("id", "name", "url", "state", "failures", "failing_since", "disabled_because")
    show(f"{len(rows):,} webhook endpoints", columns, rows, as_json=as_json)


@of_webhooks.command("messages")
def list_messages(
    endpoint: EndpointId,
    *,
    as_json: AsJson = False,
    state: Annotated[MessageState | None, typer.Option(help="Only in this state.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 50,
) -> None:
    """List the messages of an endpoint, the newest first, with the last attempt of each."""
    from sqlmodel import col, select

    from services.notifier.tables import WebhookMessage
    from services.notifier.webhooks import messages

    with opened() as database, database.read() as session:
        _known(session, endpoint)
        statement = (
            select(WebhookMessage)
            .where(col(WebhookMessage.endpoint_id) == endpoint)
            .order_by(col(WebhookMessage.id).desc())
            .limit(limit)
        )
        if state is not None:
            statement = statement.where(col(WebhookMessage.state) == state)
        found = session.exec(statement).all()
        attempts = messages.attempts_of(session, found)
    rows = []
    for message in found:
        tried = [each.model_dump(exclude={"message_id"}) for each in attempts[message.id]]
        last = tried[-1] if tried else {}
        rows.append(
            {
                **message.model_dump(exclude={"attempts", "attempt_id"}),
                "attempts": tried,
                "tried": len(tried),
                "last_status": last.get("status_code"),
                "last_duration_ms": last.get("duration_ms"),
            }
        )
    columns = (
        "created_at",
        "subject",
        "state",
        "tried",
        "last_status",
        "last_duration_ms",
        "reason",
        "id",
    )
    show(f"{len(rows):,} messages", columns, rows, as_json=as_json)


@of_webhooks.command("replay")
def replay(
    endpoint: EndpointId,
    since: Annotated[
        datetime | None, typer.Option(help="Everything that failed since then (UTC).")
    ] = None,
    message: Annotated[UUID | None, typer.Option(help="This message alone.")] = None,
) -> None:
    """Send one message, or all that failed since a time, once more; the next sweep queues them."""
    from services.notifier.webhooks import messages
    from shared.columns import utc_now

    if (since is None) == (message is None):
        give_up("Name either --since or --message.")
    with opened() as database, database.write() as session:
        known = _locked(session, endpoint)
        if message is not None:
            messages.replay(session, known, messages.find(session, known, message), utc_now())
            number = 1
        elif since is not None:
            number = messages.replay_failed(session, known, since.replace(tzinfo=UTC), utc_now())
    typer.echo(f"{number:,} are sent once more.")


@of_webhooks.command("disable")
def disable(
    endpoint: EndpointId,
    because: Annotated[str, typer.Option(help="Why, for its owner.")],
) -> None:
    """Send an endpoint nothing any more; its owner may enable it again."""
    from services.notifier.webhooks import endpoints
    from shared.columns import utc_now

    with opened() as database, database.write() as session:
        endpoints.disable(session, _locked(session, endpoint), because, utc_now())
    typer.echo("It is disabled.")


def _known(session: "Session", endpoint_id: UUID) -> None:
    from services.notifier.tables import WebhookEndpoint

    if session.get(WebhookEndpoint, endpoint_id) is None:
        give_up(UNKNOWN)


def _locked(session: "Session", endpoint_id: UUID) -> "WebhookEndpoint":
    from services.notifier.webhooks import endpoints

    return endpoints.locked(session, endpoint_id) or give_up(UNKNOWN)
