"""SMTP connections that are kept, so that each e-mail costs two round trips instead of eight.

The protocol is spoken by ``smtplib``. No library of Python's offers pipelining (RFC 2920), so
`SmtpConnection` sends MAIL, RCPT and DATA together over its public methods, where the server says
that it takes that.
"""

import os
import smtplib
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from shared.mail import Mail, Smtp

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 20.0
"""After how long without an e-mail a connection is asked whether it still stands."""

KEPT_AT_MOST = 16
"""Idle connections that a process keeps to one server."""


class InDoubtError(smtplib.SMTPServerDisconnected):
    """The connection broke after the whole e-mail was sent: it may or may not have been taken."""


class UnreachableError(ConnectionError):
    """No connection could be opened: nobody answers, or the answer is no, or can't be trusted."""


class SmtpConnection:
    """One connection to a server, opened when first needed and again when it broke."""

    def __init__(self, smtp: Smtp) -> None:
        self.window = 1
        """How many e-mails its user puts on the wire before writing down what became of them."""
        self._smtp = smtp
        self._server: smtplib.SMTP | None = None
        self._used_at = 0.0
        self._unfinished = False
        """Whether the server still remembers an envelope that it refused."""

    def hand_over(self, mail: Mail) -> bytes:
        """Give one e-mail to the server, and return the words with which it took it.

        Raises ``smtplib.SMTPSenderRefused``, ``SMTPRecipientsRefused``, ``SMTPDataError`` or
        ``SMTPNotSupportedError`` when the server refuses, `InDoubtError` when it fell silent after
        the whole e-mail, `UnreachableError` without a connection, and another ``OSError`` when the
        connection broke before the e-mail was complete.
        """
        if any(character in mail.sender + mail.recipient for character in "\r\n\0<>"):
            raise smtplib.SMTPRecipientsRefused({mail.recipient: (553, b"5.1.3 Not an address")})
        kept = self._server is not None
        try:
            return self._exchange(self._standing(), mail)
        except (smtplib.SMTPSenderRefused, smtplib.SMTPServerDisconnected) as error:
            # A server may end a kept connection at any time, and says so at the next command.
            if not kept or not _ended_meanwhile(error):
                raise
            return self._exchange(self._standing(), mail)

    def close(self) -> None:
        """Say goodbye, as far as the server listens."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _standing(self) -> smtplib.SMTP:
        """Return a connection that stands; one that was idle for long is asked first."""
        if self._server is not None and time.monotonic() - self._used_at > IDLE_SECONDS:
            try:
                answers = self._server.noop()[0] == 250
            except (smtplib.SMTPException, OSError):
                answers = False
            if not answers:
                self._drop()
        if self._server is None:
            try:
                self._server = _opened(self._smtp)
            except OSError as error:
                raise UnreachableError(_in_words(error)) from error
            self._unfinished = False
        return self._server

    def _drop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _exchange(self, server: smtplib.SMTP, mail: Mail) -> bytes:
        try:
            self._envelope(server, mail)
            return self._content(server, mail)
        except smtplib.SMTPRecipientsRefused as error:
            self._unfinished = True
            if any(code == 421 for code, _ in error.recipients.values()):
                self._drop()
            raise
        except smtplib.SMTPNotSupportedError:
            raise
        except smtplib.SMTPResponseException as error:
            self._unfinished = True
            if error.smtp_code == 421:
                self._drop()
            raise
        except (smtplib.SMTPException, OSError):
            self._drop()
            raise
        finally:
            self._used_at = time.monotonic()

    def _envelope(self, server: smtplib.SMTP, mail: Mail) -> None:
        """Announce the e-mail; the server waits for its content when this returns."""
        commands = [
            f"MAIL FROM:<{mail.sender}>{_parameters(server, mail)}",
            f"RCPT TO:<{mail.recipient}>",
            "DATA",
        ]
        if self._unfinished:
            commands.insert(0, "RSET")
        together = server.has_extn("pipelining")
        replies: list[tuple[int, bytes]] = []
        if together:
            server.send("".join(f"{command}\r\n" for command in commands).encode())
        for command in commands:
            if not together:
                server.send(f"{command}\r\n".encode())
            replies.append(server.getreply())
            if replies[-1][0] == 421 or (not together and replies[-1][0] >= 400):
                break
        self._unfinished = False
        _require_accepted(commands, replies, mail, server)

    def _content(self, server: smtplib.SMTP, mail: Mail) -> bytes:
        content = mail.content.replace(b"\r\n.", b"\r\n..")
        if content.startswith(b"."):
            content = b"." + content
        server.send(content + (b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"))
        try:
            code, words = server.getreply()
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise InDoubtError("The connection broke after the e-mail was handed over.") from error
        if code != 250:
            raise smtplib.SMTPDataError(code, words)
        return words


class SmtpPool:
    """The connections of this process to one server; each is lent to one user at a time."""

    def __init__(self, smtp: Smtp) -> None:
        self._smtp = smtp
        self._idle: deque[SmtpConnection] = deque()
        self._lock = threading.Lock()

    def take(self) -> SmtpConnection:
        """Return the connection that was used last, or a new one."""
        with self._lock:
            return self._idle.pop() if self._idle else SmtpConnection(self._smtp)

    def give_back(self, connection: SmtpConnection) -> None:
        """Keep the connection for the next user."""
        with self._lock:
            if len(self._idle) < KEPT_AT_MOST:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle = list(self._idle)
            self._idle.clear()
        for connection in idle:
            connection.close()


_pools: dict[Smtp, SmtpPool] = {}
_lock = threading.Lock()


@contextmanager
def kept_connection(smtp: Smtp) -> Iterator[SmtpConnection]:
    """Lend a connection to the server while the block runs."""
    with _lock:
        pool = _pools.setdefault(smtp, SmtpPool(smtp))
    connection = pool.take()
    try:
        yield connection
    finally:
        pool.give_back(connection)


def close_connections() -> None:
    """Close what this process keeps; the next e-mail opens a connection again."""
    with _lock:
        pools = list(_pools.values())
    for pool in pools:
        pool.close()


def _forget_connections() -> None:
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    _pools.clear()


# Two processes on one connection would read each other's answers.
os.register_at_fork(after_in_child=_forget_connections)


def _opened(smtp: Smtp) -> smtplib.SMTP:
    """Return a new connection, encrypted and signed in as the settings ask."""
    wait = min(CONNECT_SECONDS, smtp.timeout)
    server: smtplib.SMTP
    if smtp.tls:
        server = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=wait, context=_context(smtp))
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, timeout=wait)
    try:
        if smtp.starttls:
            server.starttls(context=_context(smtp))
        server.ehlo_or_helo_if_needed()
        if smtp.username and smtp.password:
            server.login(smtp.username, smtp.password.get_secret_value())
        if server.sock is not None:
            server.sock.settimeout(smtp.timeout)
    except BaseException:
        server.close()
        raise
    return server


def _ended_meanwhile(error: smtplib.SMTPException) -> bool:
    if isinstance(error, smtplib.SMTPSenderRefused):
        return error.smtp_code == 421
    return not isinstance(error, InDoubtError) and not isinstance(error.__context__, TimeoutError)


def _in_words(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
        return f"it answered {error.smtp_code}: {text}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate can't be trusted: {error.verify_message}"
    return str(error) or type(error).__name__


def _context(smtp: Smtp) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=smtp.ca_file)
    except OSError as error:
        raise OSError(f"the authorities in {smtp.ca_file} can't be read: {error}") from error


def _parameters(server: smtplib.SMTP, mail: Mail) -> str:
    """Return the parameters of MAIL that this server takes and this e-mail needs."""
    found = f" SIZE={len(mail.content)}" if server.has_extn("size") else ""
    if mail.smtputf8:
        if not server.has_extn("smtputf8"):
            raise smtplib.SMTPNotSupportedError("The server has no SMTPUTF8.")
        return f"{found} BODY=8BITMIME SMTPUTF8"
    return found if mail.content.isascii() else f"{found} BODY=8BITMIME"


def _require_accepted(
    commands: list[str], replies: list[tuple[int, bytes]], mail: Mail, server: smtplib.SMTP
) -> None:
    """Raise for the first command that was refused; leave no content waited for."""
    expected = {"MAIL": (250,), "RCPT": (250, 251), "DATA": (354,), "RSET": (250,)}
    for command, (code, words) in zip(commands, replies, strict=False):
        verb = command[:4]
        if code in expected[verb]:
            continue
        if len(replies) == len(commands) and replies[-1][0] == 354:
            # It waits for content although it takes none: an empty one ends that (RFC 2920, 3.1).
            server.send(b".\r\n")
            server.getreply()
        if verb == "RCPT":
            raise smtplib.SMTPRecipientsRefused({mail.recipient: (code, words)})
        if verb == "DATA":
            raise smtplib.SMTPDataError(code, words)
        raise smtplib.SMTPSenderRefused(code, words, mail.sender)
