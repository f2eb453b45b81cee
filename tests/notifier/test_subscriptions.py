"""Subscribing: asked for by anybody, started only by who reads the address."""

import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import func, select

from services.notifier import subscriptions
from services.notifier.links import Purpose
from services.notifier.tables import (
    Delivery,
    Subscriber,
    Subscription,
    SubscriptionRequest,
)
from shared.columns import utc_now
from shared.database import Database
from shared.events.catalogue import GroupUpdated
from tests.notifier.mailbox import text_of
from tests.notifier.world import PUBLIC_URL, THEME, World


def ask(client: TestClient, email: str = "ana@example.org", **changes: Any) -> Any:
    body = {"email": email, "frequency": "daily", "target": {"kind": "everything"}, **changes}
    answer = client.post("/subscriptions", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()


def link_in_mail(world: World) -> str:
    """Send what is due and return the newest confirmation link."""
    world.deliver_all()
    lines = text_of(world.mailbox.messages[-1]).splitlines()
    return next(line for line in lines if line.startswith(PUBLIC_URL)).removeprefix(PUBLIC_URL)


def token_in(link: str) -> str:
    return link.partition("token=")[2]


def count(database: Database, table: Any) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def test_asking_subscribes_nobody_and_sends_one_email(world: World, client: TestClient) -> None:
    ask(client)
    world.deliver_all()
    assert [message["X-Southlink-Kind"] for message in world.mailbox.messages] == ["confirmation"]
    assert count(world.database, Subscriber) == 0


def test_opening_the_link_changes_nothing_and_the_button_subscribes(
    world: World, client: TestClient
) -> None:
    world.open_group()
    ask(
        client,
        target={"kind": "theme", "id": THEME},
        time_zone="Asia/Bangkok",
        hour=7,
        frequency="weekly",
        weekday=5,
    )
    link = link_in_mail(world)
    page = client.get(link)
    assert page.status_code == 200
    assert "weekly e-mails" in page.text
    assert "the theme Digital transformation" in page.text
    assert '<form method="post">' in page.text
    assert count(world.database, Subscription) == 0
    done = client.post(link)
    assert done.status_code == 200
    assert "every Friday at 07:00 Bangkok time" in done.text
    assert count(world.database, Subscription) == 1


def test_the_token_from_the_email_subscribes_through_the_api(
    world: World, client: TestClient
) -> None:
    asked = ask(client)
    token = token_in(link_in_mail(world))
    address = f"/subscriptions/{asked['subscription_id']}/confirm"
    first = client.post(address, json={"token": token})
    again = client.post(address, json={"token": token})
    assert first.status_code == 200
    assert first.json() == again.json()
    assert first.json()["frequency"] == "daily"
    assert count(world.database, Subscription) == 1


def test_a_token_of_another_request_is_refused(world: World, client: TestClient) -> None:
    ask(client, "bo@example.org")
    token = token_in(link_in_mail(world))
    other = ask(client, "ana@example.org")
    answer = client.post(
        f"/subscriptions/{other['subscription_id']}/confirm", json={"token": token}
    )
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/bad-link"
    assert count(world.database, Subscription) == 0


@pytest.mark.parametrize("purpose", [Purpose.PREFERENCES, Purpose.UNSUBSCRIBE])
def test_a_token_of_another_purpose_is_refused(
    world: World, client: TestClient, purpose: Purpose
) -> None:
    reader = world.subscribe("ana@example.org")
    token = world.links().token(purpose, reader.subscriber_id)
    for other in {"confirm", "preferences", "unsubscribe"} - {str(purpose)}:
        assert client.get(f"/{other}", params={"token": token}).status_code == 422
        assert client.post(f"/{other}", params={"token": token}).status_code == 422
    with world.database.read() as session:
        assert session.get_one(Subscription, reader.id).ended_at is None


def test_a_forged_token_gets_a_page_that_says_what_to_do(client: TestClient) -> None:
    answer = client.post("/confirm", params={"token": "IjAxOTAi.forged"})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert "open it again from the e-mail" in answer.text


def test_asking_again_answers_the_same_whether_subscribed_or_not(
    world: World, client: TestClient
) -> None:
    ask(client)
    client.post(link_in_mail(world))
    known = client.post(
        "/subscriptions",
        json={
            "email": "ana@example.org",
            "frequency": "daily",
            "target": {"kind": "everything"},
        },
    )
    unknown = client.post(
        "/subscriptions",
        json={"email": "bo@example.org", "frequency": "daily", "target": {"kind": "everything"}},
    )
    assert known.status_code == unknown.status_code == 202
    assert known.json().keys() == unknown.json().keys()
    world.deliver_all()
    texts = [re.sub(r"token=\S+", "token", text_of(each)) for each in world.mailbox.messages[-2:]]
    assert texts[0] == texts[1]


def test_confirming_a_second_frequency_changes_the_subscription(
    world: World, client: TestClient
) -> None:
    ask(client, frequency="daily")
    client.post(link_in_mail(world))
    ask(client, frequency="immediate")
    client.post(link_in_mail(world))
    with world.database.read() as session:
        (subscription,) = session.exec(select(Subscription)).all()
        assert subscription.frequency == "immediate"


def test_somebody_elses_request_changes_nothing_for_the_reader(
    world: World, client: TestClient
) -> None:
    ask(client, time_zone="Asia/Bangkok", hour=7)
    client.post(link_in_mail(world))
    ask(client, time_zone="America/Lima", hour=3, frequency="immediate")
    with world.database.read() as session:
        reader = session.exec(select(Subscriber)).one()
        assert (reader.time_zone, reader.hour) == ("Asia/Bangkok", 7)
        assert session.exec(select(Subscription)).one().frequency == "daily"


def test_hours_that_a_request_leaves_out_stay_as_chosen(world: World, client: TestClient) -> None:
    world.open_group()
    ask(client, time_zone="Asia/Bangkok", hour=7)
    client.post(link_in_mail(world))
    ask(client, target={"kind": "theme", "id": THEME})
    client.post(link_in_mail(world))
    with world.database.read() as session:
        reader = session.exec(select(Subscriber)).one()
        assert (reader.time_zone, reader.hour) == ("Asia/Bangkok", 7)


def test_an_expired_link_says_to_ask_again(world: World, client: TestClient) -> None:
    ask(client)
    link = link_in_mail(world)
    with world.database.write() as session:
        request = session.exec(select(SubscriptionRequest)).one()
        request.expires_at = utc_now() - timedelta(seconds=1)
        session.add(request)
    for answer in (client.get(link), client.post(link)):
        assert answer.status_code == 409
        assert "ask for the subscription again" in answer.text
    assert count(world.database, Subscription) == 0


def test_an_old_link_doesnt_bring_back_who_left(world: World, client: TestClient) -> None:
    ask(client)
    link = link_in_mail(world)
    client.post(link)
    with world.database.read() as session:
        reader = session.exec(select(Subscriber)).one()
    leave = world.links().token(Purpose.UNSUBSCRIBE, reader.id)
    client.post("/unsubscribe", params={"token": leave})
    assert client.post(link).status_code == 409
    with world.database.read() as session:
        assert session.exec(select(Subscription)).one().ended_at is not None


def test_one_address_gets_no_flood_of_confirmation_emails(world: World, client: TestClient) -> None:
    for _ in range(subscriptions.REQUESTS_PER_ADDRESS):
        ask(client)
    body = {"email": "ana@example.org", "frequency": "daily", "target": {"kind": "everything"}}
    refused = client.post("/subscriptions", json=body)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "3600"
    assert count(world.database, Delivery) == subscriptions.REQUESTS_PER_ADDRESS
    ask(client, "bo@example.org")


def test_the_same_idempotency_key_asks_once(world: World, client: TestClient) -> None:
    body = {"email": "ana@example.org", "frequency": "daily", "target": {"kind": "everything"}}
    headers = {"Idempotency-Key": "one"}
    first = client.post("/subscriptions", json=body, headers=headers)
    again = client.post("/subscriptions", json=body, headers=headers)
    assert first.json() == again.json()
    assert count(world.database, Delivery) == 1


def test_a_hidden_group_is_not_named_to_whoever_knows_its_id(
    world: World, client: TestClient
) -> None:
    world.open_group()
    hidden = world.group().model_copy(update={"visibility": "members", "version": 2})
    world.tell(GroupUpdated(group=hidden))
    refused = client.post(
        "/subscriptions",
        json={
            "email": "ana@example.org",
            "frequency": "daily",
            "target": {"kind": "group", "id": str(world.group_id)},
        },
    )
    assert refused.status_code == 422
    assert hidden.title not in refused.text
    world.deliver_all()
    assert world.mailbox.messages == []
