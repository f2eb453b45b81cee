"""Commands on previews: what each kind of e-mail looks like."""

import sys
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from services.notifier.commands.database import opened
from services.notifier.languages import LANGUAGES
from services.notifier.settings import settings
from shared.terminal import show

app = typer.Typer()

Language = StrEnum("Language", {each: each for each in LANGUAGES})  # type: ignore[misc]


class Form(StrEnum):
    """In which form a preview is printed."""

    TEXT = "text"
    HTML = "html"
    MESSAGE = "message"


@app.command("preview")
def preview(
    template: Annotated[
        str | None, typer.Argument(help="Which sort of e-mail; without it all are listed.")
    ] = None,
    language: Annotated[Language, typer.Option(help="One of the six.")] = Language("en"),
    form: Annotated[
        Form, typer.Option("--format", help="The text, the HTML, or all of it for a mail program.")
    ] = Form.TEXT,
    subject: Annotated[
        UUID | None, typer.Option(help="The id of what is to be shown, else the newest.")
    ] = None,
) -> None:
    """Print an e-mail as it would look now, with real data and links that lead nowhere."""
    from services.notifier.previews import choosing, writing
    from services.notifier.previews.templates import TEMPLATES, find
    from services.notifier.previews.writing import StandIn
    from shared.columns import utc_now

    with opened() as database, database.read() as session:
        if template is None:
            there = choosing.available(session, utc_now())
            rows = [
                {"template": name, "subject": each.subject, "available": there[name]}
                for name, each in TEMPLATES.items()
            ]
            show("Previews", ("template", "subject", "available"), rows, as_json=False)
            return
        made = writing.preview(
            session,
            choosing.choose(session, find(template), subject, utc_now()),
            StandIn(language),
            mail_from=settings().mail_from,
            public_url=settings().public_url,
        )
    match form:
        case Form.TEXT:
            typer.echo(f"{made.subject}\n\n{made.text}")
        case Form.HTML:
            typer.echo(made.html)
        case Form.MESSAGE:
            sys.stdout.buffer.write(made.message)


@app.command("send-preview")
def send_preview(
    template: Annotated[str, typer.Argument(help="Which sort of e-mail.")],
    to: Annotated[str, typer.Option(help="The e-mail address or the id of a coordinator.")],
    language: Annotated[
        Language | None, typer.Option(help="One of the six, else the coordinator's own.")
    ] = None,
    subject: Annotated[
        UUID | None, typer.Option(help="The id of what is to be shown, else the newest.")
    ] = None,
) -> None:
    """Send an e-mail as a test to a coordinator's own address; the next sweep takes it up."""
    from services.notifier import recipients
    from services.notifier.links import links
    from services.notifier.mail.envelopes import Sender
    from services.notifier.previews import trials
    from services.notifier.previews.templates import find
    from services.notifier.previews.trials import Wanted
    from services.notifier.previews.writing import NOBODY
    from shared.columns import utc_now

    with opened() as database, database.write() as session:
        person_id = recipients.find(session, to).person_id
        delivery = trials.ask(
            session,
            Wanted(find(template), language, subject),
            person_id or NOBODY,
            utc_now(),
            per_hour=settings().test_emails_per_hour,
            sender=Sender(settings().mail_from, links(session, settings().public_url)),
        )
        delivery.queued_at = None
        sent_as = delivery.id
    typer.echo(f"It goes out as {sent_as}: southlink notifier deliveries --kind test shows it.")
