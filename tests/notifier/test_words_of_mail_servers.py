"""What a mail server says of an e-mail is kept with it, without what harms."""

import pytest

from services.notifier.vocabulary import DeliveryState
from tests.notifier.smtp_servers import Talk
from tests.notifier.test_mail_servers import server, states, tell
from tests.notifier.world import World


def test_the_words_with_which_the_server_took_each_email_are_kept(world: World) -> None:
    def queued(line: bytes, talk: Talk) -> bytes | None:
        number = len(talk.contents)
        return b"250 2.0.0 Ok: queued as 4Qb%d\r\n" % number if line == b"." else None

    tell(world, "ana@example.org", "bo@example.org", "cy@example.org")
    with server(world, queued):
        world.deliver_all()
    assert states(world.database) == {
        f"{name}@example.org": (DeliveryState.SENT, f"2.0.0 Ok: queued as 4Qb{number}")
        for number, name in enumerate(["ana", "bo", "cy"], start=1)
    }


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (b"250 \x1b[31mOk\x00 <ana@example.org>\x07\r\n", "[31mOk <<address>>"),
        (b"250 " + b"q" * 2_000 + b"\r\n", "q" * 300),
        (b"250-2.0.0 Ok\r\n250 2.0.0 queued as 1\r\n", "2.0.0 Ok 2.0.0 queued as 1"),
        (b"250 \xff\xfe\r\n", "\ufffd\ufffd"),
        (b"250\r\n", None),
    ],
    ids=["control characters and an address", "long", "two lines", "no text", "none"],
)
def test_of_the_words_of_the_server_what_harms_is_not_kept(
    world: World, said: bytes, kept: str | None
) -> None:
    tell(world, "ana@example.org")
    with server(world, lambda line, _talk: said if line == b"." else None):
        world.deliver_all()
    assert states(world.database) == {"ana@example.org": (DeliveryState.SENT, kept)}


def test_a_refusal_with_control_characters_is_recorded_without_them(world: World) -> None:
    tell(world, "ana@example.org")
    with server(world, lambda line, _: b"554 No\x00 \x1b[2J\r\n" if line == b"." else None):
        world.deliver_all()
    said = "The mail server answered 554: No [2J"
    assert states(world.database) == {"ana@example.org": (DeliveryState.FAILED, said)}
