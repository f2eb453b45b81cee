"""What is hidden is told to those who may see it, and to nobody else."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from services.notifier import sight, standing
from services.notifier.tables import DigestItem, Notice, Subscriber
from services.notifier.vocabulary import Frequency
from shared.columns import utc_now
from shared.events.catalogue import GroupVisibility
from tests.notifier.partners import (
    belongs,
    coordinates,
    has_role,
    hide,
    institution,
    person,
    speaks_for,
)
from tests.notifier.rows import wipe
from tests.notifier.world import World

Place = Literal["none", "active", "suspended"]


@dataclass(frozen=True)
class Somebody:
    """A reader, and how the registry and workgroups know them."""

    known: bool
    coordinator: bool
    speaks: Literal["nobody", "verified member", "verified", "suspended member", "unverified"]
    role: Place


SOMEBODY = st.builds(
    Somebody,
    known=st.booleans(),
    coordinator=st.sampled_from([False, False, False, True]),
    speaks=st.sampled_from(
        ["nobody", "verified member", "verified", "suspended member", "unverified"]
    ),
    role=st.sampled_from(["none", "active", "suspended"]),
)


def may_hear(visibility: GroupVisibility, reader: Somebody) -> bool:
    """Tell what the rule says, in words as short as it."""
    if visibility == "all":
        return True
    if not reader.known:
        return False
    belongs = reader.speaks == "verified member" or reader.role == "active"
    partner = reader.speaks in {"verified member", "verified", "suspended member"}
    return reader.coordinator or belongs or (visibility == "partners" and partner)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    visibility=st.sampled_from(["all", "partners", "members"]),
    readers=st.lists(SOMEBODY, min_size=1, max_size=4),
)
def test_a_hidden_group_is_told_to_exactly_those_who_may_see_it(
    world: World, visibility: GroupVisibility, readers: list[Somebody]
) -> None:
    wipe(world.database)
    world.open_group()
    hide(world, visibility)
    there: dict[str, UUID | None] = {
        "nobody": None,
        "verified member": institution(world, "A member"),
        "verified": institution(world, "A partner"),
        "suspended member": institution(world, "A member that waits"),
        "unverified": institution(world, "A newcomer", status="submitted"),
    }
    for name, place in (("verified member", "active"), ("suspended member", "suspended")):
        belongs(world, there[name], place)  # type: ignore[arg-type]
    people: dict[str, UUID] = {}
    for number, reader in enumerate(readers):
        email = f"reader{number}@example.org"
        world.subscribe(email)
        if not reader.known:
            continue
        people[email] = person(world, email)
        if reader.coordinator:
            coordinates(world, people[email])
        if (spoken_for := there[reader.speaks]) is not None:
            speaks_for(world, people[email], spoken_for)
        if reader.role != "none":
            has_role(world, people[email], suspended=reader.role == "suspended")
    event = world.tell(world.update())
    expected = {
        f"reader{number}@example.org"
        for number, reader in enumerate(readers)
        if may_hear(visibility, reader)
    }
    with world.database.read() as session:
        assert told(session, event.id) == expected
        # One by one it is decided as for all of them.
        notice = session.exec(select(Notice).where(Notice.event_id == event.id)).one()
        guard = sight.Guard.of(notice)
        hidden = sight.Hidden.of(session, [guard])
        stands = standing.standings(session, people.values())
        by_one = {
            email
            for email in (f"reader{number}@example.org" for number in range(len(readers)))
            if hidden.lets(guard, stands[people[email]] if email in people else standing.UNKNOWN)
        }
        assert by_one == expected


def test_what_a_group_that_is_unknown_here_does_is_told_to_nobody_who_is_not_in_it(
    world: World,
) -> None:
    world.subscribe("ana@example.org")
    event = world.tell(world.update())
    with world.database.read() as session:
        assert told(session, event.id) == set()


@pytest.mark.parametrize(("days", "hears"), [(6, {"ana@example.org"}), (8, set())])
def test_what_happened_long_ago_is_recorded_and_no_news(
    world: World, days: int, hears: set[str]
) -> None:
    world.open_group()
    world.subscribe("ana@example.org", Frequency.IMMEDIATE)
    event = world.tell(world.update(), time=utc_now() - timedelta(days=days))
    with world.database.read() as session:
        assert told(session, event.id) == hears
        assert len(session.exec(select(Notice).where(Notice.event_id == event.id)).all()) == 1


def told(session: Session, event_id: UUID) -> set[str]:
    return set(
        session.exec(
            select(Subscriber.email)
            .join(DigestItem, col(DigestItem.subscriber_id) == col(Subscriber.id))
            .join(Notice, col(Notice.id) == col(DigestItem.notice_id))
            .where(Notice.event_id == event_id)
        )
    )
