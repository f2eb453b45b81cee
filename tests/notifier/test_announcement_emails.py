"""Announcements as they arrive: in the reader's language, with the headers of a list."""

import re
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.notifier.announcements.writing import TEXT_CHARACTERS
from services.notifier.languages import LANGUAGES
from services.notifier.links import Purpose
from services.notifier.mail.announcement_messages import LARGEST, is_too_long, subject_line
from services.notifier.mail.frames import frames
from services.notifier.mail.headers import SUBJECT_LENGTH
from services.notifier.mail.messages import html_line, line, link
from tests.notifier.announcing import ARABIC, ENGLISH, RICH, Desk
from tests.notifier.mailbox import html_of, text_of
from tests.notifier.test_size_of_emails import CLIPPED, WIDEST


def announced(desk: Desk, to: str, reads: str, **changes: Any) -> EmailMessage:
    """Announce something and return what comes to one reader."""
    lead = desk.lead()
    desk.follower(to, language=reads)
    desk.send(desk.submitted(lead, **changes)["id"])
    (message,) = desk.world.mailbox.to(to)
    return message


def test_a_reader_gets_the_text_in_their_language(desk: Desk) -> None:
    texts = {"en": ENGLISH, "ar": ARABIC}
    message = announced(desk, "ar@example.org", "ar", texts=texts, language="en")
    assert ARABIC["subject"] in message["Subject"]
    assert message["Content-Language"] == "ar"
    html = html_of(message)
    assert '<html lang="ar" dir="rtl">' in html
    assert '<div lang="ar" dir="rtl" style="text-align:right;' in html
    assert "<strong>بانكوك</strong>" in html


def test_a_reader_of_another_language_gets_the_default_marked_as_such(desk: Desk) -> None:
    message = announced(desk, "ar@example.org", "ar", texts={"fr": ENGLISH}, language="fr")
    assert message["Content-Language"] == "fr, ar"
    html = html_of(message)
    assert '<html lang="ar" dir="rtl">' in html
    assert '<div lang="fr" dir="ltr" style="text-align:left;' in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_frame_is_in_the_language_of_its_reader(desk: Desk, language: str) -> None:
    message = announced(desk, "reader@example.org", language)
    html = html_of(message)
    other = "en" if language != "en" else "fr"
    assert f'<html lang="{language}"' in html
    assert frames(language, "announcement") != frames(other, "announcement")
    assert ("Stop all e-mails" in html) == (language == "en")
    assert '<div lang="en" dir="ltr"' in html


def test_the_headers_are_those_of_a_list_and_of_a_person(desk: Desk) -> None:
    message = announced(desk, "ana@example.org", "en")
    assert message["Subject"] == f"[Digital transformation follow-up] {ENGLISH['subject']}"
    assert message["Auto-Submitted"] == "no"
    group = desk.world.group_id
    assert message["List-Id"].endswith(f"<{group}.announcements.south.example.org>")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Feedback-ID"].endswith(f":{group.hex}:announcement:southlink")
    assert message["In-Reply-To"] == message["References"]
    assert re.fullmatch(r"<[0-9a-f-]{36}@south\.example\.org>", message["Message-ID"])


def test_one_click_of_the_mail_program_stops_all_emails(desk: Desk) -> None:
    message = announced(desk, "ana@example.org", "en")
    link = message["List-Unsubscribe"].strip("<>").removeprefix(desk.world.public_url)
    assert link.startswith(f"/{Purpose.UNSUBSCRIBE}?")
    desk.client.post(link, data={"List-Unsubscribe": "One-Click"})
    lead = desk.lead("second@example.org")
    desk.send(desk.submitted(lead)["id"])
    assert len(desk.world.mailbox.to("ana@example.org")) == 1


def test_readers_of_one_announcement_get_it_in_one_thread(desk: Desk) -> None:
    lead = desk.lead()
    desk.followers(2)
    desk.send(desk.submitted(lead)["id"])
    desk.send(desk.submitted(lead)["id"])
    threads = [
        (message["X-Southlink-Announcement"], message["References"])
        for message in desk.world.mailbox.messages
    ]
    assert len(threads) == 6
    assert len(set(threads)) == 2


def test_markdown_is_shown_and_nothing_harmful_with_it(desk: Desk) -> None:
    texts = {"en": {"subject": "Agenda <b>", "text": RICH}}
    message = announced(desk, "ana@example.org", "en", texts=texts)
    html = html_of(message)
    assert "Agenda &lt;b&gt;" in html
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'href="https://south.example.org/a?b=1&amp;c=2"' in html
    text = text_of(message)
    for words in (
        "Come to *Bangkok*, _please_, not ~Geneva~. `Room 3`",
        "1. Opening",
        "   - Rice",
        "> As agreed in March.",
        "One | Rice",
        "    a line of code",
        "Yes <https://south.example.org/a?b=1&c=2>",
        "a@example.org",
    ):
        assert words in text


def test_a_preview_is_what_readers_of_that_language_get(desk: Desk) -> None:
    lead = desk.lead()
    desk.follower("ar@example.org", language="ar")
    draft = desk.draft(lead, texts={"en": ENGLISH, "ar": ARABIC}, language="en")
    previews = {each["language"]: each for each in draft["previews"]}
    assert previews.keys() == {"en", "ar"}
    desk.send(desk.act(lead, draft, "submission")["id"])
    for address, language in (("lead@example.org", "en"), ("ar@example.org", "ar")):
        (message,) = desk.world.mailbox.to(address)
        assert message["Subject"] == previews[language]["subject"]
        assert without_tokens(html_of(message)) == without_tokens(previews[language]["html"])
        assert without_tokens(text_of(message)) == without_tokens(previews[language]["text"])


def without_tokens(body: str) -> str:
    return re.sub(r"\?token=[\w.-]+", "", body).strip()


@settings(deadline=None)
@given(st.text(min_size=1, max_size=SUBJECT_LENGTH), st.none() | st.text(min_size=1, max_size=200))
def test_the_subject_is_never_cut_for_the_name_of_the_group(
    subject: str, group: str | None
) -> None:
    assert subject_line(group, subject).endswith(subject)
    assert len(subject_line(group, subject)) <= SUBJECT_LENGTH


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.sampled_from(["a ", "я", "会", WIDEST, "\n", "**b**", "- x\n", "| a |", "<", "&"])),
    st.integers(1, TEXT_CHARACTERS),
    st.sampled_from(LANGUAGES),
)
@example([WIDEST], TEXT_CHARACTERS, "zh")
@example(["> ", "- "], TEXT_CHARACTERS, "ar")
def test_what_is_not_too_long_is_never_clipped(
    pieces: list[str], length: int, language: str
) -> None:
    text = ("".join(pieces) * length)[:length] or "x"
    if is_too_long("Subject", text, language):
        return
    name = line(WIDEST * 200)
    filled = frames(language, "announcement").filled(
        {
            "preview": html_line(WIDEST * 150),
            "group": name,
            "words": line("x" * (LARGEST - 10)),
            "reason": name,
            "preferences": link("https://south.example.org/" + "x" * 300),
            "unsubscribe": link("https://south.example.org/" + "x" * 300),
        }
    )
    assert len(filled.html) < CLIPPED
