"""``python -m standalone.mail_catcher``: catch e-mails by SMTP, show them by HTTP."""

import asyncio
import signal
from email.errors import MessageError
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from standalone.mail_catcher.mailbox import Mailbox
from standalone.mail_catcher.page import build_page

LARGEST_BYTES = 10 * 2**20


class Catcher:
    """Keeps what comes by SMTP."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep an e-mail; the name is aiosmtpd's for the SMTP command."""
        content = envelope.content
        if not isinstance(content, bytes):
            return "554 5.6.0 No content."
        try:
            await asyncio.to_thread(self._mailbox.keep, content, list(envelope.rcpt_tos))
        except (MessageError, ValueError) as error:
            return f"554 5.6.0 Not an e-mail: {error}"
        except OSError as error:
            return f"452 4.3.1 Can't be kept: {error.strerror}"
        return "250 2.0.0 Caught"


def main(
    folder: Annotated[Path, typer.Option(help="Where the e-mails are kept.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    smtp_port: Annotated[int, typer.Option(help="The port for SMTP.")] = 8025,
    page_port: Annotated[int, typer.Option(help="The port of the page.")] = 8004,
) -> None:
    """Catch e-mails until asked to stop."""
    mailbox = Mailbox(folder)
    controller = Controller(
        Catcher(mailbox),
        hostname=host,
        port=smtp_port,
        data_size_limit=LARGEST_BYTES,
        ident="Southlink mail catcher",
        enable_SMTPUTF8=True,
    )
    controller.start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    uvicorn.run(
        build_page(mailbox),
        host=host,
        port=page_port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    controller.stop()


if __name__ == "__main__":
    typer.run(main)
