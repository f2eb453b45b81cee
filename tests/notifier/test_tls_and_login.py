"""TLS and accounts at the mail server: what can't be trusted gets no e-mail, which waits."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from services.notifier.vocabulary import DeliveryState
from shared.mail import Smtp
from shared.smtp_pool import close_connections
from tests.notifier.certificates import Authority
from tests.notifier.mailbox import Mailbox
from tests.notifier.test_mail_servers import ON_SQLITE, deliver, make_due, states, tell
from tests.notifier.world import World

pytestmark = ON_SQLITE

ANA, BO = "ana@example.org", "bo@example.org"
ACCOUNT = ("southlink", "a secret of the tests")

Ways = Callable[[ssl.SSLContext], dict[str, Any]]


def at_once(context: ssl.SSLContext) -> dict[str, Any]:
    """TLS from the first byte (RFC 8314); aiosmtpd takes only STARTTLS for TLS."""
    return {"ssl_context": context, "auth_require_tls": False}


def starttls(context: ssl.SSLContext) -> dict[str, Any]:
    """TLS after STARTTLS, and nothing before (RFC 3207)."""
    return {"tls_context": context, "require_starttls": True}


EITHER_WAY = pytest.mark.parametrize("way", [at_once, starttls])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The private authority of an installation."""
    return Authority(tmp_path)


@contextmanager
def mail_server(**options: Any) -> Iterator[Mailbox]:
    """Let there be a mail server, to which no connection is kept afterwards."""
    with Mailbox(**options) as mailbox:
        yield mailbox
        close_connections()


def smtp(mailbox: Mailbox, way: Ways, **more: Any) -> Smtp:
    """Return how the notifier speaks to the server."""
    return Smtp("127.0.0.1", mailbox.port, tls=way is at_once, starttls=way is starttls, **more)


def send(world: World, to: Smtp) -> None:
    deliver(world, replace(world.sender(), smtp=to))


@EITHER_WAY
def test_emails_reach_a_server_whose_certificate_a_private_authority_signed(
    world: World, authority: Authority, way: Ways
) -> None:
    tell(world, ANA, BO)
    with mail_server(**way(authority.issue("127.0.0.1").context)) as mailbox:
        send(world, smtp(mailbox, way, ca_file=authority.file))
        assert {message["To"] for message in mailbox.messages} == {ANA, BO}
    assert {state for state, _ in states(world.database).values()} == {DeliveryState.SENT}


@EITHER_WAY
@pytest.mark.parametrize(
    ("host", "ended", "trusted", "reason"),
    [
        ("127.0.0.1", timedelta(), False, "unable to get local issuer certificate"),
        ("mail.example.org", timedelta(), True, "not valid for '127.0.0.1'"),
        ("127.0.0.1", timedelta(days=30), True, "certificate has expired"),
    ],
    ids=["another-authority", "another-host", "expired"],
)
def test_a_certificate_that_cannot_be_trusted_gets_nothing_and_the_email_waits(
    *,
    world: World,
    authority: Authority,
    tmp_path: Path,
    way: Ways,
    host: str,
    ended: timedelta,
    trusted: bool,
    reason: str,
) -> None:
    tell(world, ANA, BO)
    known = authority if trusted else Authority(tmp_path, "another")
    with mail_server(**way(authority.issue(host, ended=ended).context)) as mailbox:
        send(world, smtp(mailbox, way, ca_file=known.file))
        assert mailbox.raw == []
        for state, answer in states(world.database).values():
            assert state is DeliveryState.DUE
            assert answer is not None
            assert answer.startswith("The mail server could not be reached: its certificate can't")
            assert reason in answer
    make_due(world.database)
    with mail_server(**way(authority.issue("127.0.0.1").context)) as mailbox:
        send(world, smtp(mailbox, way, ca_file=authority.file))
        assert {message["To"] for message in mailbox.messages} == {ANA, BO}


def test_a_file_of_authorities_that_is_missing_is_named_and_nothing_is_sent(
    world: World, authority: Authority, tmp_path: Path
) -> None:
    tell(world, ANA)
    with mail_server(**at_once(authority.issue("127.0.0.1").context)) as mailbox:
        send(world, smtp(mailbox, at_once, ca_file=tmp_path / "gone.pem"))
        assert mailbox.raw == []
    state, answer = states(world.database)[ANA]
    assert state is DeliveryState.DUE
    assert "gone.pem" in (answer or "")


def test_a_server_that_offers_no_starttls_is_told_nothing(world: World) -> None:
    tell(world, ANA)
    with mail_server() as mailbox:
        send(world, smtp(mailbox, starttls))
        assert mailbox.raw == []
    state, answer = states(world.database)[ANA]
    assert state is DeliveryState.DUE
    assert "STARTTLS" in (answer or "")


class Accounts:
    """Lets one account in; remembers who came."""

    def __init__(self) -> None:
        self.came: list[str] = []

    def __call__(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.came.append(given.login.decode())
        known = (given.login.decode(), given.password.decode()) == ACCOUNT
        return AuthResult(success=known, handled=False)


@EITHER_WAY
def test_emails_leave_after_a_login_over_tls(world: World, authority: Authority, way: Ways) -> None:
    tell(world, ANA)
    accounts = Accounts()
    with mail_server(
        **way(authority.issue("127.0.0.1").context), auth_required=True, authenticator=accounts
    ) as mailbox:
        user, password = ACCOUNT
        with_account = smtp(
            mailbox,
            way,
            ca_file=authority.file,
            username=user,
            password=SecretStr(password),
        )
        send(world, with_account)
        assert [message["To"] for message in mailbox.messages] == [ANA]
    assert accounts.came == [user]
    assert states(world.database)[ANA][0] is DeliveryState.SENT


def test_a_wrong_password_says_so_without_the_password_and_the_email_waits(
    world: World, authority: Authority
) -> None:
    tell(world, ANA)
    with mail_server(
        **at_once(authority.issue("127.0.0.1").context),
        auth_required=True,
        authenticator=Accounts(),
    ) as mailbox:
        wrong = smtp(
            mailbox,
            at_once,
            ca_file=authority.file,
            username=ACCOUNT[0],
            password=SecretStr("not it at all"),
        )
        send(world, wrong)
        assert mailbox.raw == []
    state, answer = states(world.database)[ANA]
    assert state is DeliveryState.DUE
    assert "535" in (answer or "")
    assert "not it at all" not in (answer or "")
