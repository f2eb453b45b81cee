"""The e-mails: readable by people, safe, and with the headers that mail programs act on."""

from datetime import date, timedelta
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest
from sqlmodel import select

from services.notifier import subscriptions, targets
from services.notifier.subscribers import Hours
from services.notifier.subscriptions import Wish
from services.notifier.tables import Delivery, Digest
from services.notifier.targets import EVERYTHING
from services.notifier.vocabulary import Frequency
from shared.columns import utc_now
from shared.events.catalogue import (
    ActionItemAssigned,
    ActionItemChanged,
    InstitutionVerified,
    MeetingRecorded,
)
from shared.ids import new_id
from tests.notifier.mailbox import html_of, text_of
from tests.notifier.world import GROUP_TITLE, THEME, World

BANGKOK = Hours("en", "Asia/Bangkok", 8, 1)


def digest(world: World, frequency: Frequency = Frequency.DAILY) -> EmailMessage:
    """Close the windows and return the one e-mail that came."""
    world.close_windows(frequency)
    world.deliver_all()
    (message,) = world.mailbox.messages
    return message


def test_a_digest_tells_names_and_dates_under_theme_and_group(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org", hours=BANGKOK)
    posted = utc_now() - timedelta(days=2)
    world.tell(world.update(), time=posted)
    text = text_of(digest(world))
    lines = text.splitlines()
    assert lines.index("DIGITAL TRANSFORMATION") < lines.index(GROUP_TITLE)
    assert "* Opportunity: Online volunteers for e-learning" in lines
    assert f"  United Nations Volunteers, {posted:%-d %B %Y}" in lines
    assert "Bangkok time" in text
    assert str(world.group_id) not in text
    assert str(world.institution_id) not in text


def test_both_bodies_tell_the_same(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update())
    message = digest(world)
    for words in ("Online volunteers for e-learning", "Three hundred volunteers", GROUP_TITLE):
        assert words in text_of(message)
        assert words in html_of(message)


def test_the_subject_says_the_most_important_thing(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.joined("FAO"))
    world.tell(world.update("A challenge for later", "news"))
    world.tell(world.update("Funds for e-learning", "opportunity"))
    subject = digest(world)["Subject"]
    assert subject == "Southlink today: UNV: Funds for e-learning and 2 more"


def test_headers_let_mail_programs_unsubscribe_and_recognise(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update())
    message = digest(world)
    with world.database.read() as session:
        delivery = session.exec(select(Delivery)).one()
        made = session.exec(select(Digest)).one()
    assert message["Message-ID"] == f"<{delivery.id}@south.example.org>"
    assert message["X-Southlink-Kind"] == "digest"
    assert message["X-Southlink-Digest"] == str(made.id)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"
    assert message["List-Id"] == "Southlink daily e-mails <daily.south.example.org>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Unsubscribe"].startswith(f"<{world.public_url}/unsubscribe?token=")
    # Mail programs read this one only when it is written plainly.
    assert (
        f"\r\nList-Unsubscribe: {message['List-Unsubscribe']}\r\n".encode() in world.mailbox.raw[0]
    )
    assert message.get_content_type() == "multipart/alternative"


