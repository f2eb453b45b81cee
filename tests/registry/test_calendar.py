"""What is due is taken, each step on its own."""

from datetime import datetime

from sqlmodel import Session

from services.registry import calendar
from shared.columns import utc_now
from shared.database import Database


def test_a_step_is_repeated_until_nothing_is_left(database: Database) -> None:
    left = [2, 1, 0]

    taken = calendar.keep(database, utc_now(), {"drain": lambda _session, _now: left.pop(0)})

    assert taken == {"drain": 3}
    assert left == []


def test_a_step_that_fails_leaves_the_others_their_day(database: Database) -> None:
    def broken(_session: Session, _now: datetime) -> int:
        raise RuntimeError

    left = [1, 0]
    steps = {"broken": broken, "whole": lambda _session, _now: left.pop(0)}

    assert calendar.keep(database, utc_now(), steps) == {"broken": 0, "whole": 1}
