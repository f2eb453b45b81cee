"""A webhook is told what its owner follows and may see, and nothing of what is meant for others."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from services.notifier import targets
from services.notifier.projections import HANDLERS
from services.notifier.tables import Notice
from services.notifier.targets import EVERYTHING, Target
from services.notifier.vocabulary import MessageState, NoticeKind, TargetKind
from services.notifier.webhooks import payloads
from shared.columns import utc_now
from shared.events.catalogue import (
    CATALOGUE,
    NeedPublished,
    RoleEnded,
    ThemeMerged,
)
from shared.events.envelope import Event, EventData
from shared.ids import new_id
from tests.notifier.partners import coordinates, has_role, hide, institution, speaks_for
from tests.notifier.receiver import Receiver
from tests.notifier.test_criteria import need
from tests.notifier.webhook_world import deliver, listens, messages_of
from tests.notifier.world import GROUP_TITLE, THEME, World

ON_SQLITE = pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)

FIXTURES = sorted((Path(__file__).parents[1] / "shared/fixtures/events").glob("*.json"))

UNFOLLOWED = {
    NoticeKind.MEETING_INVITED,
    NoticeKind.GROUP_REVIEW_DUE,
    NoticeKind.GROUP_QUIET,
    NoticeKind.GROUP_WITHOUT_LEAD,
    NoticeKind.ANNOUNCEMENT_WAITING,
}
"""What only those hear whom it concerns."""

ADDRESSED = "https://meet.example.org/secret-room"
ABOUT_PEOPLE = {"posted_by", "mentioned_people", "person_ids", "person_id", "raised_by", "link"}


def test_a_hidden_group_is_told_to_an_endpoint_whose_owner_may_see_it_and_to_no_other(
    world: World,
) -> None:
    world.open_group()
    hide(world, "members")
    member, stranger, coordinator = new_id(), new_id(), new_id()
    has_role(world, member)
    coordinates(world, coordinator)
    with Receiver() as receiver:
        of = {
            owner: listens(world, f"{receiver.url}/{owner}", EVERYTHING, owner=owner)
            for owner in (member, stranger, coordinator)
        }
        world.tell(world.update())
        for endpoint in of.values():
            deliver(world, endpoint)
        heard = {received.path.rpartition("/")[2] for received in receiver.requests}
    assert heard == {str(member), str(coordinator)}
    assert messages_of(world, of[stranger]) == []


def test_who_may_not_see_it_any_more_is_not_told_what_already_waits(world: World) -> None:
    world.open_group()
    hide(world, "members")
    owner = new_id()
    role = has_role(world, owner)
    with Receiver() as receiver:
        endpoint = listens(world, receiver.url, owner=owner)
        world.tell(world.update())
        world.tell(
            RoleEnded(
                participant_id=role,
                group_id=world.group_id,
                group_title=GROUP_TITLE,
                theme_slug=THEME,
                person_id=owner,
                role="observer",
            )
        )
        deliver(world, endpoint)
        assert receiver.begun == []
    (message,) = messages_of(world, endpoint)
    assert message.state is MessageState.CANCELLED
    assert message.reason == "Its owner may not see it any more."


def test_a_group_that_is_hidden_before_the_message_leaves_is_not_told(world: World) -> None:
    world.open_group()
    with Receiver() as receiver:
        endpoint = listens(world, receiver.url)
        world.tell(world.update())
        hide(world, "members")
        deliver(world, endpoint)
        assert receiver.begun == []


def test_a_need_of_an_institution_that_partners_alone_see_is_told_to_partners(
    world: World,
) -> None:
    hidden = institution(world, "A ministry", visibility="partners")
    own = institution(world, "A partner")
    partner, stranger = new_id(), new_id()
    speaks_for(world, partner, own)
    needs = Target(TargetKind.NEEDS)
    of = {
        owner: listens(world, f"https://{owner}.example.org/", needs, owner=owner)
        for owner in (partner, stranger)
    }
    world.tell(NeedPublished(need=need(institution_id=hidden)))
    assert len(messages_of(world, of[partner])) == 1
    assert messages_of(world, of[stranger]) == []


def test_an_endpoint_is_told_what_it_follows_once_however_often_it_fits(world: World) -> None:
    world.open_group()
    group, theme = targets.group(world.group_id), targets.theme(THEME)
    opportunity, news = targets.update_kind("opportunity"), targets.update_kind("news")
    both = listens(world, "https://both.example.org/", group, theme, opportunity)
    other = listens(world, "https://other.example.org/", news)
    world.tell(world.update())
    assert len(messages_of(world, both)) == 1
    assert messages_of(world, other) == []


def test_an_endpoint_is_told_of_needs_that_fit_its_criteria(world: World) -> None:
    ministry = institution(world, "A ministry")
    training = Target(TargetKind.NEEDS, "kinds=training")
    funding = Target(TargetKind.NEEDS, "kinds=funding")
    offers = Target(TargetKind.OFFERS, "kinds=training")
    fits = listens(world, "https://fits.example.org/", training, funding)
    others = listens(world, "https://others.example.org/", funding, offers)
    world.tell(NeedPublished(need=need(institution_id=ministry)))
    assert len(messages_of(world, fits)) == 1
    assert messages_of(world, others) == []


def test_what_happened_long_ago_is_told_to_no_endpoint(world: World) -> None:
    from datetime import timedelta

    world.open_group()
    endpoint = listens(world, "https://receiver.example.org/")
    world.tell(world.update(), time=utc_now() - timedelta(days=8))
    assert messages_of(world, endpoint) == []


def test_who_follows_a_theme_that_was_merged_follows_the_one_that_goes_on(world: World) -> None:
    world.open_group()
    endpoint = listens(world, "https://receiver.example.org/", targets.theme(THEME))
    world.tell(
        ThemeMerged(
            theme_id=new_id(), slug=THEME, into_id=new_id(), into_slug="data", into_title="Data"
        )
    )
    world.tell(world.update().model_copy(update={"theme_slug": "data"}))
    assert len(messages_of(world, endpoint)) == 1


def test_each_kind_of_news_that_somebody_may_follow_has_a_payload() -> None:
    assert {*NoticeKind} - {*payloads.SHAPES} == UNFOLLOWED


def known(event_type: type[EventData], fields: Any, told: Any, place: str) -> None:
    """Check that each field that is told is one of the event's, at every depth."""
    for name, within in told.items():
        assert name in fields, f"{event_type.__name__} has no {place}{name}"
        if within is not None:
            inner = fields[name].annotation
            while not hasattr(inner, "model_fields"):
                inner = next(each for each in inner.__args__ if each is not type(None))
            known(event_type, inner.model_fields, within, f"{place}{name}.")