def test_the_date_is_in_the_readers_time_zone(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org", hours=BANGKOK)
    world.tell(world.update())
    offset = parsedate_to_datetime(digest(world)["Date"]).utcoffset()
    assert offset is not None
    assert offset.total_seconds() == 7 * 3600


def test_five_changes_of_one_action_item_are_one_item_with_its_latest_state(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    action = world.action()
    subject = f"action-items/{action.action_item_id}"
    world.tell(ActionItemAssigned(action=action), subject)
    for state in ("in_progress", "blocked", "in_progress", "done"):
        changed = ActionItemChanged(action=world.action(state=state))
        world.tell(changed, subject)
    text = text_of(digest(world))
    assert text.count("List the training offers") == 1
    assert "Action item 3, done: List the training offers" in text
    assert "1 thing is new" in text


def test_an_overdue_action_item_is_called_so(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(ActionItemAssigned(action=world.action(due_date="2020-12-31")))
    assert "overdue since 31 December 2020" in unwrapped(digest(world))


def test_institutions_that_joined_one_group_are_told_in_one_sentence(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org", target=targets.group(world.group_id))
    for acronym in ("FAO", "ILO", "WFP"):
        world.tell(world.joined(acronym))
    text = text_of(digest(world))
    assert "* New members: FAO, ILO and WFP joined the group" in text


def test_a_meeting_lists_what_was_agreed(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(retreat(world))
    text = unwrapped(digest(world))
    assert "participants: 19 in person and 16 online" in text
    assert "15 December 2020 · Bangkok, Thailand" in text
    assert "2. Listen closely to the demands of recipient countries." in text


def test_new_partners_come_last(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(InstitutionVerified(institution=world.institution()))
    world.tell(world.update())
    text = text_of(digest(world))
    assert text.index("DIGITAL TRANSFORMATION") < text.index("NEW PARTNERS")
    assert "- United Nations Volunteers (UNV)" in text


def test_an_immediate_email_is_about_its_one_thing(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org", Frequency.IMMEDIATE, targets.theme(THEME))
    world.tell(world.update())
    world.deliver_all()
    (message,) = world.mailbox.messages
    assert message["X-Southlink-Kind"] == "immediate"
    assert message["Subject"] == f"[{GROUP_TITLE}] UNV: Online volunteers for e-learning"
    assert "because you follow the theme Digital transformation." in unwrapped(message)


def test_text_that_looks_like_html_stays_text(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update('<script>alert("x")</script> & <b>more</b>'))
    html = html_of(digest(world))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "title",
    ["Süd-Süd für alle " * 10, "南南合作", "التعاون بين بلدان الجنوب", "x" * 200],
)
def test_any_title_survives_the_way_and_keeps_the_subject_short(world: World, title: str) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update(title))
    message = digest(world)
    assert len(message["Subject"]) <= 120
    assert title.split(maxsplit=1)[0] in text_of(message)
    assert message["Subject"].startswith(f"Southlink today: UNV: {title[:90]}"[:100].rstrip())


def test_a_line_break_in_a_fact_never_becomes_a_header(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update("Title\r\nBcc: everybody@example.org"))
    message = digest(world)
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]


def test_the_confirmation_has_its_link_on_a_line_of_its_own(world: World) -> None:
    world.open_group()
    wish = Wish("ana@example.org", EVERYTHING, Frequency.WEEKLY, BANGKOK)
    with world.database.write() as session:
        asked = subscriptions.ask(session, wish, utc_now(), per_minute=10)
    world.deliver(asked.delivery_id)
    (message,) = world.mailbox.messages
    link = next(
        line
        for line in text_of(message).splitlines()
        if line.startswith(f"{world.public_url}/confirm?token=")
    )
    assert link in html_of(message)
    assert message["X-Southlink-Kind"] == "confirmation"
    assert message["Subject"] == "Please confirm: weekly e-mails on everything on Southlink"
    assert message["List-Unsubscribe"] is None


def test_a_long_digest_stays_below_what_mail_programs_clip(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    for number in range(60):
        world.tell(world.update(f"Update number {number}"))
    assert len(html_of(digest(world)).encode()) < 102_000


def unwrapped(message: EmailMessage) -> str:
    """Return the plain-text body as one line."""
    return " ".join(text_of(message).split())


def retreat(world: World) -> MeetingRecorded:
    return MeetingRecorded.model_validate(
        {
            "meeting_id": new_id(),
            "title": "South-South focal points retreat",
            "date": date(2020, 12, 15),
            "place": "Bangkok, Thailand",
            "time_zone": "Asia/Bangkok",
            "mode": "hybrid",
            "participants_in_person": 19,
            "participants_online": 16,
            "groups": [{"group_id": world.group_id, "title": GROUP_TITLE, "theme_slug": THEME}],
            "agreed_points": [
                {"agreed_point_id": new_id(), "number": 1, "text": "It has its own features."},
                {
                    "agreed_point_id": new_id(),
                    "number": 2,
                    "text": "Listen closely to the demands of recipient countries.",
                },
            ],
        }
    )
