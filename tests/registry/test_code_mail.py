"""The e-mail with the code, over a real SMTP server."""

import json
from email.utils import parsedate_to_datetime

import pytest

from services.registry.code_mail import Postman, compose
from services.registry.sign_in import CodeLetter
from shared.logs import configure
from shared.mail import Smtp
from tests.redis_server import free_port
from tests.registry.journey import Registry
from tests.registry.mailbox import Mailbox, part_of, text_of
from tests.waiting import wait_until

LETTER = CodeLetter(
    to="ana@example.org",
    code="042917",
    minutes=15,
    institutions=("Centre <b>on</b> Integrated Rural Development",),
)
SENDER = "Southlink <southlink@example.org>"


def test_the_code_arrives_with_what_it_confirms(embedded_registry: Registry) -> None:
    registered = embedded_registry.register("ana@example.org")
    message = embedded_registry.mailbox.newest_to("ana@example.org")

    assert message["Subject"] == "Your Southlink code"
    assert message["To"] == "ana@example.org"
    assert message["X-Southlink-Kind"] == "sign-in"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"
    assert message["Message-ID"].endswith("@example.org>")
    assert parsedate_to_datetime(message["Date"]).tzinfo is not None
    assert registered["institution"]["name"] in text_of(message)
    code = embedded_registry.mailbox.code_for("ana@example.org")
    assert code in part_of(message, "html")


def test_a_plain_sign_in_names_no_institution() -> None:
    letter = CodeLetter(to="ana@example.org", code="042917", minutes=15, institutions=())
    message = compose(letter, SENDER)

    assert "focal point" not in text_of(message)
    assert "focal point" not in part_of(message, "html")
    assert "\n042917\n" in text_of(message)
    assert "within 15 minutes" in text_of(message)


def test_each_institution_stands_on_a_line_of_its_own() -> None:
    letter = CodeLetter(
        to="ana@example.org", code="042917", minutes=15, institutions=("Centre A", "Centre B")
    )

    assert "focal point of:\n\n  - Centre A\n  - Centre B\n\nA coord" in text_of(
        compose(letter, SENDER)
    )


def test_a_name_cannot_put_markup_into_the_e_mail() -> None:
    message = compose(LETTER, SENDER)

    assert "Centre <b>on</b> Integrated" in text_of(message)
    assert "Centre &lt;b&gt;on&lt;/b&gt; Integrated" in part_of(message, "html")


def test_an_address_beyond_ascii_gets_its_code(mailbox: Mailbox) -> None:
    postman = Postman(Smtp("127.0.0.1", mailbox.port), SENDER)

    postman.post(CodeLetter(to="josé@exämple.org", code="042917", minutes=15, institutions=()))
    postman.close()

    assert mailbox.code_for("josé@exämple.org") == "042917"


def test_a_dead_mail_server_neither_delays_nor_fails_the_request(
    embedded_registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    configure("registry", "json", "INFO")
    embedded_registry.mailbox.stop()

    registered = embedded_registry.register("ana@example.org")

    assert registered["institution"]["status"] == "unconfirmed"
    logged: list[str] = []

    def failures() -> list[dict[str, str]]:
        logged.extend(capfd.readouterr().err.splitlines())
        return [json.loads(line) for line in logged if "code_mail_failed" in line]

    assert wait_until(failures, "a failure was logged")[0]["error"] == "ConnectionRefusedError"
    assert "ana@example.org" not in "".join(logged)
    embedded_registry.mailbox.start()
    assert embedded_registry.sign_in("ana@example.org").id


@pytest.mark.parametrize("answer", ["550 <ana@example.org> is unknown", "451 Try later"])
def test_a_refusal_is_logged_without_the_address(
    mailbox: Mailbox, capfd: pytest.CaptureFixture[str], answer: str
) -> None:
    configure("registry", "json", "INFO")
    mailbox.answer = answer
    postman = Postman(Smtp("127.0.0.1", mailbox.port), SENDER)

    postman.post(LETTER)
    postman.close()

    logged = capfd.readouterr().err
    assert mailbox.attempts == 1
    assert "code_mail_failed" in logged
    assert f'"smtp_code": {answer[:3]}' in logged
    assert "ana@example.org" not in logged


def test_what_waits_is_sent_before_the_process_ends(mailbox: Mailbox) -> None:
    postman = Postman(Smtp("127.0.0.1", mailbox.port), SENDER)
    for _ in range(20):
        postman.post(LETTER)

    postman.close()

    assert len(mailbox.to("ana@example.org")) == 20


def test_more_than_can_wait_is_dropped_and_logged(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    configure("registry", "json", "INFO")
    monkeypatch.setattr(Postman, "WAITING", 0)
    postman = Postman(Smtp("127.0.0.1", free_port()), SENDER)

    postman.post(LETTER)
    postman.close()

    assert "code_mail_dropped" in capfd.readouterr().err
