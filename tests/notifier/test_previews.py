"""A preview is what would be sent, in each language, and changes nothing."""

import re
from email import message_from_bytes
from email.policy import default
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import OKPKey
from sqlmodel import col, select
from typer.testing import CliRunner

from services.notifier import notices
from services.notifier.__main__ import app as commands
from services.notifier.announcements import writing
from services.notifier.announcements.writing import Content, Text
from services.notifier.languages import LANGUAGES, direction, translations
from services.notifier.previews.templates import TEMPLATES
from services.notifier.settings import settings
from services.notifier.tables import Delivery, Notice, Subscriber, Table
from services.notifier.vocabulary import DeliveryKind, NoticeKind
from shared.columns import utc_now
from shared.events.catalogue import PersonReachable
from shared.ids import new_id
from tests.notifier.callers import bearer, coordinator
from tests.notifier.history import OWED, happen
from tests.notifier.mailbox import html_of, text_of
from tests.notifier.partners import coordinates, hide
from tests.notifier.world import World

ON_SQLITE = pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)
TOKEN = re.compile(r"token=([^\"'&\s<>]*)")
INERT = "preview"

SAYS = {
    DeliveryKind.CONFIRMATION: "To receive them, open this page and press the button there:",
    DeliveryKind.WELCOME: "Stop all e-mails:",
    DeliveryKind.DIGEST: "Stop all e-mails:",
    DeliveryKind.IMMEDIATE: "Stop all e-mails:",
    DeliveryKind.ANNOUNCEMENT: "Stop all e-mails:",
}


@pytest.fixture
def caller(world: World, signing_key: OKPKey) -> dict[str, str]:
    return coordinator(world, signing_key)


def seen(client: TestClient, caller: dict[str, str], template: str, **asked: Any) -> Any:
    answer = client.get(f"/previews/{template}", params=asked, headers=caller)
    assert answer.status_code == 200, (template, answer.text)
    return answer.json() if asked.get("format", "json") == "json" else answer


def refused(client: TestClient, caller: dict[str, str], path: str, status: int) -> str:
    answer = client.get(path, headers=caller)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["detail"])


def everything(world: World) -> dict[str, list[Any]]:
    """Return every row of every table."""
    with world.database.read() as session:
        return {
            table.name: sorted(map(repr, session.execute(table.select()).all()))
            for table in Table.metadata.sorted_tables
        }


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def newest(world: World, kind: NoticeKind) -> Notice:
    with world.database.read() as session:
        return session.exec(
            select(Notice).where(Notice.kind == kind).order_by(col(Notice.recorded_at).desc())
        ).first() or pytest.fail(f"No {kind} happened.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_template_is_shown_in_its_language(
    world: World, client: TestClient, caller: dict[str, str], language: str
) -> None:
    happen(world)
    for template in TEMPLATES.values():
        shown = seen(client, caller, template.name, language=language)
        assert (shown["language"], shown["direction"]) == (language, direction(language))
        assert f'<html lang="{language}" dir="{direction(language)}">' in shown["html"]
        frame = translations(language).gettext(SAYS[template.kind])
        assert in_one_line(frame) in in_one_line(shown["text"]), template.name
        assert shown["subject"]
        assert 1_000 < shown["html_bytes"] < shown["bytes"]
        assert not shown["is_clipped"]


