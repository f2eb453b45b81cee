"""Who is told what: every notice reaches exactly those who asked for it, once, at the soonest."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from services.notifier import targets
from services.notifier.tables import (
    Digest,
    DigestItem,
    Institution,
    Notice,
    Subscriber,
)
from services.notifier.targets import EVERYTHING, Target
from services.notifier.vocabulary import Frequency
from shared.database import Database
from shared.events.catalogue import (
    ActionItemAssigned,
    GroupCreated,
    GroupUpdated,
    InstitutionFacts,
    InstitutionReinstated,
    InstitutionSubmitted,
    InstitutionSuspended,
    InstitutionUpdated,
    InstitutionVerificationExpired,
    InstitutionVerificationExpiring,
    InstitutionVerificationRenewed,
    InstitutionVerified,
    InstitutionWithdrawn,
    MeetingRecorded,
    ThemeCreated,
    ThemeMerged,
    UpdatePosted,
)
from shared.ids import new_id
from tests.notifier.rows import wipe
from tests.notifier.world import THEME, World

GROUPS = [new_id() for _ in range(2)]
INSTITUTIONS = [new_id() for _ in range(2)]
KINDS = ["opportunity", "challenge"]
THEMES = ["digital-transformation", "entrepreneurship"]


@dataclass(frozen=True)
class Post:
    """One update, by where it was posted."""

    theme: str
    group: UUID
    institution: UUID
    kind: str

    def concerns(self, target: Target) -> bool:
        """Whether somebody who follows the target wants to hear of it."""
        return target == EVERYTHING or target in {
            targets.theme(self.theme),
            targets.group(self.group),
            targets.institution(self.institution),
            targets.update_kind(self.kind),
        }


TARGETS = st.sampled_from(
    [
        EVERYTHING,
        *map(targets.theme, THEMES),
        *map(targets.group, GROUPS),
        *map(targets.institution, INSTITUTIONS),
        *map(targets.update_kind, KINDS),
    ]
)
POSTS = st.builds(
    Post,
    theme=st.sampled_from(THEMES),
    group=st.sampled_from(GROUPS),
    institution=st.sampled_from(INSTITUTIONS),
    kind=st.sampled_from(KINDS),
)
WISHES = st.dictionaries(
    st.sampled_from(["ana@example.org", "bo@example.org", "cy@example.org"]),
    st.dictionaries(TARGETS, st.sampled_from(Frequency), max_size=4),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(wishes=WISHES, posts=st.lists(POSTS, max_size=4))
def test_every_notice_reaches_exactly_who_asked_once_and_at_the_soonest(
    world: World, wishes: dict[str, dict[Target, Frequency]], posts: list[Post]
) -> None:
    wipe(world.database)
    know_all(world)
    for email, wanted in wishes.items():
        for target, frequency in wanted.items():
            world.subscribe(email, frequency, target)
    events = [world.tell(posted(world, post)) for post in posts]
    for event in events:
        world.apply(event)
    expected = {
        (email, event.id): min(asked, key=lambda frequency: frequency.urgency)
        for email, wanted in wishes.items()
        for post, event in zip(posts, events, strict=True)
        if (
            asked := [
                frequency
                for target, frequency in wanted.items()
                if post.concerns(target) and frequency is not Frequency.NEVER
            ]
        )
    }
    assert told(world.database) == expected


def test_overlapping_subscriptions_yield_one_item(world: World) -> None:
    world.open_group()
    for target in (EVERYTHING, targets.theme(THEME), targets.group(world.group_id)):
        world.subscribe("ana@example.org", Frequency.DAILY, target)
    event = world.tell(world.update())
    assert list(told(world.database)) == [("ana@example.org", event.id)]


def test_a_meeting_reaches_the_readers_of_each_of_its_groups_once(world: World) -> None:
    wipe(world.database)
    know_all(world)
    world.subscribe("ana@example.org", Frequency.DAILY, targets.group(GROUPS[0]))
    world.subscribe("ana@example.org", Frequency.DAILY, targets.group(GROUPS[1]))
    world.subscribe("bo@example.org", Frequency.WEEKLY, targets.theme(THEMES[1]))
    world.subscribe("cy@example.org", Frequency.WEEKLY, targets.institution(INSTITUTIONS[0]))
    event = world.tell(meeting(dict(zip(GROUPS, THEMES, strict=True))))
    assert told(world.database) == {
        ("ana@example.org", event.id): Frequency.DAILY,
        ("bo@example.org", event.id): Frequency.WEEKLY,
    }


def test_a_registration_that_nobody_verified_is_told_to_nobody(world: World) -> None:
    world.subscribe("ana@example.org")
    facts = world.institution().model_copy(update={"status": "submitted"})
    world.tell(InstitutionSubmitted(institution=facts))
    assert told(world.database) == {}


def test_a_partner_is_news_once_whatever_becomes_of_its_verification(world: World) -> None:
    world.subscribe("ana@example.org")
    first = world.tell(InstitutionVerified(institution=world.institution()))

    def at(version: int, status: str = "verified") -> dict[str, InstitutionFacts]:
        changed = {"status": status, "version": version}
        return {"institution": world.institution().model_copy(update=changed)}

    for data in (
        InstitutionVerificationExpiring(**at(2), days_left=90),
        InstitutionVerificationExpired(**at(3)),
        InstitutionVerificationRenewed(**at(4)),
        InstitutionSuspended(**at(5, "suspended"), reason="A concern."),
        InstitutionReinstated(**at(6), reason="Settled."),
        InstitutionWithdrawn(**at(7, "withdrawn"), reason="Dissolved."),
    ):
        world.tell(data)

    assert list(told(world.database)) == [("ana@example.org", first.id)]
    with world.database.read() as session:
        kept = session.get_one(Institution, world.institution_id)
    assert (kept.status, kept.version) == ("withdrawn", 7)


@pytest.mark.parametrize(
    ("visibility", "heard"), [("public", True), ("partners", False), ("private", False)]
)
def test_readers_hear_of_a_new_partner_whom_everybody_may_see(
    world: World, visibility: str, heard: bool
) -> None:
    # Who followed it while everybody saw it follows it still.
    before = world.institution().model_copy(update={"version": 1})
    facts = world.institution().model_copy(update={"visibility": visibility})
    world.tell(InstitutionSubmitted(institution=before))
    world.subscribe("ana@example.org")
    world.subscribe("bo@example.org", target=targets.institution(world.institution_id))
    event = world.tell(InstitutionVerified(institution=facts))
    asked = {(email, event.id) for email in ("ana@example.org", "bo@example.org")}
    assert set(told(world.database)) == (asked if heard else set())


def test_a_partner_whom_everybody_may_see_only_later_is_told_then_and_once(world: World) -> None:
    about = f"institutions/{world.institution_id}"

    def at(version: int, visibility: str, status: str = "verified") -> InstitutionFacts:
        changed = {"version": version, "visibility": visibility, "status": status}
        return world.institution().model_copy(update=changed)

    world.tell(InstitutionSubmitted(institution=at(1, "private", "submitted")), about)
    world.subscribe("ana@example.org")
    world.tell(InstitutionUpdated(institution=at(2, "public", "submitted")), about)
    world.tell(InstitutionVerified(institution=at(3, "partners")), about)
    world.tell(InstitutionUpdated(institution=at(4, "partners")), about)
    assert told(world.database) == {}

    shown = world.tell(InstitutionUpdated(institution=at(5, "public")), about)
    world.tell(InstitutionUpdated(institution=at(6, "public")), about)
    world.tell(InstitutionUpdated(institution=at(7, "private")), about)
    world.tell(InstitutionUpdated(institution=at(8, "public")), about)

    assert list(told(world.database)) == [("ana@example.org", shown.id)]


def test_a_partner_told_when_it_was_verified_is_not_told_again_by_a_change(world: World) -> None:
    about = f"institutions/{world.institution_id}"
    world.subscribe("ana@example.org")
    facts = world.institution()
    first = world.tell(InstitutionVerified(institution=facts), about)
    for version, visibility in ((9, "private"), (10, "public")):
        changed = facts.model_copy(update={"version": version, "visibility": visibility})
        world.tell(InstitutionUpdated(institution=changed), about)

    assert list(told(world.database)) == [("ana@example.org", first.id)]


@pytest.mark.parametrize("closed", ["concluded", "replaced", "abandoned", "archived"])
def test_a_changed_charter_is_no_news_but_a_closed_group_is_and_one_that_returns(
    world: World, closed: str
) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    changed = world.group().model_copy(update={"purpose": "Something else.", "version": 2})
    world.tell(GroupUpdated(group=changed))
    assert told(world.database) == {}
    ended = changed.model_copy(update={"status": closed, "version": 3})
    event = world.tell(GroupUpdated(group=ended))
    assert list(told(world.database)) == [("ana@example.org", event.id)]
    again = world.tell(
        GroupUpdated(group=changed.model_copy(update={"status": "active", "version": 4}))
    )
    assert ("ana@example.org", again.id) in told(world.database)


@pytest.mark.parametrize("follows", ["the one that goes", "both"])
def test_who_follows_a_merged_theme_follows_the_one_that_goes_on(
    world: World, follows: str
) -> None:
    world.open_group()
    world.tell(ThemeCreated(theme_id=new_id(), slug="trade", title="Trade"))
    world.subscribe("ana@example.org", target=targets.theme(THEME))
    if follows == "both":
        world.subscribe("ana@example.org", target=targets.theme("trade"))
    merged = ThemeMerged(
        theme_id=new_id(), slug=THEME, into_id=new_id(), into_slug="trade", into_title="Trade"
    )
    for _ in range(2):
        world.tell(merged)
    moved = world.group().model_copy(update={"theme_slug": "trade", "version": 2})
    world.tell(GroupUpdated(group=moved))
    closed = moved.model_copy(update={"status": "concluded", "version": 3})
    event = world.tell(GroupUpdated(group=closed))
    assert list(told(world.database)) == [("ana@example.org", event.id)]


def test_a_group_that_rests_is_no_news(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    for version, status in enumerate(("dormant", "active"), 2):
        facts = world.group().model_copy(update={"status": status, "version": version})
        world.tell(GroupUpdated(group=facts))
    assert told(world.database) == {}


def test_a_proposed_group_is_news_once_it_is_adopted(world: World) -> None:
    world.subscribe("ana@example.org")
    proposed = world.group().model_copy(update={"status": "proposed"})
    world.tell(GroupCreated(group=proposed))
    assert told(world.database) == {}
    adopted = proposed.model_copy(update={"status": "active", "version": 2})
    event = world.tell(GroupUpdated(group=adopted))
    assert list(told(world.database)) == [("ana@example.org", event.id)]


def test_readers_hear_of_no_group_that_is_not_for_everybody(world: World) -> None:
    world.subscribe("ana@example.org")
    hidden = world.group().model_copy(update={"visibility": "partners"})
    world.tell(GroupCreated(group=hidden))
    closed = hidden.model_copy(update={"status": "concluded", "version": 2})
    world.tell(GroupUpdated(group=closed))
    assert told(world.database) == {}


@pytest.mark.parametrize("visibility", ["partners", "members"])
def test_readers_hear_of_nothing_that_a_hidden_group_does(world: World, visibility: str) -> None:
    world.open_group()
    hidden = world.group().model_copy(update={"visibility": visibility, "version": 2})
    world.tell(GroupUpdated(group=hidden))
    world.subscribe("ana@example.org")
    world.tell(world.update())
    world.tell(world.joined("FAO"))
    world.tell(meeting({world.group_id: THEME}))
    world.tell(ActionItemAssigned(action=world.action()))
    assert told(world.database) == {}


def test_a_notice_before_the_subscription_is_not_told(world: World) -> None:
    world.open_group()
    world.tell(world.update())
    world.subscribe("ana@example.org")
    assert told(world.database) == {}


def test_an_action_item_reaches_who_follows_the_accountable_institution(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org", Frequency.DAILY, targets.institution(world.institution_id))
    event = world.tell(ActionItemAssigned(action=world.action()))
    assert list(told(world.database)) == [("ana@example.org", event.id)]


def told(database: Database) -> dict[tuple[str, UUID], Frequency]:
    """Who is told of which event, and how soon; an immediate one has its digest already."""
    with database.read() as session:
        rows = session.exec(
            select(Subscriber.email, Notice.event_id, DigestItem.frequency, Digest.frequency)
            .select_from(DigestItem)
            .join(Subscriber, col(Subscriber.id) == col(DigestItem.subscriber_id))
            .join(Notice, col(Notice.id) == col(DigestItem.notice_id))
            .outerjoin(Digest, col(Digest.id) == col(DigestItem.digest_id))
        ).all()
    for _, _, frequency, of_digest in rows:
        assert of_digest is (Frequency.IMMEDIATE if frequency is Frequency.IMMEDIATE else None)
    found = {(email, event_id): Frequency(frequency) for email, event_id, frequency, _ in rows}
    assert len(found) == len(rows)
    return found


def meeting(groups: dict[UUID, str]) -> MeetingRecorded:
    """A meeting of groups, each with its theme."""
    return MeetingRecorded.model_validate(
        {
            "meeting_id": new_id(),
            "title": "Retreat",
            "date": "2020-12-15",
            "time_zone": "Asia/Bangkok",
            "mode": "hybrid",
            "participants_in_person": 19,
            "participants_online": 16,
            "groups": [
                {"group_id": group, "title": "A group", "theme_slug": theme}
                for group, theme in groups.items()
            ],
            "agreed_points": [],
        }
    )


def posted(world: World, post: Post) -> UpdatePosted:
    return world.update().model_copy(
        update={
            "theme_slug": post.theme,
            "group_id": post.group,
            "institution_id": post.institution,
            "kind": post.kind,
        }
    )


def know_all(world: World) -> None:
    """Let the read models know every theme, group and institution of these tests."""
    with world.database.write() as session:
        from services.notifier.tables import Group, Theme

        session.add_all(Theme(slug=slug, title=slug.title()) for slug in THEMES)
        session.add_all(
            Group(id=group, title="A group", theme_slug=THEMES[0], status="active", version=1)
            for group in GROUPS
        )
        session.add_all(
            Institution(
                id=each, name="An institution", status="verified", visibility="public", version=1
            )
            for each in INSTITUTIONS
        )
