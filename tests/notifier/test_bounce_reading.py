"""Reading reports: whatever comes, reading ends and raises nothing, and only we can sign."""

import string
from functools import partial
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.bounces.reading import READ_BYTES, Form, read
from services.notifier.bounces.statuses import Verdict, enhanced_code, verdict
from services.notifier.return_paths import ReturnMailbox, ReturnPaths
from tests.effort import lines_run
from tests.notifier import reports
from tests.notifier.reports import Sent

PATHS = ReturnPaths(b"s" * 32)
MAILBOX = ReturnMailbox("south.example.org")
SENT = Sent(
    "bounces+token@south.example.org",
    "ana@reader.example",
    "<019aaaaa-0000-7000-8000-000000000000@south.example.org>",
)
WHOLE = [
    reports.postfix(SENT),
    reports.gmail(SENT),
    reports.exchange(SENT),
    reports.qmail(SENT),
    reports.complaint(SENT),
    reports.out_of_office(SENT),
]

pieces = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([line for whole in WHOLE for line in whole.splitlines(keepends=True)]),
)


@settings(deadline=None)
@given(st.lists(pieces, max_size=60))
def test_reading_raises_nothing_and_what_it_returns_can_be_stored(torn: list[bytes]) -> None:
    report = read(b"".join(torn))
    for fate in report.fates:
        assert fate.diagnostic.isprintable()
        assert "ana@reader.example" not in fate.diagnostic
    for text in (report.feedback_type, report.reporter):
        assert text is None or text.isprintable()


@settings(deadline=None)
@given(st.sampled_from(WHOLE), st.integers(min_value=0, max_value=4_000))
def test_a_report_that_was_cut_off_says_less_and_nothing_else(whole: bytes, length: int) -> None:
    cut, complete = read(whole[:length]), read(whole)
    assert cut.form in (complete.form, Form.OTHER, Form.ANSWER, Form.STATUS)
    assert {fate.verdict for fate in cut.fates} <= {
        *(fate.verdict for fate in complete.fates),
        Verdict.SOFT,
        Verdict.NOTHING,
    }


def test_messages_made_to_keep_us_busy_are_work_in_proportion_to_their_length() -> None:
    layers = "".join(
        f"Content-Type: multipart/mixed; boundary={number}\r\n\r\n--{number}\r\n"
        for number in range(1_000)
    )
    many = "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + "--b\r\n\r\n\r\n" * 4_000
    blank = "Content-Type: message/delivery-status\r\n" + "\r\n" * 10_000
    within = "Content-Type: message/rfc822\r\n\r\n" * 1_000
    deep = layers[:1_500] + "\n" * 20_000
    for bomb in (layers, many, blank, within, deep):
        content = bomb.encode()
        assert lines_run(partial(read, content)) < 150 * len(content)


def test_of_a_huge_report_the_beginning_is_read() -> None:
    huge = reports.postfix(SENT).replace(b"Text.", b"Text. " * READ_BYTES)
    (fate,) = read(huge).fates
    assert (fate.action, fate.code, fate.verdict) == ("failed", "5.1.1", Verdict.HARD)


@given(st.uuids())
def test_a_return_path_fits_and_names_its_delivery_in_any_case(delivery_id: UUID) -> None:
    address = PATHS.address(MAILBOX, delivery_id)
    assert len(address.partition("@")[0]) <= 64
    for written in (address, address.upper(), f"<{address}>", f"rfc822; {address}"):
        assert PATHS.delivery_in(["", written]) == delivery_id


@given(st.uuids(), st.integers(0, 41), st.sampled_from(string.ascii_lowercase + "234567"))
def test_a_return_path_that_was_changed_names_nothing(
    delivery_id: UUID, place: int, letter: str
) -> None:
    token = PATHS.address(MAILBOX, delivery_id).partition("+")[2].partition("@")[0]
    changed = f"{token[:place]}{letter}{token[place + 1 :]}"
    # The last character holds two bits that belong to nothing.
    if changed[:-1] != token[:-1]:
        assert PATHS.delivery_in([f"bounces+{changed}@south.example.org"]) is None


@given(st.text(), st.binary(min_size=32, max_size=32), st.uuids())
def test_nobody_else_makes_a_return_path(text: str, secret: bytes, delivery_id: UUID) -> None:
    other = ReturnPaths(secret)
    if secret != PATHS.secret:
        assert PATHS.delivery_in([text, other.address(MAILBOX, delivery_id)]) is None


def test_the_longest_mailbox_leaves_room_for_the_token() -> None:
    longest = PATHS.address(ReturnMailbox("south.example.org", "m" * 21), UUID(int=0))
    assert len(longest.partition("@")[0]) == 64


def test_the_code_that_says_most_counts() -> None:
    assert enhanced_code("5.0.0 (permanent failure)", "smtp; 550 5.1.1 no such user") == "5.1.1"
    assert enhanced_code("5.0.0", "smtp; 550 no such user") == "5.0.0"
    assert enhanced_code("delivered to 10.5.1.1 and 192.0.2.5.1") is None


@given(st.integers(0, 9), st.integers(0, 99))
def test_only_the_addresss_own_codes_are_hard(subject: int, detail: int) -> None:
    hard = verdict(f"5.{subject}.{detail}") is Verdict.HARD
    assert hard is ((subject, detail) in {(1, 1), (1, 2), (1, 3), (1, 4), (1, 6), (1, 10), (2, 1)})
    assert verdict(f"4.{subject}.{detail}") is not Verdict.HARD