def test_a_preview_changes_nothing(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    happen(world)
    before = everything(world)
    for template in TEMPLATES:
        for form in ("json", "html", "text", "message"):
            seen(client, caller, template, language="fr", format=form)
    assert client.get("/previews", headers=caller).status_code == 200
    assert everything(world) == before
    assert world.mailbox.messages == []


def test_no_link_of_a_preview_does_anything(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    happen(world)
    before = everything(world)
    for template in TEMPLATES:
        message = seen(client, caller, template, format="message")
        parsed = message_from_bytes(message.content, policy=default)
        all_of_it = f"{html_of(parsed)} {text_of(parsed)} {parsed.items()}"
        tokens = TOKEN.findall(all_of_it)
        assert tokens, template
        assert set(tokens) == {INERT}
        assert "example.org>" not in str(parsed["To"])
        assert parsed["To"] == "reader@preview.invalid"
    for page in ("confirm", "preferences", "unsubscribe", "erase", "digest"):
        assert client.get(f"/{page}", params={"token": INERT}).status_code == 422
        if page != "digest":
            clicked = client.post(f"/{page}", params={"token": INERT}, data={"confirm": "yes"})
            assert clicked.status_code == 422
    assert everything(world) == before


def test_an_immediate_preview_is_what_the_readers_got_but_for_the_links(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    world.open_group()
    world.subscribe("ana@example.org", "immediate")  # type: ignore[arg-type]
    world.tell(world.update("Volunteers for e-learning"))
    world.deliver_all()
    (sent,) = world.mailbox.messages
    shown = seen(client, caller, "update_posted", language="en")

    def without_links(text: str) -> str:
        return TOKEN.sub("token=", text)

    assert shown["subject"] == sent["Subject"]
    assert without_links(shown["html"]) == without_links(html_of(sent))
    assert without_links(shown["text"]) == without_links(text_of(sent))


def test_the_newest_is_shown_or_what_is_named(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    world.open_group()
    world.tell(world.update("The first"))
    first = newest(world, NoticeKind.UPDATE_POSTED)
    world.tell(world.update("The second"))
    assert "The second" in seen(client, caller, "update_posted")["html"]
    named = seen(client, caller, "update_posted", subject=str(first.id))
    assert "The first" in named["html"]
    assert named["shown"] == [str(first.id)]
    digest = seen(client, caller, "daily_digest")
    assert "The first" in digest["text"]
    assert "The second" in digest["text"]


def test_a_named_digest_is_shown_to_a_stand_in(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update("In her digest"))
    world.close_windows()
    world.tell(world.update("After her digest"))
    with world.database.read() as session:
        digest_id = session.exec(select(Delivery.digest_id)).one()
    shown = seen(client, caller, "daily_digest", subject=str(digest_id), language="es")
    assert "In her digest" in shown["text"]
    assert "After her digest" not in shown["text"]
    path = f"/previews/weekly_digest?subject={digest_id}"
    assert "no weekly digest" in refused(client, caller, path, 404)


def test_an_announcement_is_shown_in_the_words_of_the_language_if_it_has_some(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    happen(world)
    texts = {"en": Text("We meet", "**Come.**"), "ar": Text("نجتمع", "**تعالوا.**")}
    with world.database.write() as session:
        content = Content(world.group_id, texts, "en")
        draft_id = writing.draft(session, content, new_id(), utc_now()).id
    assert "تعالوا" in seen(client, caller, "announcement", language="ar")["text"]
    in_french = seen(client, caller, "announcement", language="fr", subject=str(draft_id))
    assert "Come." in in_french["text"]
    assert translations("fr").gettext("Stop all e-mails:") in in_french["text"]


def test_what_you_owe_is_that_of_somebody_who_owes_something(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    ana = happen(world)
    assert OWED in seen(client, caller, "what_you_owe")["text"]
    named = seen(client, caller, "what_you_owe", subject=str(ana))
    assert OWED in named["text"]
    assert OWED in seen(client, caller, "monthly_digest")["text"]
    nobody = f"/previews/what_you_owe?subject={new_id()}"
    assert "nothing to tell" in refused(client, caller, nobody, 409)


def test_a_digest_says_how_much_it_has_no_room_for(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    world.open_group()
    for number in range(20):
        world.tell(world.update(f"Update {number}"))
    shown = seen(client, caller, "daily_digest", language="ru")
    assert (shown["items"], shown["left_out"]) == (22, 9)
    assert shown["clipped_at"] == 102_000


def test_what_has_not_happened_yet_is_said_and_nothing_is_invented(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    listed = client.get("/previews", headers=caller).json()["items"]
    assert [each["template"] for each in listed] == list(TEMPLATES)
    for each in listed:
        assert each["available"] is False
        detail = refused(client, caller, f"/previews/{each['template']}", 409)
        assert detail.endswith(".")
    happen(world)
    listed = client.get("/previews", headers=caller).json()["items"]
    assert [each["template"] for each in listed if not each["available"]] == []


def test_what_was_taken_back_is_not_shown(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    world.open_group()
    world.tell(world.update("Withdrawn"), subject="updates/1")
    with world.database.write() as session:
        notices.take_back(session, "updates/1", utc_now())
    assert "update_posted" in refused(client, caller, "/previews/update_posted", 409)
    assert "Withdrawn" not in seen(client, caller, "daily_digest")["text"]


def test_what_is_unknown_is_refused_with_what_to_do(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    happen(world)
    assert "GET /previews" in refused(client, caller, "/previews/newsletter", 404)
    for template in TEMPLATES:
        if template != "what_you_owe":
            refused(client, caller, f"/previews/{template}?subject={new_id()}", 404)
    for query in ("subject=1", "language=de", "format=pdf"):
        refused(client, caller, f"/previews/welcome?{query}", 422)


def test_only_coordinators_see_previews_and_they_see_hidden_groups(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    world.open_group()
    hide(world, "members")
    world.tell(world.update("Behind closed doors"))
    for path in ("/previews", "/previews/update_posted", "/previews/daily_digest"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=bearer(signing_key, new_id())).status_code == 403
    caller = coordinator(world, signing_key)
    assert "Behind closed doors" in seen(client, caller, "daily_digest")["text"]


def test_it_comes_in_the_language_and_at_the_hours_of_the_coordinator(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    happen(world)
    me = new_id()
    world.tell(
        PersonReachable(
            person_id=me,
            email="me@example.org",
            language="ar",
            time_zone="Asia/Riyadh",
            contact_version=1,
        )
    )
    coordinates(world, me)
    shown = seen(client, bearer(signing_key, me), "daily_digest")
    assert (shown["language"], shown["direction"]) == ("ar", "rtl")
    message = seen(client, bearer(signing_key, me), "daily_digest", format="message")
    assert message_from_bytes(message.content, policy=default)["Date"].endswith("+0300")


def test_as_a_page_nothing_of_it_runs_or_loads(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    world.open_group()
    world.tell(world.update("<script>alert(1)</script>"))
    page = seen(client, caller, "update_posted", format="html")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script>" not in page.text
    letter = seen(client, caller, "update_posted", format="message")
    assert 'filename="update_posted.en.eml"' in letter.headers["content-disposition"]


def test_no_reader_is_told_of(world: World, client: TestClient, caller: dict[str, str]) -> None:
    happen(world)
    with world.database.read() as session:
        ids = [str(each) for each in session.exec(select(Subscriber.id))]
    assert ids
    for template in TEMPLATES:
        message = seen(client, caller, template, format="message")
        parsed = message_from_bytes(message.content, policy=default)
        content = f"{html_of(parsed)} {text_of(parsed)} {parsed.items()}"
        for secret in ("ana@", "bo@", *ids, *(UUID(each).hex for each in ids)):
            assert secret not in content, template


@ON_SQLITE
def test_an_operator_sees_previews_on_the_command_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", world.database.url)
    settings.cache_clear()

    def run(*words: str) -> Any:
        return CliRunner().invoke(commands, ["preview", *words])

    empty = run("update_posted")
    happen(world)
    before = everything(world)
    text = run("update_posted", "--language", "ar", "--format", "text")
    page = run("weekly_digest", "--language", "zh", "--format", "html")
    listed = run()
    unknown = run("newsletter")
    settings.cache_clear()
    assert (empty.exit_code, unknown.exit_code) == (2, 2)
    assert translations("ar").gettext("Stop all e-mails:") in text.stdout
    assert '<html lang="zh"' in page.stdout
    assert all(template in listed.stdout for template in TEMPLATES)
    assert everything(world) == before
