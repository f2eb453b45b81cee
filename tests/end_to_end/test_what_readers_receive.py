"""What arrives at readers when the founding story is told."""

from email.message import EmailMessage

import httpx
import pytest

from standalone.story.facts import retreat
from standalone.story.reading import news_sent
from standalone.story.script import GROUPS, READERS
from tests.end_to_end.southlink import Up, text_of
from tests.waiting import wait_until

TITLES = [post.title for group in GROUPS for post in group.posts] + [
    action.title for group in GROUPS for action in group.actions
]


def news(up: Up, reader: str) -> list[EmailMessage]:
    mails = up.parsed(to=f"{reader}@readers.example.org")
    return [mail for mail in mails if mail["X-Southlink-Kind"] in ("immediate", "digest")]


def told(mails: list[EmailMessage]) -> list[str]:
    """The titles in the e-mails, each as often as it was told."""
    return [title for mail in mails for title in TITLES if title in text_of(mail)]


@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        ("dilip", ["Online volunteers for health services"]),
        (
            "beto",
            [
                "Rural schools without connectivity",
                "School meals while schools are closed",
                "Skills that young founders miss",
            ],
        ),
        (
            "chai",
            [
                "A shared catalogue of digital public services",
                "Training seats on technology policy",
                "Rural schools without connectivity",
                "Publish the first ten entries of the catalogue",
                "List the digital requests that recipients made",
            ],
        ),
        ("amina", TITLES),
        ("gloria", TITLES),
        ("hana", []),
    ],
)
def test_each_reader_is_told_once_of_what_they_asked_for_and_of_nothing_else(
    up: Up, reader: str, expected: list[str]
) -> None:
    assert sorted(told(news(up, reader))) == sorted(expected)


def test_a_reader_of_two_things_gets_one_digest_with_both(up: Up) -> None:
    [digest] = news(up, "elena")
    assert sorted(told([digest])) == sorted(
        [
            "A network of incubators across the South",
            "Advice on finance for small enterprises",
            "Skills that young founders miss",
            "Name one incubator in each region",
            "Draft input on skills for the High-Level Committee",
            "Training seats on technology policy",
            "Two trust funds take proposals",
        ]
    )


def test_every_e_mail_has_a_text_and_an_html_form_that_say_the_same(up: Up) -> None:
    for reader in READERS:
        for mail in news(up, reader.name):
            assert mail.get_content_type() == "multipart/alternative"
            for title in TITLES:
                assert (title in text_of(mail)) == (title in text_of(mail, "html"))


def test_every_e_mail_carries_the_headers_that_mail_programs_rely_on(up: Up) -> None:
    mails = up.parsed()
    ids = [mail["Message-ID"] for mail in mails]
    assert len(ids) == len(set(ids))
    for mail in mails:
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["Date"].datetime.tzinfo is not None
        assert not mail.defects
        if mail["X-Southlink-Kind"] in ("immediate", "digest"):
            assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            assert mail["List-Id"]
            assert mail["Content-Language"] == "en"


def test_each_institution_confirmed_with_its_own_code(up: Up) -> None:
    for fact in retreat().institutions:
        [mail] = up.parsed(to=fact.address, kind="sign-in")
        assert mail["Subject"] == "Your Southlink code"


def test_an_overdue_action_item_is_said_to_be_overdue(up: Up) -> None:
    [digest] = news(up, "chai")
    assert "overdue since" in text_of(digest)


def test_closing_the_windows_again_sends_nothing(up: Up) -> None:
    coordinator = up.coordinator()
    before = news_sent(up.services)
    for frequency in ("daily", "weekly"):
        run = up.services.post(
            f"{up.services.notifier}/digest-runs", {"frequency": frequency}, coordinator
        )
        url = f"{up.services.notifier}/digest-runs/{run['id']}"

        def done(url: str = url) -> bool:
            return bool(up.services.get(url, coordinator)["state"] == "done")

        wait_until(done, f"the {frequency} run is done")
        assert up.services.get(url, coordinator)["digests"] == 0
    assert news_sent(up.services) == before


def test_one_click_ends_every_e_mail_to_a_reader(up: Up) -> None:
    mail = news(up, "fetu")[0]
    link = mail["List-Unsubscribe"].strip("<>")
    answer = httpx.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    coordinator = up.coordinator()
    deliveries = up.services.get(f"{up.services.notifier}/deliveries", coordinator)["items"]
    assert all("fetu@" not in str(delivery) for delivery in deliveries), "addresses are masked"


def test_no_log_holds_an_address(up: Up) -> None:
    for log in (up.folder / "logs").glob("*.log"):
        assert "@readers.example.org" not in log.read_text(errors="replace"), log.name
