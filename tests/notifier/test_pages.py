"""The pages: leaving and choosing, without scripts, safe against what people type."""

import re
import threading
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.smtp import Envelope
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from services.notifier import targets
from services.notifier.links import Links, Purpose
from services.notifier.subscribers import Hours
from services.notifier.tables import Digest, DigestWindow, Subscriber, Subscription
from services.notifier.vocabulary import Frequency
from shared.columns import utc_now
from shared.events.catalogue import PersonErased, ThemeCreated
from shared.ids import new_id
from shared.problems import Problem
from tests.notifier.mailbox import text_of
from tests.notifier.partners import coordinates, has_role, hide, person
from tests.notifier.world import PUBLIC_URL, THEME, World


def address(world: World, purpose: Purpose, reader: Subscription) -> str:
    return f"/{purpose}?token={world.links().token(purpose, reader.subscriber_id)}"


def digest_link(world: World) -> str:
    """Return where the e-mail about an update leads in the browser."""
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update())
    world.close_windows()
    with world.database.read() as session:
        digest = session.exec(select(Digest)).one()
    return f"/digest?token={world.links().token(Purpose.DIGEST, digest.id)}"


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


def test_a_digest_in_the_browser_is_for_no_search_engine_and_no_other_site(
    world: World, client: TestClient
) -> None:
    answer = client.get(digest_link(world))
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_a_link_opens_its_own_digest_and_nothing_else(world: World, client: TestClient) -> None:
    link = digest_link(world)
    token = link.partition("=")[2]
    for purpose in (Purpose.PREFERENCES, Purpose.UNSUBSCRIBE, Purpose.CONFIRM):
        assert client.get(f"/{purpose}?token={token}").status_code == 422
    with world.database.read() as session:
        digest = session.exec(select(Digest)).one()
    signed = world.links()
    of_its_reader = signed.token(Purpose.PREFERENCES, digest.id)
    assert client.get(f"/digest?token={of_its_reader}").status_code == 422
    unknown = signed.token(Purpose.DIGEST, new_id())
    assert client.get(f"/digest?token={unknown}").status_code == 404


def test_a_digest_in_the_browser_leaves_out_what_its_reader_may_not_see_any_more(
    world: World, client: TestClient
) -> None:
    link = digest_link(world)
    assert "Online volunteers" in client.get(link).text
    hide(world, "members")
    assert client.get(link).status_code == 404
    person_id = person(world, "ana@example.org")
    has_role(world, person_id)
    assert "Online volunteers" in client.get(link).text


def test_a_digest_in_the_browser_hides_what_its_reader_saw_by_who_they_were_once_erased(
    world: World, client: TestClient
) -> None:
    person_id = person(world, "ana@example.org")
    coordinates(world, person_id)
    link = digest_link(world)
    hide(world, "members")
    assert client.get(link).status_code == 200
    world.tell(PersonErased(person_id=person_id))
    assert client.get(link).status_code == 404


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


def test_the_preferences_page_pauses_and_goes_on(world: World, client: TestClient) -> None:
    reader = world.subscribe("ana@example.org", hours=Hours("en", "Asia/Bangkok", 7, 1))
    link = address(world, Purpose.PREFERENCES, reader)
    today = utc_now().astimezone(ZoneInfo("Asia/Bangkok")).date()
    day = (today + timedelta(days=20)).isoformat()
    form = {f"frequency-{reader.id}": "daily", "hour": "7", "weekday": "1"}
    form |= {"time_zone": "Asia/Bangkok", "language": "en"}
    saved = client.post(link, data={**form, f"pause-{reader.id}": day})
    assert saved.status_code == 200
    assert f'value="{day}"' in saved.text
    again = client.post(link, data={**form, f"pause-{reader.id}": day})
    assert f'value="{day}"' in again.text
    for bad in (today.isoformat(), "2099-01-01", "soon"):
        assert client.post(link, data={**form, f"pause-{reader.id}": bad}).status_code == 422
    ended = client.post(link, data={**form, f"pause-{reader.id}": ""})
    assert f'value="{day}"' not in ended.text
    with world.database.read() as session:
        assert session.get_one(Subscription, reader.id).paused_until is None


def test_saving_the_page_as_it_was_chooses_no_language_and_zone(
    world: World, client: TestClient
) -> None:
    reader = world.subscribe("ana@example.org")
    form = {f"frequency-{reader.id}": "daily", "hour": "8", "weekday": "1"}
    link = address(world, Purpose.PREFERENCES, reader)
    client.post(link, data={**form, "time_zone": "UTC", "language": "en"})
    with world.database.read() as session:
        kept = session.exec(select(Subscriber)).one()
        assert (kept.own_language, kept.own_time_zone) == (False, False)


def test_a_reader_erases_everything_with_a_button(world: World, client: TestClient) -> None:
    world.open_group()
    reader = world.subscribe("ana@example.org")
    world.subscribe("bo@example.org")
    world.tell(world.update())
    world.close_windows()
    page = client.get(address(world, Purpose.PREFERENCES, reader)).text
    (link,) = re.findall(r'href="(erase\?[^"]+)"', page)
    unsubscribe = address(world, Purpose.UNSUBSCRIBE, reader)
    assert '<form method="post">' in client.get(f"/{link}").text
    assert client.post(f"/{link}").status_code == 200
    world.deliver_all()
    assert [each["To"] for each in world.mailbox.messages] == ["bo@example.org"]
    with world.database.read() as session:
        assert [each.email for each in session.exec(select(Subscriber))] == ["bo@example.org"]
        assert len(session.exec(select(Subscription)).all()) == 1
    assert client.post(f"/{link}").status_code == 404
    for answer in (client.get(unsubscribe), client.post(unsubscribe)):
        assert answer.status_code == 200, "an old e-mail still says that none comes"


def test_leaving_waits_for_an_email_that_is_on_the_wire(world: World, client: TestClient) -> None:
    world.open_group()
    reader = world.subscribe("ana@example.org", Frequency.IMMEDIATE)
    world.tell(world.update())
    taken, answered = threading.Event(), threading.Event()

    def slow(_envelope: Envelope) -> str:
        taken.set()
        # It would go on for as long as the answer to who leaves may take.
        answered.wait(1)
        return "250 OK"

    world.mailbox.on_message = slow
    sending = threading.Thread(target=world.deliver_all)
    sending.start()
    assert taken.wait(10)
    answer = client.post(address(world, Purpose.UNSUBSCRIBE, reader))
    came_before = len(world.mailbox.messages)
    answered.set()
    sending.join()
    assert "nothing comes any more" in answer.text
    assert (came_before, len(world.mailbox.messages)) == (1, 1)


@settings(deadline=None)
@given(
    made=st.sampled_from(Purpose),
    used=st.sampled_from(Purpose),
    owner=st.uuids(),
    cut=st.integers(1, 40),
    letter=st.sampled_from("AZaz09-_."),
)
def test_a_token_does_one_thing_for_one_reader_and_cannot_be_changed(
    *, made: Purpose, used: Purpose, owner: UUID, cut: int, letter: str
) -> None:
    ours, theirs = Links(b"a" * 32, PUBLIC_URL), Links(b"b" * 32, PUBLIC_URL)
    token = ours.token(made, owner)
    if made is used:
        assert ours.owner(used, token) == owner
    else:
        with pytest.raises(Problem):
            ours.owner(used, token)
    changed = token[: -cut - 1] + letter + token[len(token) - cut :]
    for forged in (changed, token[:-cut], token + letter, theirs.token(made, owner), ""):
        if forged != token:
            with pytest.raises(Problem):
                ours.owner(made, forged)
