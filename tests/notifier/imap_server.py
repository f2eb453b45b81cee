"""A real IMAP server with TLS and one mailbox, and messages put into it."""

import datetime
import mailbox
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr
from pysasl.hashing import BuiltinHash

from services.notifier.bounces.collecting import ImapMailbox
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
    certificate: Path
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
            "SSL_CERT_FILE": str(self.certificate),
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
    certificate, key = _certificate(folder)
    with (
        _server(folder, f"--cert={certificate}", f"--key={key}") as port,
        _server(folder, "--no-tls") as plain_port,
        tls_in_front_of(plain_port, certificate, key) as tls_port,
    ):
        yield ImapServer(port, tls_port, certificate, maildir)


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


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file
