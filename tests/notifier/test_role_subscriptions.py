"""People with roles get what these are about, until they choose otherwise."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, delete, select

from services.notifier import choices, leaving, role_subscriptions, targets
from services.notifier.choices import Choice
from services.notifier.projections import REGISTRY_PROJECTION, WORKGROUPS_PROJECTION
from services.notifier.subscribers import Hours
from services.notifier.tables import (
    Digest,
    Subscriber,
    Subscription,
)
from services.notifier.targets import EVERYTHING, Target
from services.notifier.vocabulary import Frequency
from shared.columns import utc_now
from shared.events.catalogue import (
    CoordinatorAppointed,
    CoordinatorRemoved,
    FocalPointConfirmed,
    FocalPointRemoved,
    InstitutionSuspended,
    MembershipJoined,
    MembershipLeft,
    PersonErased,
    PersonReachable,
    PersonUnreachable,
    RoleEnded,
    RoleGiven,
)
from shared.events.envelope import Event, EventData
from shared.ids import new_id
from tests.notifier.mailbox import text_of
from tests.notifier.rows import holders, rows_of, wipe
from tests.notifier.world import GROUP_TITLE, THEME, World

ANA = new_id()
ADDRESS = "ana@example.org"
WEEKLY, DAILY = Frequency.WEEKLY, Frequency.DAILY


@dataclass
class Registry:
    """What the registry and workgroups tell of Ana."""

    world: World
    participant_id: UUID = field(default_factory=new_id)

    def reachable(self, email: str = ADDRESS, version: int = 1, **changes: Any) -> EventData:
        facts = {"language": "pt-BR", "time_zone": "Asia/Bangkok", **changes}
        return PersonReachable(person_id=ANA, email=email, contact_version=version, **facts)

    def speaks(self) -> EventData:
        return FocalPointConfirmed(
            person_id=ANA,
            institution_id=self.world.institution_id,
            person_name="Ana",
            role="focal_point",
        )

    def speaks_no_more(self) -> EventData:
        return FocalPointRemoved(person_id=ANA, institution_id=self.world.institution_id)

    def joins(self) -> EventData:
        return MembershipJoined.model_validate(self._place())

    def leaves(self) -> EventData:
        return MembershipLeft.model_validate(self._place())

    def leads(self, role: str = "co_chair") -> EventData:
        return RoleGiven.model_validate({**self._role(), "role": role})

    def leads_no_more(self) -> EventData:
        return RoleEnded.model_validate({**self._role(), "role": "co_chair"})

    def _place(self) -> dict[str, Any]:
        return {
            "group_id": self.world.group_id,
            "group_title": GROUP_TITLE,
            "theme_slug": THEME,
            "institution_id": self.world.institution_id,
            "institution_name": "United Nations Volunteers",
        }

    def _role(self) -> dict[str, Any]:
        return {
            "participant_id": self.participant_id,
            "group_id": self.world.group_id,
            "group_title": GROUP_TITLE,
            "theme_slug": THEME,
            "person_id": ANA,
        }


@pytest.fixture
def registry(world: World) -> Registry:
    world.open_group()
    return Registry(world)


def tell(world: World, *events: EventData) -> None:
    for event in events:
        world.tell(event)
    follow_roles(world)


def follow_roles(world: World, now: datetime | None = None) -> None:
    """Do what the sweep does."""
    people = 1
    while people:
        with world.database.write() as session:
            people, _ = role_subscriptions.bring_up_to_date(session, now or utc_now())


def followed(world: World, email: str = ADDRESS) -> dict[Target, Frequency]:
    with world.database.read() as session:
        return {
            Target(each.target_kind, each.target_id): each.frequency
            for each in session.exec(
                select(Subscription)
                .join(Subscriber)
                .where(Subscriber.email == email, col(Subscription.ended_at).is_(None))
            )
        }


def reader(world: World, email: str = ADDRESS) -> Subscriber:
    with world.database.read() as session:
        return session.exec(select(Subscriber).where(Subscriber.email == email)).one()


def subscription(world: World, target: Target) -> Subscription:
    with world.database.read() as session:
        return session.exec(
            select(Subscription).where(
                Subscription.target_kind == target.kind, Subscription.target_id == target.id
            )
        ).one()


def choose(world: World, target: Target, frequency: Frequency | None) -> None:
    found = subscription(world, target)
    with world.database.write() as session:
        choices.choose(
            session, found.subscriber_id, Hours(), [Choice(found.id, frequency)], utc_now()
        )


def test_roles_bring_what_they_are_about(world: World, registry: Registry) -> None:
    institution, group = targets.institution(world.institution_id), targets.group(world.group_id)
    tell(world, registry.reachable(), registry.speaks())
    assert followed(world) == {institution: WEEKLY}
    tell(world, registry.joins())
    assert followed(world) == {institution: WEEKLY, group: WEEKLY}
    tell(world, registry.leads())
    assert followed(world) == {institution: WEEKLY, group: DAILY}
    tell(world, CoordinatorAppointed(person_id=ANA, person_name="Ana"))
    assert followed(world) == {institution: WEEKLY, group: DAILY, EVERYTHING: WEEKLY}
    tell(world, CoordinatorRemoved(person_id=ANA), registry.leads_no_more())
    assert followed(world) == {institution: WEEKLY, group: WEEKLY}
    tell(world, registry.leaves())
    assert followed(world) == {institution: WEEKLY}
    ana = reader(world)
    assert (ana.language, ana.time_zone, ana.hour) == ("en", "Asia/Bangkok", 8)


def test_an_institution_that_is_not_verified_brings_nothing(
    world: World, registry: Registry
) -> None:
    tell(world, registry.reachable(), registry.speaks())
    facts = world.institution().model_copy(update={"status": "suspended", "version": 3})
    tell(world, InstitutionSuspended(institution=facts, reason="It asked for it."))
    assert followed(world) == {}


def test_what_a_reader_chose_stays_whatever_the_roles_do(world: World, registry: Registry) -> None:
    institution, group = targets.institution(world.institution_id), targets.group(world.group_id)
    tell(world, registry.reachable(), registry.speaks(), registry.joins())
    choose(world, institution, Frequency.MONTHLY)
    choose(world, group, None)
    tell(world, registry.leads(), registry.speaks())
    assert followed(world) == {institution: Frequency.MONTHLY}
    tell(world, registry.speaks_no_more(), registry.leads_no_more())
    assert followed(world) == {}
    tell(world, registry.speaks(), registry.leads())
    assert followed(world) == {institution: Frequency.MONTHLY}


def test_who_stopped_all_emails_gets_none_because_of_a_new_role(
    world: World, registry: Registry
) -> None:
    tell(world, registry.reachable(), registry.speaks())
    with world.database.write() as session:
        leaving.leave(session, reader(world).id, utc_now())
    tell(world, registry.joins(), registry.leads())
    assert followed(world) == {}
    choose(world, targets.group(world.group_id), DAILY)
    assert followed(world) == {targets.group(world.group_id): DAILY}


def test_what_was_asked_for_outlives_the_role(world: World, registry: Registry) -> None:
    group = targets.group(world.group_id)
    world.subscribe(ADDRESS, Frequency.IMMEDIATE, group, hours=Hours(time_zone="America/Lima"))
    tell(world, registry.reachable(), registry.speaks(), registry.leads())
    assert followed(world)[group] is Frequency.IMMEDIATE
    assert reader(world).time_zone == "America/Lima", "the reader chose it"
    tell(world, registry.speaks_no_more(), registry.leads_no_more())
    assert followed(world) == {group: Frequency.IMMEDIATE}


def test_a_changed_address_and_zone_follow_unless_chosen(world: World, registry: Registry) -> None:
    tell(world, registry.reachable(), registry.speaks())
    tell(
        world, registry.reachable("new@example.org", 2, time_zone="Africa/Lusaka", language="fr-CA")
    )
    assert followed(world) == {}
    assert len(followed(world, "new@example.org")) == 1
    moved = reader(world, "new@example.org")
    assert (moved.language, moved.time_zone) == ("fr", "Africa/Lusaka")
    with world.database.write() as session:
        own = Hours(time_zone="Europe/Berlin")
        choices.choose(session, reader(world, "new@example.org").id, own, [], utc_now())
    tell(world, registry.reachable("new@example.org", 3, time_zone="Asia/Tokyo"))
    assert reader(world, "new@example.org").time_zone == "Europe/Berlin"


def test_an_address_that_became_somebody_elses_makes_one_reader_of_two(
    world: World, registry: Registry
) -> None:
    tell(world, registry.reachable(), registry.speaks())
    world.subscribe("new@example.org", DAILY)
    world.subscribe("new@example.org", DAILY, targets.institution(world.institution_id))
    world.tell(world.update())
    former = reader(world, "new@example.org").id
    tell(world, registry.reachable("new@example.org", 2))
    assert followed(world, "new@example.org") == {
        targets.institution(world.institution_id): DAILY,
        EVERYTHING: DAILY,
    }
    world.close_windows()
    world.deliver_all()
    assert [each["X-Southlink-Kind"] for each in world.mailbox.to("new@example.org")] == [
        "welcome",
        "digest",
    ]
    with world.database.write() as session:
        assert leaving.leave(session, former, utc_now()) == 2, "old links lead on"


def test_two_people_whose_addresses_change_hands_are_told_apart(
    world: World, registry: Registry
) -> None:
    bo = new_id()
    tell(world, registry.reachable(), registry.speaks())
    world.tell(
        PersonReachable(
            person_id=bo, email="bo@example.org", language="en", time_zone="UTC", contact_version=1
        )
    )
    tell(world, CoordinatorAppointed(person_id=bo, person_name="Bo"))
    tell(world, registry.reachable("bo@example.org", 2))
    assert reader(world).person_id == ANA, "the address is still held"
    tell(
        world,
        PersonReachable(
            person_id=bo, email="b@example.org", language="en", time_zone="UTC", contact_version=2
        ),
    )
    follow_roles(world, utc_now() + timedelta(minutes=2))
    assert reader(world, "bo@example.org").person_id == ANA
    assert reader(world, "b@example.org").person_id == bo


def test_a_letter_of_welcome_says_once_what_comes(world: World, registry: Registry) -> None:
    tell(world, registry.reachable(), registry.speaks(), registry.leads())
    tell(world, registry.leads_no_more())
    tell(world, registry.leads())
    world.deliver_all()
    (letter,) = world.mailbox.messages
    assert letter["X-Southlink-Kind"] == "welcome"
    text = text_of(letter)
    assert f"the group {GROUP_TITLE}: every day at 08:00 Bangkok time" in text
    assert "United Nations Volunteers: every Monday at 08:00 Bangkok time" in text
    assert "/preferences?token=" in text
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_who_left_before_the_letter_gets_none(world: World, registry: Registry) -> None:
    tell(world, registry.reachable(), registry.speaks())
    with world.database.write() as session:
        leaving.leave(session, reader(world).id, utc_now())
    world.deliver_all()
    assert world.mailbox.messages == []


def test_an_unreachable_person_gets_nothing_and_is_forgotten_within_a_day(
    world: World, registry: Registry
) -> None:
    tell(world, registry.reachable(), registry.speaks(), registry.joins())
    world.tell(world.update())
    tell(world, PersonUnreachable(person_id=ANA))
    world.close_windows(WEEKLY)
    with world.database.read() as session:
        assert session.exec(select(Digest)).all() == []
    follow_roles(world, utc_now() + timedelta(hours=25))
    assert holders(world, ADDRESS, str(ANA)) <= {"focal_point"}


def test_who_asked_for_something_goes_on_getting_it_without_a_role(
    world: World, registry: Registry
) -> None:
    world.subscribe(ADDRESS, DAILY)
    tell(world, registry.reachable(), registry.speaks())
    tell(world, PersonUnreachable(person_id=ANA))
    follow_roles(world, utc_now() + timedelta(hours=25))
    assert followed(world) == {EVERYTHING: DAILY}
    assert reader(world).person_id is None


def test_an_erased_person_leaves_nothing_behind(world: World, registry: Registry) -> None:
    world.subscribe(ADDRESS, Frequency.IMMEDIATE)
    tell(world, registry.reachable(), registry.speaks(), registry.joins())
    world.tell(world.update())
    world.tell(PersonErased(person_id=ANA))
    world.deliver_all()
    assert world.mailbox.messages == []
    assert holders(world, ADDRESS, str(ANA), ANA.hex) == set()
    with world.database.read() as session:
        for name in ("subscriber", "subscription", "delivery", "digest", "subscription_request"):
            assert rows_of(session, name) == [], name
    world.subscribe(ADDRESS, DAILY)
    world.tell(PersonErased(person_id=ANA))
    assert followed(world) == {EVERYTHING: DAILY}, "that is another reader"


HISTORY = ("reachable", "speaks", "joins", "leads", "leads_no_more", "speaks_no_more", "leaves")


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(st.sampled_from(HISTORY), max_size=12),
    looks=st.lists(st.booleans(), min_size=12, max_size=12),
    order=st.randoms(),
)
def test_only_the_roles_of_now_count_however_events_come(
    world: World, steps: list[str], looks: list[bool], order: Any
) -> None:
    """Told twice, looked at in between or not, with the whole history again in a rebuild."""
    wipe(world.database)
    world.open_group()
    registry = Registry(world)
    history = [Event.of(getattr(registry, step)(), subject="people/ana") for step in steps]
    for event, look in zip(history, itertools.cycle(looks), strict=False):
        world.apply(event)
        if look:
            follow_roles(world)
        if order.random() < 0.5:
            world.apply(event)
    follow_roles(world)
    expected = _expected(world, steps)
    assert followed(world) == expected
    rows = _rows(world)
    _rebuild(world, history)
    assert _rows(world) == rows, "a rebuild changes no subscription"


def _expected(world: World, steps: list[str]) -> dict[Target, Frequency]:
    def last(*names: str) -> str | None:
        return next((step for step in reversed(steps) if step in names), None)

    if "reachable" not in steps:
        return {}
    speaks = last("speaks", "speaks_no_more") == "speaks"
    found = {}
    if speaks:
        found[targets.institution(world.institution_id)] = WEEKLY
    if speaks and last("joins", "leaves") == "joins":
        found[targets.group(world.group_id)] = WEEKLY
    if last("leads", "leads_no_more") == "leads":
        found[targets.group(world.group_id)] = DAILY
    return found


def _rebuild(world: World, history: list[Event]) -> None:
    """Empty both read models and apply the history again, each in a transaction, as a rebuild."""
    for projection in (REGISTRY_PROJECTION, WORKGROUPS_PROJECTION):
        with world.database.write() as session:
            for model in projection.read_models:
                session.execute(delete(model))
            for event in [*world_events(world), *history]:
                if event.type in {each.type() for each in projection.handlers}:
                    projection.apply(session, event)
        follow_roles(world)


def world_events(world: World) -> list[Event]:
    from shared.events.catalogue import GroupCreated, InstitutionVerified

    return [
        Event.of(GroupCreated(group=world.group()), subject=f"groups/{world.group_id}"),
        Event.of(InstitutionVerified(institution=world.institution()), subject="institutions/x"),
    ]


def _rows(world: World) -> set[tuple[Any, ...]]:
    with world.database.read() as session:
        return {
            (each.id, each.target_id, each.frequency, each.ended_at, each.origin, each.version)
            for each in session.exec(select(Subscription))
        }
