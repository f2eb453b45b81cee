"""The pages: leaving and choosing, without scripts, safe against what people type."""

import re

from fastapi.testclient import TestClient
from sqlmodel import select

from services.notifier import targets
from services.notifier.links import Purpose
from services.notifier.subscribers import Hours
from services.notifier.tables import DigestWindow, Subscriber, Subscription
from services.notifier.vocabulary import Frequency
from shared.events.catalogue import ThemeCreated
from shared.ids import new_id
from tests.notifier.mailbox import text_of
from tests.notifier.world import THEME, World


def address(world: World, purpose: Purpose, reader: Subscription) -> str:
    return f"/{purpose}?token={world.links().token(purpose, reader.subscriber_id)}"


def test_one_click_of_the_mail_program_ends_every_subscription(
    world: World, client: TestClient
) -> None:
    world.open_group()
    world.subscribe("ana@example.org", Frequency.DAILY)
    world.subscribe("ana@example.org", Frequency.IMMEDIATE, targets.theme(THEME))
    world.tell(world.update())
    world.deliver_all()
    (message,) = world.mailbox.messages
    link = message["List-Unsubscribe"].strip("<>").removeprefix(world.public_url)
    answer = client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    world.tell(world.update("Another"))
    world.close_windows()
    world.deliver_all()
    assert len(world.mailbox.messages) == 1


def test_a_scanner_that_opens_the_link_unsubscribes_nobody(
    world: World, client: TestClient
) -> None:
    reader = world.subscribe("ana@example.org")
    page = client.get(address(world, Purpose.UNSUBSCRIBE, reader))
    assert page.status_code == 200
    assert '<form method="post">' in page.text
    with world.database.read() as session:
        assert session.get_one(Subscription, reader.id).ended_at is None


def test_the_preferences_page_shows_and_saves_what_was_chosen(
    world: World, client: TestClient
) -> None:
    world.open_group()
    everything = world.subscribe("ana@example.org", Frequency.DAILY)
    theme = world.subscribe("ana@example.org", Frequency.IMMEDIATE, targets.theme(THEME))
    link = address(world, Purpose.PREFERENCES, everything)
    assert "the theme Digital transformation" in client.get(link).text
    saved = client.post(
        link,
        data={
            f"frequency-{everything.id}": "weekly",
            f"frequency-{theme.id}": "never",
            "time_zone": "Asia/Bangkok",
            "hour": "6",
            "weekday": "3",
        },
    )
    assert saved.status_code == 200
    assert "Saved." in saved.text
    with world.database.read() as session:
        reader = session.exec(select(Subscriber)).one()
        assert (reader.time_zone, reader.hour, reader.weekday) == ("Asia/Bangkok", 6, 3)
        assert session.get_one(Subscription, everything.id).frequency is Frequency.WEEKLY
        assert session.get_one(Subscription, theme.id).ended_at is not None
        (window,) = session.exec(select(DigestWindow)).all()
        assert window.frequency is Frequency.WEEKLY


def test_what_was_ended_can_be_chosen_again(world: World, client: TestClient) -> None:
    reader = world.subscribe("ana@example.org")
    client.post(address(world, Purpose.UNSUBSCRIBE, reader))
    link = address(world, Purpose.PREFERENCES, reader)
    assert re.search(r'value="never" checked', client.get(link).text)
    form = {f"frequency-{reader.id}": "daily", "time_zone": "UTC", "hour": "8", "weekday": "1"}
    client.post(link, data=form)
    with world.database.read() as session:
        assert session.get_one(Subscription, reader.id).ended_at is None


def test_nobody_can_choose_for_somebody_else(world: World, client: TestClient) -> None:
    ana = world.subscribe("ana@example.org")
    bo = world.subscribe("bo@example.org")
    form = {f"frequency-{bo.id}": "never", "time_zone": "UTC", "hour": "8", "weekday": "1"}
    client.post(address(world, Purpose.PREFERENCES, ana), data=form)
    with world.database.read() as session:
        assert session.get_one(Subscription, bo.id).ended_at is None


