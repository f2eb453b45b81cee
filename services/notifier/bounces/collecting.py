"""Collecting reports from where a mail server puts them: an IMAP mailbox, a Maildir, an mbox file.

A report leaves its place only when its row is committed. Who is killed in between leaves it there:
it is read once more, which changes nothing. What isn't a report about an e-mail of ours stays, set
apart, for a person to look at.
"""

import mailbox
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from pydantic import SecretStr

from services.notifier.bounces.reading import READ_BYTES
from services.notifier.bounces.taking import Limits, needs_a_look, take
from services.notifier.settings import Settings
from services.notifier.tables import BounceReport
from services.notifier.vocabulary import BounceSource
from shared.columns import utc_now
from shared.database import Database

TIMEOUT_SECONDS = 30
READ_AT_ONCE = 1_000
"""Messages of a mailbox; the next reading takes the next."""

Take = Callable[[bytes, int], BounceReport]
"""Takes the beginning of a report and the length of all of it; its row is committed then."""


class Place(Protocol):
    """Where reports are."""

    @property
    def source(self) -> BounceSource:
        """How what is there came."""

    def collect(self, take: Take) -> Iterator[BounceReport]:
        """Take each report and then put it away; yield its row."""


@dataclass(frozen=True)
class ImapMailbox:
    """A mailbox that is read over IMAP with TLS; what is left for a person is flagged there."""

    host: str
    port: int
    username: str
    password: SecretStr
    folder: str = "INBOX"
    starttls: bool = False
    source: BounceSource = BounceSource.MAILBOX

    @classmethod
    def of(cls, chosen: Settings) -> Self | None:
        """Return the mailbox of the settings, if they name one."""
        if not (chosen.bounces_imap_host and chosen.bounces_imap_username):
            return None
        return cls(
            host=chosen.bounces_imap_host,
            port=chosen.bounces_imap_port,
            username=chosen.bounces_imap_username,
            password=chosen.bounces_imap_password or SecretStr(""),
            folder=chosen.bounces_imap_folder,
            starttls=chosen.bounces_imap_starttls,
        )

    def collect(self, take: Take) -> Iterator[BounceReport]:
        """Read what is neither deleted nor flagged.

        Raises ``OSError`` when the server can't be reached or trusted, ``IMAPClientError`` when it
        refuses.
        """
        from imapclient import DELETED, FLAGGED, IMAPClient

        trusted = ssl.create_default_context()
        with IMAPClient(
            self.host,
            port=self.port,
            ssl=not self.starttls,
            ssl_context=trusted,
            timeout=TIMEOUT_SECONDS,
        ) as server:
            if self.starttls:
                server.starttls(trusted)
            server.login(self.username, self.password.get_secret_value())
            server.select_folder(self.folder)
            for uid in server.search(["UNDELETED", "UNFLAGGED"])[:READ_AT_ONCE]:
                parts = server.fetch([uid], ["RFC822.SIZE", f"BODY.PEEK[]<0.{READ_BYTES}>"])
                if uid not in parts:
                    continue  # Another reader was quicker.
                row = take(parts[uid][b"BODY[]<0>"] or b"", int(parts[uid][b"RFC822.SIZE"]))
                put_away = FLAGGED if needs_a_look(row) else DELETED
                server.add_flags([uid], [put_away], silent=True)
                yield row
            server.expunge()


@dataclass(frozen=True)
class Maildir:
    """A folder of files (maildir(5) of qmail); what is left for a person is flagged there."""

    path: Path
    source: BounceSource = BounceSource.FOLDER

    def collect(self, take: Take) -> Iterator[BounceReport]:
        """Read what is neither trashed nor flagged."""
        for part in ("new", "cur"):
            for file in sorted((self.path / part).iterdir()):
                name, _, flags = file.name.partition(":2,")
                if set(flags) & {"F", "T"}:
                    continue
                try:
                    with file.open("rb") as content:
                        row = take(content.read(READ_BYTES), file.stat().st_size)
                    if needs_a_look(row):
                        looked_at = "".join(sorted({*flags, "F"}))
                        file.rename(self.path / "cur" / f"{name}:2,{looked_at}")
                    else:
                        file.unlink()
                except FileNotFoundError:
                    continue  # A mail program moved it; it is read where it is now, or next time.
                yield row


@dataclass(frozen=True)
class Mbox:
    """A file of messages; what is left for a person moves to a file beside it, ``….unclear``."""

    path: Path
    source: BounceSource = BounceSource.FOLDER

    def collect(self, take: Take) -> Iterator[BounceReport]:
        """Read all of it; raises ``mailbox.Error`` while another program has it locked."""
        box = mailbox.mbox(self.path, create=False)
        box.lock()
        try:
            for key in list(box.iterkeys()):
                content = box.get_bytes(key)
                row = take(content[:READ_BYTES], len(content))
                if needs_a_look(row):
                    unclear = mailbox.mbox(self.path.with_name(f"{self.path.name}.unclear"))
                    unclear.add(box.get_bytes(key, from_=True))
                    unclear.close()
                box.remove(key)
                yield row
        finally:
            # Also when it broke off: what was taken is not read again.
            box.close()


def collect(database: Database, place: Place, limits: Limits) -> Counter[str]:
    """Take every report of a place; return how many there were of each kind.

    Those left for a person are counted as ``left`` as well.
    """

    def take_one(content: bytes, size: int) -> BounceReport:
        with database.write() as session:
            row, _ = take(
                session, content, source=place.source, limits=limits, now=utc_now(), size=size
            )
        return row

    counted: Counter[str] = Counter()
    for row in place.collect(take_one):
        counted[row.kind] += 1
        counted["left"] += needs_a_look(row)
    return counted


def folder_of(path: Path) -> Place:
    """Return the Maildir or the mbox file at ``path``; raise ``FileNotFoundError`` for neither."""
    if (path / "new").is_dir() and (path / "cur").is_dir():
        return Maildir(path)
    if path.is_file():
        return Mbox(path)
    raise FileNotFoundError(path)