@ON_SQLITE
@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_no_payload_holds_a_link_to_a_meeting_a_person_or_an_address(
    world: World, fixture: Path
) -> None:
    event = Event.model_validate_json(fixture.read_text())
    if CATALOGUE[event.type] not in HANDLERS:
        return
    for around in ("meeting", "series"):
        if around in event.data:
            event.data[around]["link"] = ADDRESSED
    people = {str(new_id()): name for name in ABOUT_PEOPLE}
    fill(event.data, {name: person_id for person_id, name in people.items()})
    owner = new_id()
    coordinates(world, owner)
    endpoint = listens(world, "https://receiver.example.org/", owner=owner)
    world.apply(event.model_copy(update={"time": utc_now()}))
    with world.database.read() as session:
        notice = session.exec(select(Notice).where(Notice.event_id == event.id)).one_or_none()
        assert len(messages_of(world, endpoint)) == bool(notice and notice.targets)
        if notice is None or not notice.targets:
            return
        body = payloads.of_notice(notice)
    payload = json.loads(body)
    assert payload["type"].count(".") == 1
    assert len(payload["data"]) > 2
    assert ADDRESSED not in body
    assert "@" not in body
    assert not [person_id for person_id in people if person_id in body]
    assert not ABOUT_PEOPLE & names(payload)


def fill(value: Any, people: dict[str, str]) -> None:
    """Name somebody wherever an event may name a person."""
    if isinstance(value, list):
        for each in value:
            fill(each, people)
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in people and name != "link":
                value[name] = [people[name]] if name.endswith(("people", "ids")) else people[name]
            else:
                fill(inner, people)


def names(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for each in value for name in names(each)}
    if isinstance(value, dict):
        return {*value, *(name for each in value.values() for name in names(each))}
    return set()
