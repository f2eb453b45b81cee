"""The writers of one SQLite file take turns, and nobody waits for ever."""

import threading
from pathlib import Path

import pytest

from shared import writers_turn
from shared.writers_turn import WritersTurn


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


def in_thread(turn: WritersTurn) -> tuple[threading.Thread, threading.Event]:
    """Take a turn in a thread; return it and what says that it is taken."""
    taken = threading.Event()

    def take() -> None:
        turn.take()
        taken.set()

    thread = threading.Thread(target=take)
    thread.start()
    return thread, taken


def test_a_writer_waits_until_the_turn_is_given_back(database: Path) -> None:
    first, second = WritersTurn(database), WritersTurn(database)
    first.take()
    thread, taken = in_thread(second)
    assert not taken.wait(0.1)

    first.give_back()

    assert taken.wait(5)
    thread.join()
    second.give_back()


def test_a_turn_that_is_never_given_back_is_waited_for_only_so_long(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers_turn, "LONGEST_WAIT_SECONDS", 0.05)
    stuck, impatient = WritersTurn(database), WritersTurn(database)
    stuck.take()

    impatient.take()
    impatient.give_back()

    stuck.give_back()


def test_who_gave_up_waiting_does_not_keep_the_turn_that_comes_later(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers_turn, "LONGEST_WAIT_SECONDS", 0.05)
    stuck, impatient, next_one = (WritersTurn(database) for _ in range(3))
    stuck.take()
    impatient.take()
    monkeypatch.setattr(writers_turn, "LONGEST_WAIT_SECONDS", 5.0)
    stuck.give_back()

    thread, taken = in_thread(next_one)

    assert taken.wait(2)
    thread.join()
    next_one.give_back()


def test_a_turn_can_be_taken_again_and_again(database: Path) -> None:
    turn, other = WritersTurn(database), WritersTurn(database)
    for _ in range(100):
        turn.take()
        turn.give_back()
        other.take()
        other.give_back()
