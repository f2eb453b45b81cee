"""The mail catcher keeps what programs send, and shows it without trusting it."""

import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTPDataError, SMTPSenderRefused

import pytest

from tests.standalone.catcher import MailCatcher


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailCatcher]:
    catcher = MailCatcher(tmp_path_factory.mktemp("catcher") / "mail")
    catcher.start()
    yield catcher
    catcher.kill()


@pytest.fixture
def catcher(running: MailCatcher) -> MailCatcher:
    """A catcher that holds no e-mail."""
    running.http.delete("/api/messages").raise_for_status()
    return running


def letter(to: str = "reader@example.org", kind: str = "digest") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "southlink@example.org"
    message["To"] = to
    message["Subject"] = "Ŝouthlink: ärgerlich langer Betreff für alle"
    message["X-Southlink-Kind"] = kind
    message.set_content("The text: größer.\n")
    message.add_alternative("<p>The <b>HTML</b>: größer.</p>", subtype="html")
    return message


def send(catcher: MailCatcher, message: EmailMessage) -> int:
    """Send an e-mail; return the id under which it was caught."""
    before = catcher.ids()
    with catcher.smtp() as smtp:
        smtp.send_message(message)
    (new,) = set(catcher.ids()) - set(before)
    return new


def test_an_e_mail_is_kept_as_it_was_sent(catcher: MailCatcher) -> None:
    sent = letter()

    number = send(catcher, sent)
    source = catcher.http.get(f"/api/messages/{number}.eml").content
    caught = message_from_bytes(source, policy=policy.default)

    assert caught["Subject"] == sent["Subject"]
    assert caught["X-Envelope-To"] == "reader@example.org"
    assert [part.get_content().split() for part in caught.iter_parts()] == [
        part.get_content().split() for part in sent.iter_parts()
    ]


def test_its_parts_can_be_read_alone(catcher: MailCatcher) -> None:
    number = send(catcher, letter())

    assert catcher.http.get(f"/api/messages/{number}.txt").text.strip() == "The text: größer."
    assert "The <b>HTML</b>: größer." in catcher.http.get(f"/api/messages/{number}.html").text


def test_the_list_says_who_what_and_when(catcher: MailCatcher) -> None:
    number = send(catcher, letter())

    (item,) = catcher.http.get("/api/messages").json()["items"]

    assert item["id"] == number
    assert item["to"] == ["reader@example.org"]
    assert item["subject"] == letter()["Subject"]
    assert item["kind"] == "digest"
    assert item["received_at"].endswith(("Z", "+00:00"))


def test_a_search_finds_by_recipient_kind_and_what_came_before(catcher: MailCatcher) -> None:
    first = send(catcher, letter("one@example.org", "digest"))
    second = send(catcher, letter("one@example.org", "sign-in"))
    third = send(catcher, letter("two@example.org", "digest"))

    assert catcher.ids(to="ONE@example.org") == [first, second]
    assert catcher.ids(kind="digest") == [first, third]
    assert catcher.ids(after=first) == [second, third]
    assert catcher.ids(to="one@example.org", kind="digest", after=first) == []


def test_a_search_can_wait_for_an_e_mail_that_is_still_to_come(catcher: MailCatcher) -> None:
    found: list[int] = []
    waiting = threading.Thread(
        target=lambda: found.extend(catcher.ids(to="late@example.org", wait=10))
    )
    waiting.start()

    number = send(catcher, letter("late@example.org"))
    waiting.join(10)

    assert found == [number]


def test_the_recipient_is_who_the_envelope_names_not_who_the_header_claims(
    catcher: MailCatcher,
) -> None:
    with catcher.smtp() as smtp:
        smtp.send_message(letter("claimed@example.org"), to_addrs=["real@example.org"])

    assert len(catcher.ids(to="real@example.org")) == 1
    assert catcher.ids(to="claimed@example.org") == []


def test_the_page_shows_hostile_headers_as_text(catcher: MailCatcher) -> None:
    message = letter()
    del message["Subject"]
    message["Subject"] = "<script>alert(1)</script>"

    number = send(catcher, message)

    for page in ("/", f"/messages/{number}"):
        answer = catcher.http.get(page)
        assert "&lt;script&gt;alert(1)" in answer.text
        assert "<script>" not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_html_of_an_e_mail_runs_and_loads_nothing(catcher: MailCatcher) -> None:
    number = send(catcher, letter())

    rules = catcher.http.get(f"/api/messages/{number}.html").headers["Content-Security-Policy"]

    assert rules.startswith("sandbox")
    assert "allow-scripts" not in rules
    assert "default-src 'none'" in rules


def test_an_e_mail_without_html_is_shown_too(catcher: MailCatcher) -> None:
    message = EmailMessage()
    message["To"] = "reader@example.org"
    message["From"] = "southlink@example.org"
    message.set_content("Only text.\n")

    number = send(catcher, message)

    assert "Only text." in catcher.http.get(f"/messages/{number}").text
    assert catcher.http.get(f"/api/messages/{number}.html").status_code == 404


def test_bytes_that_are_no_proper_e_mail_break_no_page(catcher: MailCatcher) -> None:
    with catcher.smtp() as smtp:
        smtp.sendmail(
            "from@example.org",
            ["garbage@example.org"],
            b"Subject: =?utf-8?q?=ff=fe?=\r\nContent-Type: multipart/mixed\r\nDate: x\r\n"
            b"\r\n\xff\xfe",
        )

    (number,) = catcher.ids(to="garbage@example.org")
    assert catcher.http.get("/").status_code == 200
    assert catcher.http.get(f"/messages/{number}").status_code == 200
    assert catcher.http.get(f"/api/messages/{number}.eml").status_code == 200


def test_an_e_mail_over_the_limit_is_refused_and_not_kept(catcher: MailCatcher) -> None:
    message = EmailMessage()
    message["To"] = "reader@example.org"
    message["From"] = "southlink@example.org"
    message.set_content("x" * (11 * 2**20), cte="8bit")

    with catcher.smtp() as smtp, pytest.raises((SMTPDataError, SMTPSenderRefused)) as refusal:
        smtp.send_message(message)

    assert refusal.value.smtp_code == 552
    assert catcher.ids() == []


@pytest.mark.parametrize("path", ["/messages/4711", "/api/messages/4711.eml"])
def test_an_e_mail_that_never_came_is_not_found(catcher: MailCatcher, path: str) -> None:
    assert catcher.http.get(path).status_code == 404


def test_many_programs_may_send_at_once(catcher: MailCatcher) -> None:
    def send_ten() -> None:
        with catcher.smtp() as smtp:
            for _ in range(10):
                smtp.send_message(letter("many@example.org"))

    senders = [threading.Thread(target=send_ten) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(30)

    ids = catcher.ids(to="many@example.org")
    assert len(ids) == len(set(ids)) == 80


def test_what_was_caught_survives_a_stop_and_a_crash(tmp_path: Path) -> None:
    catcher = MailCatcher(tmp_path / "mail")
    catcher.start()
    try:
        first = send(catcher, letter())
        catcher.terminate()
        catcher.start()
        second = send(catcher, letter())
        catcher.kill()
        catcher.start()

        assert catcher.ids() == [first, second]
        assert send(catcher, letter()) > second
    finally:
        catcher.kill()