def test_a_choice_that_is_not_on_offer_changes_nothing(world: World, client: TestClient) -> None:
    reader = world.subscribe("ana@example.org", hours=Hours("en", "Asia/Bangkok", 7, 1))
    link = address(world, Purpose.PREFERENCES, reader)
    good = {f"frequency-{reader.id}": "never", "time_zone": "UTC", "hour": "8", "weekday": "1"}
    for bad in (
        {"hour": "24"},
        {"hour": "x"},
        {"weekday": "0"},
        {"time_zone": "Mars/Olympus"},
        {f"frequency-{reader.id}": "hourly"},
        {"frequency-not-an-id": "daily"},
    ):
        answer = client.post(link, data={**good, **bad})
        assert answer.status_code == 422
        assert "choose again" in answer.text
    assert client.post(link, data={"hour": "8"}).status_code == 422
    with world.database.read() as session:
        assert session.get_one(Subscription, reader.id).ended_at is None
        assert session.exec(select(Subscriber)).one().time_zone == "Asia/Bangkok"


def test_pages_speak_the_readers_language(world: World, client: TestClient) -> None:
    reader = world.subscribe("ana@example.org", hours=Hours("ar"))
    for purpose, words in (
        (Purpose.PREFERENCES, "مواعيد وصول الموجزات"),
        (Purpose.UNSUBSCRIBE, "هل تريدون إيقاف جميع الرسائل؟"),
    ):
        page = client.get(address(world, purpose, reader)).text
        assert '<html lang="ar" dir="rtl">' in page
        assert words in page
        assert "South-South" not in page


def test_what_is_wrong_is_said_in_the_language_of_the_browser(client: TestClient) -> None:
    answer = client.get("/unsubscribe?token=x", headers={"Accept-Language": "fr-FR, en;q=0.5"})
    assert answer.status_code == 422
    assert '<html lang="fr" dir="ltr">' in answer.text
    assert "Ce lien est incomplet" in answer.text


def test_a_reader_chooses_the_language(world: World, client: TestClient) -> None:
    world.open_group()
    reader = world.subscribe("ana@example.org")
    link = address(world, Purpose.PREFERENCES, reader)
    form = {f"frequency-{reader.id}": "daily", "time_zone": "UTC", "hour": "8", "weekday": "1"}
    saved = client.post(link, data={**form, "language": "ru"})
    assert "Сохранено." in saved.text
    assert client.post(link, data={**form, "language": "tlh"}).status_code == 422
    world.tell(world.update())
    world.close_windows()
    world.deliver_all()
    (message,) = world.mailbox.messages
    assert message["Content-Language"] == "ru"


def test_the_link_of_a_digest_shows_all_of_it_in_the_browser(
    world: World, client: TestClient
) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    for number in range(30):
        world.tell(world.update(f"Update number {number}"))
    world.close_windows()
    world.deliver_all()
    (message,) = world.mailbox.messages
    assert "Update number 29" not in text_of(message)
    link = re.search(r"/digest\?token=\S+", text_of(message))
    assert link is not None
    answer = client.get(link[0])
    assert answer.text.count(">Update number") == 30
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert client.get(link[0] + "x").status_code == 422


def test_pages_forbid_everything_but_their_own_style(world: World, client: TestClient) -> None:
    reader = world.subscribe("ana@example.org")
    for purpose in (Purpose.PREFERENCES, Purpose.UNSUBSCRIBE):
        answer = client.get(address(world, purpose, reader))
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "'unsafe-inline'" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "<script" not in answer.text


def test_a_title_that_looks_like_html_is_shown_as_text(world: World, client: TestClient) -> None:
    title = "<img src=x onerror=alert(1)>"
    world.tell(ThemeCreated(theme_id=new_id(), slug="bad", title=title))
    reader = world.subscribe("ana@example.org", target=targets.theme("bad"))
    page = client.get(address(world, Purpose.PREFERENCES, reader)).text
    assert "<img" not in page
    assert "&lt;img src=x" in page
