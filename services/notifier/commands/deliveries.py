"""Commands on single e-mails: did this person get it, and when; send one again."""

from typing import Annotated
from uuid import UUID

import typer

from services.notifier.commands.database import opened
from services.notifier.vocabulary import DeliveryKind, DeliveryState
from shared.terminal import AsJson, show, show_json

app = typer.Typer()


@app.command("deliveries")
def list_deliveries(
    *,
    recipient: Annotated[
        str | None, typer.Option(help="Only to this e-mail address, or the person with this id.")
    ] = None,
    about: Annotated[
        str | None, typer.Option(help="Only about this subject, as updates/<id>, or notice.")
    ] = None,
    state: Annotated[DeliveryState | None, typer.Option(help="Only in this state.")] = None,
    kind: Annotated[DeliveryKind | None, typer.Option(help="Only of this kind.")] = None,
    run: Annotated[UUID | None, typer.Option(help="Only of this digest run.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=200)] = 50,
    as_json: AsJson = False,
) -> None:
    """List e-mails, the newest first, masked; for a recipient, say whether they got it and when."""
    from services.notifier import inquiries, suppressions
    from services.notifier.addresses import masked
    from shared.columns import utc_now
    from shared.pagination import PageParams

    question = inquiries.Question(state, kind, run, recipient, about)
    with opened() as database, database.read() as session:
        found = inquiries.ask(session, question, PageParams(limit=limit), utc_now())
        told = inquiries.told(session, found.deliveries)
        addresses = suppressions.recipients_of(session, [each.id for each in found.deliveries])
    rows = [
        {
            "created_at": each.created_at,
            "kind": each.kind,
            "state": each.state,
            "recipient": masked(addresses[each.id]),
            "told": "; ".join(told[each.id].titles),
            "in_words": inquiries.in_words(each, told[each.id].report),
            "attempts": each.attempts,
            "run_id": each.run_id,
            "resends": each.resends,
            "id": each.id,
        }
        for each in found.deliveries
    ]
    if as_json:
        show_json({"answer": found.answer, "items": rows})
        return
    if found.answer is not None:
        typer.echo(found.answer)
    columns = ("created_at", "kind", "recipient", "told", "in_words", "id")
    show(f"{len(rows):,} e-mails", columns, rows, as_json=False)


@app.command("resend")
def resend(
    delivery_id: Annotated[UUID, typer.Argument(help="The id of an e-mail that was sent.")],
    reason: Annotated[str, typer.Option(help="Why, for those who wonder.")],
) -> None:
    """Send an e-mail again to the reader who got it; the next sweep takes it up."""
    from services.notifier import resending
    from services.notifier.resending import Resending
    from shared.columns import utc_now

    with opened() as database, database.write() as session:
        again = resending.resend(session, delivery_id, Resending(reason=reason), None, utc_now())
        again.queued_at = None
        new_id = again.id
    typer.echo(f"It goes out again as {new_id}.")
