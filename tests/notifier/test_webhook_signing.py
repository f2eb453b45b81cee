"""Signatures as the Standard Webhooks specification has them, checked by others than the signer."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.notifier.webhooks import endpoints, signing
from shared.columns import utc_now
from shared.ids import new_id
from tests.notifier.receiver import Receiver
from tests.notifier.webhook_world import deliver, listens, now_of
from tests.notifier.world import World


def by_hand(secret: str, message_id: str, seconds: str, body: bytes) -> str:
    """Return the signature as the specification words it: HMAC-SHA256 of id, time and body."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def test_the_published_example_has_the_published_signature() -> None:
    headers = signing.headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        '{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(body=st.text(st.characters(exclude_categories=["Cs"])), seconds=st.integers(0, 2**32))
def test_any_body_at_any_time_is_signed_as_the_specification_words_it(
    body: str, seconds: int
) -> None:
    secret, message_id = signing.new_secret(), str(new_id())
    at = datetime.fromtimestamp(seconds, UTC)
    headers = signing.headers([secret], message_id, at, body)
    assert headers["webhook-timestamp"] == str(seconds)
    assert headers["webhook-signature"] == by_hand(
        secret, message_id, headers["webhook-timestamp"], body.encode()
    )


def test_a_secret_has_the_length_and_the_prefix_of_the_specification() -> None:
    secret = signing.new_secret()
    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"))) <= 64
    assert secret != signing.new_secret()


def test_a_receiver_verifies_with_the_library_and_by_hand(world: World) -> None:
    world.open_group()
    with Receiver() as receiver:
        endpoint = listens(world, receiver.url)
        world.tell(world.update("Über das Land — 南南合作"))
        deliver(world, endpoint)
    (received,) = receiver.requests
    assert received.verified(endpoint.secret)["type"] == "update.posted"
    headers = received.headers
    assert headers["content-type"] == "application/json"
    assert headers["webhook-signature"] == by_hand(
        endpoint.secret, headers["webhook-id"], headers["webhook-timestamp"], received.body
    )
    with pytest.raises(WebhookVerificationError):
        received.verified(signing.new_secret())


def test_a_changed_body_is_not_verified(world: World) -> None:
    world.open_group()
    with Receiver() as receiver:
        endpoint = listens(world, receiver.url)
        world.tell(world.update())
        deliver(world, endpoint)
    (received,) = receiver.requests
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(received.body + b" ", dict(received.headers))


def test_while_a_secret_takes_over_a_receiver_verifies_with_either_and_then_with_the_new_one(
    world: World,
) -> None:
    world.open_group()
    with Receiver() as receiver:
        old = listens(world, receiver.url)
        renew(world, old.id, timedelta(hours=24))
        new = now_of(world, old)
        world.tell(world.update("During"))
        deliver(world, old)
        during = receiver.requests[0]
        assert len(during.headers["webhook-signature"].split(" ")) == 2
        assert during.verified(old.secret) == during.verified(new.secret)
        renew(world, old.id, timedelta(0))
        newest = now_of(world, old)
        world.tell(world.update("After"))
        deliver(world, old)
    after = receiver.requests[1]
    assert after.verified(newest.secret)["data"]["title"] == "After"
    for former in (old, new):
        with pytest.raises(WebhookVerificationError):
            after.verified(former.secret)


def renew(world: World, endpoint_id: object, overlap: timedelta) -> None:
    with world.database.write() as session:
        endpoint = endpoints.locked(session, endpoint_id)  # type: ignore[arg-type]
        assert endpoint is not None
        endpoints.renew_secret(session, endpoint, utc_now(), overlap)
