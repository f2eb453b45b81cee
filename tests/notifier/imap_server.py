"""A real IMAP server with TLS and one mailbox, and messages put into it."""

import mailbox
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from pysasl.hashing import BuiltinHash

from services.notifier.bounces.collecting import ImapMailbox
from tests.notifier.certificates import Authority
from tests.notifier.tls_front import tls_in_front_of
from tests.redis_server import free_port
from tests.waiting import wait_until

USER, PASSWORD = "bounces", "a secret of the tests"


@dataclass(frozen=True)
class ImapServer:
    """Where the server is, and the Maildir that it serves."""

    port: int
    """Where it begins without TLS and changes to it."""
    tls_port: int
    """Where it speaks TLS at once."""
    authority: Path
    maildir: Path

    @property
    def place(self) -> ImapMailbox:
        """The mailbox as the notifier reads it with STARTTLS."""
        return ImapMailbox("127.0.0.1", self.port, USER, SecretStr(PASSWORD), starttls=True)

    @property
    def place_with_tls_at_once(self) -> ImapMailbox:
        """The mailbox as the notifier reads it where TLS comes first."""
        return ImapMailbox("127.0.0.1", self.tls_port, USER, SecretStr(PASSWORD))

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a process that reads it."""
        return {
            "NOTIFIER_BOUNCES_IMAP_HOST": "127.0.0.1",
            "NOTIFIER_BOUNCES_IMAP_PORT": str(self.port),
            "NOTIFIER_BOUNCES_IMAP_USERNAME": USER,
            "NOTIFIER_BOUNCES_IMAP_PASSWORD": PASSWORD,
            "NOTIFIER_BOUNCES_IMAP_STARTTLS": "true",
            "SSL_CERT_FILE": str(self.authority),
        }

    def put(self, content: bytes) -> None:
        """Deliver a message."""
        mailbox.Maildir(self.maildir, create=False).add(content.replace(b"\r\n", b"\n"))

    def left(self) -> list[str]:
        """Return the flags of each message that is there."""
        box = mailbox.Maildir(self.maildir, create=False)
        return sorted(message.get_flags() for message in box.values())


@contextmanager
def running(folder: Path) -> Iterator[ImapServer]:
    """Yield a server that keeps its mail in ``folder``."""
    folder.mkdir()
    maildir = folder / "mail"
    mailbox.Maildir(maildir, create=True)
    (folder / "pymap-etc-passwd").write_text(f"{USER}:x:1000:1000::mail:\n")
    (folder / "pymap-etc-shadow").write_text(f"{USER}:{BuiltinHash().hash(PASSWORD)}:::::::\n")
    (folder / "pymap-etc-group").touch()
    authority = Authority(folder)
    issued = authority.issue("127.0.0.1")
    with (
        _server(folder, f"--cert={issued.certificate}", f"--key={issued.key}") as port,
        _server(folder, "--no-tls") as plain_port,
        tls_in_front_of(plain_port, issued) as tls_port,
    ):
        yield ImapServer(port, tls_port, authority.file, maildir)


@contextmanager
def _server(folder: Path, *options: str) -> Iterator[int]:
    port = free_port()
    log = folder / f"log-{port}"
    command = [str(Path(sys.executable).parent / "pymap"), "--host=127.0.0.1", f"--port={port}"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, *options, "maildir", str(folder)], stdout=output, stderr=output
        )
        try:
            wait_until(lambda: _listens(port), f"the IMAP server listens: {log}", seconds=60)
            yield port
        finally:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
