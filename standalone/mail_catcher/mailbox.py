"""The caught e-mails: one file each, so that they survive a restart."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class Caught:
    """A caught e-mail, as lists show it."""

    id: int
    to: tuple[str, ...]
    subject: str
    kind: str
    """Its header ``X-Southlink-Kind``, or an empty text."""
    received_at: datetime


class Mailbox:
    """The e-mails in a folder, in the order of their arrival; ids count from 1."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._caught = [
            _described(int(path.stem), path.read_bytes(), path.stat().st_mtime)
            for path in sorted(folder.glob("*.eml"))
        ]
        self._next = self._caught[-1].id + 1 if self._caught else 1

    def keep(self, content: bytes, recipients: list[str]) -> Caught:
        """Store an e-mail as it arrived, with the recipients of its envelope."""
        head = "".join(f"X-Envelope-To: {recipient}\r\n" for recipient in recipients)
        content = head.encode() + content
        with self._lock:
            number = self._next
            self._next += 1
            path = self._path(number)
            written = path.with_suffix(".new")
            written.write_bytes(content)
            written.replace(path)
            caught = _described(number, content, path.stat().st_mtime)
            self._caught.append(caught)
        return caught

    def search(self, to: str | None, kind: str | None, after: int) -> list[Caught]:
        """Return the e-mails after an id, of one recipient and kind where these are given."""
        with self._lock:
            return [
                caught
                for caught in self._caught
                if caught.id > after
                and (to is None or to.casefold() in {one.casefold() for one in caught.to})
                and (kind is None or caught.kind == kind)
            ]

    def read(self, number: int) -> bytes | None:
        """Return an e-mail as it arrived, or ``None``."""
        path = self._path(number)
        return path.read_bytes() if path.exists() else None

    def clear(self) -> int:
        """Remove every e-mail; return how many there were. Ids are not used again."""
        with self._lock:
            for caught in self._caught:
                self._path(caught.id).unlink(missing_ok=True)
            removed = len(self._caught)
            self._caught = []
        return removed

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06}.eml"


def parsed(content: bytes) -> EmailMessage:
    """Return an e-mail parsed by the modern policy."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101
    return message


def part(content: bytes, subtype: str) -> str | None:
    """Return the text of an e-mail's ``plain`` or ``html`` part, or ``None``."""
    body = parsed(content).get_body((subtype,))
    return str(body.get_content()) if isinstance(body, EmailMessage) else None


def _described(number: int, content: bytes, received: float) -> Caught:
    message = parsed(content)
    return Caught(
        id=number,
        to=tuple(message.get_all("X-Envelope-To", [])),
        subject=str(message.get("Subject", "(no subject)")),
        kind=str(message.get("X-Southlink-Kind", "")),
        received_at=datetime.fromtimestamp(received, UTC),
    )
