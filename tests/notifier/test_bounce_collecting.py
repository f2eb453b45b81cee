"""Reading the reports of a mailbox, a folder and a pipe: each once, and none lost."""

import mailbox
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.notifier.bounces import collecting
from services.notifier.bounces.collecting import collect, folder_of
from services.notifier.tables import BounceReport
from tests.notifier import reports
from tests.notifier.imap_server import ImapServer, running
from tests.notifier.returned import LIMITS, send_to, stored_reports, suppressed
from tests.notifier.workers import Workers
from tests.notifier.world import World
from tests.waiting import wait_until

ANA = "ana@reader.example"
LETTER = b"From: Ben <ben@reader.example>\r\nSubject: Hello\r\n\r\nIs anybody there?\r\n"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def imap_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImapServer]:
    """An IMAP server."""
    with running(tmp_path_factory.mktemp("imap") / "server") as server:
        yield server


@pytest.fixture
def imap(imap_server: ImapServer, monkeypatch: pytest.MonkeyPatch) -> ImapServer:
    """The server with an empty mailbox, trusted by this process."""
    mailbox.Maildir(imap_server.maildir, create=False).clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(imap_server.authority))
    return imap_server


def contents(world: World) -> list[bytes]:
    """Return a hard bounce, an answer, and a letter of a person."""
    sent = send_to(world, ANA)
    return [reports.postfix(sent), reports.out_of_office(sent), LETTER]


def command(world: World, *words: str, **environment: str) -> subprocess.Popen[bytes]:
    """Start a command of the notifier on the test's database."""
    return subprocess.Popen(
        [sys.executable, "-m", "services.notifier", *words],
        cwd=REPOSITORY,
        env={**os.environ, "NOTIFIER_DATABASE_URL": world.database.url, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_mailbox_is_emptied_but_for_what_a_person_should_see(
    world: World, imap: ImapServer
) -> None:
    world.open_group()
    for place in (imap.place, imap.place_with_tls_at_once):
        for content in contents(world):
            imap.put(content)
        counted = collect(world.database, place, LIMITS)
        assert counted == {"hard_bounce": 1, "answer": 1, "not_a_report": 1, "left": 1}
        assert not collect(world.database, place, LIMITS)
        assert suppressed(world) == {ANA: "hard_bounce"}
    assert imap.left() == ["F", "F"]
    assert len(stored_reports(world)) == 5


def test_a_server_that_shows_no_trusted_certificate_gets_no_password(
    world: World, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    for place in (imap.place, imap.place_with_tls_at_once):
        with pytest.raises(ssl.SSLCertVerificationError):
            collect(world.database, place, LIMITS)


def test_a_report_stays_in_the_mailbox_until_its_row_is_committed(
    world: World, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.open_group()
    imap.put(reports.postfix(send_to(world, ANA)))
    with monkeypatch.context() as killed:
        killed.setattr(collecting, "needs_a_look", die)
        with pytest.raises(KeyboardInterrupt):
            collect(world.database, imap.place, LIMITS)
    (row,) = stored_reports(world)
    assert imap.left() == [""]
    collect(world.database, imap.place, LIMITS)
    assert imap.left() == []
    assert [(each.id, each.times) for each in stored_reports(world)] == [(row.id, 2)]


def test_a_reader_that_is_killed_anywhere_loses_and_repeats_nothing(
    world: World, imap: ImapServer
) -> None:
    world.open_group()
    bounce = reports.postfix(send_to(world, ANA), code="4.2.2")
    for number in range(60):
        imap.put(bounce + f"\r\nCopy {number}\r\n".encode())
    reading = command(world, "bounces", "read", **imap.settings)
    wait_until(lambda: len(stored_reports(world)) >= 10, "some are read", seconds=60)
    reading.send_signal(signal.SIGKILL)
    reading.communicate()
    output, told = command(world, "bounces", "read", **imap.settings).communicate()
    assert b"0 of them left" in output, told
    assert len(stored_reports(world)) == 60
    assert imap.left() == []
    assert suppressed(world) == {}


@pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)
def test_the_worker_reads_the_mailbox_by_itself(
    world: World, imap: ImapServer, broker: str, redis_url: str, tmp_path: Path
) -> None:
    del redis_url  # It empties the server first.
    world.open_group()
    imap.put(reports.postfix(send_to(world, ANA)))
    environment = {
        "NOTIFIER_DATABASE_URL": world.database.url,
        "NOTIFIER_CELERY_BROKER_URL": broker,
        "NOTIFIER_BOUNCES_IMAP_SECONDS": "5",
        **imap.settings,
    }
    with Workers(environment, tmp_path / "celery.log") as workers:
        workers.worker()
        workers.beat()
        wait_until(lambda: suppressed(world) == {ANA: "hard_bounce"}, "it was read", seconds=60)
        wait_until(lambda: imap.left() == [], "the mailbox is empty", seconds=30)
        assert "@reader.example" not in workers.log()


def test_a_maildir_and_an_mbox_file_are_read_like_a_mailbox(world: World, tmp_path: Path) -> None:
    world.open_group()
    maildir = mailbox.Maildir(tmp_path / "maildir")
    mbox = mailbox.mbox(tmp_path / "mbox")
    for box in (maildir, mbox):
        for content in contents(world):
            box.add(content.replace(b"\r\n", b"\n"))
    mbox.close()
    for name in ("maildir", "mbox"):
        counted = collect(world.database, folder_of(tmp_path / name), LIMITS)
        assert (counted["left"], counted.total()) == (1, 4)
        assert not collect(world.database, folder_of(tmp_path / name), LIMITS)
    assert [message.get_flags() for message in maildir.values()] == ["F"]
    (letter,) = mailbox.mbox(tmp_path / "mbox.unclear").values()
    assert letter["Subject"] == "Hello"
    assert suppressed(world) == {ANA: "hard_bounce"}


def test_a_mail_server_hands_a_report_to_the_command_and_keeps_it_when_told_so(
    world: World,
) -> None:
    world.open_group()
    report = reports.postfix(send_to(world, ANA))
    huge = report.replace(b"Text.", b"Text. " * 1_000_000)
    taking = command(world, "bounces", "take")
    _, told = taking.communicate(huge)
    assert taking.returncode == 0, told
    assert suppressed(world) == {ANA: "hard_bounce"}
    (row,) = stored_reports(world)
    assert (row.source, row.size) == ("pipe", len(huge))
    elsewhere = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    failing = command(world, "bounces", "take", NOTIFIER_DATABASE_URL=elsewhere)
    failing.communicate(report)
    assert failing.returncode == 75


def die(_row: BounceReport) -> bool:
    raise KeyboardInterrupt
