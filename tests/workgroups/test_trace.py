"""The trace leads from what was raised to what came of it, and back, through what is seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlmodel import Session

from services.workgroups import trace
from services.workgroups.tables import (
    ActionItem,
    ActionItemSupport,
    AgreedPoint,
    Group,
    Institution,
    Meeting,
    MeetingGroup,
    Support,
    Theme,
)
from services.workgroups.trace_sight import Kind, Ref, Sight
from shared.database import Database
from shared.events.catalogue import (
    IntroductionDeclined,
    IntroductionDelivered,
    IntroductionFacts,
    NeedDelivered,
    NeedPublished,
    OfferPublished,
    VolumeFacts,
)
from shared.ids import new_id
from tests.workgroups.action_scene import Scene, refused
from tests.workgroups.stage import MEETING
from tests.workgroups.world import Person, support_facts

UNKNOWN = "018f4e2a-0000-7000-8000-00000000ffff"


def traced(scene: Scene, person: Person | None, kind: str, thing: Any) -> dict[str, Any]:
    thing_id = thing["id"] if isinstance(thing, dict) else thing
    return scene.workgroups.read(person, f"/trace/{kind}/{thing_id}")


def kinds(found: dict[str, Any]) -> list[str]:
    return [node["kind"] for node in found["nodes"]]


def refs(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(node["kind"], node["id"]) for node in found["nodes"]}


def need_of_fao(scene: Scene) -> str:
    need = support_facts(scene.fao.id, title="Teachers for villages")
    scene.workgroups.tell(NeedPublished(need=need))
    return str(need.item_id)


def offer_of_unv(scene: Scene) -> str:
    offer = support_facts(scene.unv.id)
    scene.workgroups.tell(OfferPublished(offer=offer))
    return str(offer.item_id)


def point_on(scene: Scene, meeting: dict[str, Any], **answers: Any) -> dict[str, Any]:
    path = f"/meetings/{meeting['id']}/agreed-points"
    return scene.workgroups.made(scene.coordinator, path, {"text": "Find teachers.", **answers})


def story(scene: Scene) -> dict[str, Any]:
    """A need, the point that answers it, an action item with a part and an offer, and a result."""
    need, offer, meeting = need_of_fao(scene), offer_of_unv(scene), scene.meeting("Another.")
    point = point_on(scene, meeting, need_id=need)
    item = scene.item(agreed_point_id=point["id"], offers=[offer])
    part = scene.item(parent_id=item["id"], due_date="2021-02-28")
    for each in (part, item):
        scene.changed(
            scene.unv.focal_point, each, state="done", result="Forty came.", result_links=[LINK]
        )
    return {
        "need": need,
        "meeting": meeting["id"],
        "agreed_point": point["id"],
        "action_item": item["id"],
        "part": part["id"],
        "offer": offer,
    }


LINK = "https://unv.example.org/forty"


def test_a_need_leads_through_the_point_to_its_action_items_and_results(scene: Scene) -> None:
    told = story(scene)

    found = traced(scene, None, "need", told["need"])

    assert kinds(found) == [
        *("need", "meeting", "agreed_point", "action_item", "action_item", "offer")
    ]
    need, meeting, point, part, item, offer = found["nodes"]
    assert (need["title"], need["status"]) == ("Teachers for villages", "published")
    assert need["institution"]["acronym"] == "FAO"
    assert (meeting["id"], meeting["date"]) == (told["meeting"], "2020-12-15")
    assert (point["reference"], point["status"]) == ("point 2", "done")
    assert (part["id"], item["id"]) == (told["part"], told["action_item"])
    assert (item["reference"], item["path"]) == ("digital #1", f"/action-items/{item['id']}")
    assert [(each["text"], each["links"]) for each in item["results"]] == [("Forty came.", [LINK])]
    assert [group["slug"] for group in item["groups"]] == ["digital"]
    assert offer["id"] == told["offer"]
    assert {
        (link["source"]["kind"], link["relation"], link["target"]["kind"])
        for link in found["links"]
    } == {
        ("need", "answered_by", "agreed_point"),
        ("meeting", "agreed", "agreed_point"),
        ("agreed_point", "led_to", "action_item"),
        ("action_item", "has_part", "action_item"),
        ("action_item", "is_about", "offer"),
    }
    assert (found["hidden"], found["complete"], found["bounds"]) == (0, True, None)


def test_it_is_the_same_from_every_place_of_the_story(scene: Scene) -> None:
    told = story(scene)
    whole = traced(scene, None, "need", told["need"])
    for kind in ("agreed_point", "action_item", "part"):
        name = "action_item" if kind == "part" else kind
        assert traced(scene, None, name, told[kind]) == whole, kind
    # The meeting agreed on something else as well; the offer is in this story alone.
    assert kinds(traced(scene, None, "meeting", told["meeting"])).count("agreed_point") == 2
    assert traced(scene, None, "offer", told["offer"]) == whole


def test_a_challenge_and_an_update_about_a_need_belong_to_its_story(scene: Scene) -> None:
    need = need_of_fao(scene)
    said = {"institution_id": str(scene.fao.id), "title": "No teachers", "text": "We find none."}
    path = f"/groups/{scene.group['id']}/updates"
    raised = scene.workgroups.made(
        scene.fao.focal_point, path, {**said, "kind": "challenge", "needs": [need]}
    )
    answer = point_on(scene, scene.meeting(), update_id=raised["id"])
    assert refs(traced(scene, None, "agreed_point", answer)) == {
        ("need", need),
        ("update", raised["id"]),
        ("meeting", answer["meeting_id"]),
        ("agreed_point", answer["id"]),
    }

    scene.workgroups.send(
        scene.fao.focal_point,
        "POST",
        f"/updates/{raised['id']}/withdraw",
        {"reason": "We found some."},
        if_match='"1"',
    )
    withdrawn = traced(scene, None, "agreed_point", answer)
    assert [node["title"] for node in withdrawn["nodes"]] == [None, "Retreat", "Find teachers."]


def test_nobody_else_learns_of_a_draft(scene: Scene) -> None:
    need = need_of_fao(scene)
    said = {"institution_id": str(scene.unv.id), "title": "Soon", "text": "Soon.", "kind": "news"}
    draft = scene.workgroups.made(
        scene.unv.focal_point,
        f"/groups/{scene.group['id']}/updates",
        {**said, "draft": True, "needs": [need]},
    )
    assert draft["state"] == "draft"
    for person in (None, scene.fao.focal_point):
        found = traced(scene, person, "need", need)
        assert (kinds(found), found["hidden"]) == (["need"], 0)
        refused(scene.workgroups.send(person, "GET", f"/trace/update/{draft['id']}"), 404)
    assert kinds(traced(scene, scene.unv.focal_point, "need", need)) == ["need", "update"]


def test_what_a_hidden_group_does_is_counted_and_not_told(scene: Scene) -> None:
    workgroups, need = scene.workgroups, need_of_fao(scene)
    hidden = workgroups.group(scene.coordinator, "hidden", visibility="members")
    workgroups.join(scene.unv, hidden)
    meeting = workgroups.made(
        scene.coordinator, "/meetings", {**MEETING, "group_ids": [hidden["id"]]}
    )
    secret = point_on(scene, meeting, need_id=need)
    item = workgroups.assign(
        scene.coordinator, hidden, scene.unv, agreed_point_id=secret["id"], title="Secret"
    )
    shown = scene.item(needs=[need])

    for person in (None, scene.fao.focal_point):
        found = traced(scene, person, "need", need)
        assert refs(found) == {("need", need), ("action_item", shown["id"])}
        assert found["hidden"] == 1
        assert all(secret["id"] not in str(link) for link in found["links"])
        assert traced(scene, person, "action_item", shown) == found
        for kind, thing in (
            ("agreed_point", secret["id"]),
            ("action_item", item["id"]),
            ("meeting", meeting["id"]),
        ):
            refused(workgroups.send(person, "GET", f"/trace/{kind}/{thing}"), 404)
    for member in (scene.unv.focal_point, scene.coordinator):
        found = traced(scene, member, "need", need)
        assert (len(found["nodes"]), found["hidden"]) == (5, 0)


def test_what_was_delivered_is_shown_to_both_sides_and_coordinators(scene: Scene) -> None:
    need, offer = need_of_fao(scene), offer_of_unv(scene)
    outcome = IntroductionFacts(
        introduction_id=new_id(),
        need_id=UUID(need),
        offer_id=UUID(offer),
        recipient_id=scene.fao.id,
        provider_id=scene.unv.id,
        state="delivered",
        volume=VolumeFacts(amount=40, unit="people"),
        delivered_on=date(2021, 5, 1),
        version=4,
    )
    delivered = support_facts(scene.fao.id, item_id=UUID(need), state="delivered", version=5)
    declined = outcome.model_copy(
        update={"volume": None, "delivered_on": None, "state": "declined", "version": 2}
    )
    scene.workgroups.tell(IntroductionDeclined(introduction=declined, reason="No seats."))
    assert kinds(traced(scene, scene.coordinator, "need", need)) == ["need"]
    scene.workgroups.tell(
        IntroductionDelivered(introduction=outcome), NeedDelivered(need=delivered)
    )

    for one in (scene.fao.focal_point, scene.unv.focal_point, scene.coordinator):
        found = traced(scene, one, "need", need)
        assert kinds(found) == ["need", "offer"]
        [result] = found["nodes"][0]["results"]
        assert result["volume"] == {"amount": 40, "unit": "people", "currency": None}
        assert (result["date"], result["institution"]["acronym"]) == ("2021-05-01", "UNV")
        assert [link["relation"] for link in found["links"]] == ["introduced_to"]
    for person in (None, scene.workgroups.partner("CIRDAP").focal_point):
        found = traced(scene, person, "need", need)
        assert (kinds(found), found["hidden"]) == (["need"], 0)
        assert (found["nodes"][0]["status"], found["nodes"][0]["results"]) == ("delivered", [])


def test_what_is_not_there_is_not_found(scene: Scene) -> None:
    for kind in Kind:
        detail = refused(scene.workgroups.send(None, "GET", f"/trace/{kind}/{UNKNOWN}"), 404)
        assert kind.replace("_", " ") in detail
    need = need_of_fao(scene)
    refused(scene.workgroups.send(None, "GET", f"/trace/offer/{need}"), 404)
    refused(scene.workgroups.send(None, "GET", f"/trace/group/{scene.group['id']}"), 404)
    refused(scene.workgroups.send(None, "GET", "/trace/need/mine"), 404)


@contextmanager
def questions() -> Iterator[list[str]]:
    """Yield what databases are asked meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield asked
    event.remove(Engine, "before_cursor_execute", note)


def test_a_trace_asks_as_often_however_much_there_is_and_says_when_it_is_cut(scene: Scene) -> None:
    database = scene.workgroups.database
    point = point_on(scene, scene.meeting())
    first = scene.item(agreed_point_id=point["id"])

    def more(numbers: range) -> None:
        with database.write() as session:
            session.add_all(
                ActionItem(
                    group_id=UUID(scene.group["id"]),
                    number=number,
                    title="Do it",
                    institution_id=scene.unv.id,
                    due_date=date(2021, 3, 31),
                    meeting_id=UUID(point["meeting_id"]),
                    agreed_point_id=UUID(point["id"]),
                    assigned_by=new_id(),
                )
                for number in numbers
            )

    more(range(2, 4))
    with questions() as few:
        traced(scene, None, "action_item", first)
    more(range(4, 100))
    with questions() as many:
        found = traced(scene, None, "action_item", first)
    assert (len(found["nodes"]), found["complete"]) == (101, True)
    assert len(many) == len(few) > 0

    more(range(100, 300))
    cut = traced(scene, None, "action_item", first)
    assert (len(cut["nodes"]), cut["complete"]) == (trace.MOST, False)
    assert str(trace.MOST) in cut["bounds"]
    assert traced(scene, None, "action_item", first) == cut


# A world of stories: who belongs to which is told once more, by joining what is linked.

Plan = list[tuple[int, int, int, int, bool]]
"""For each action item: its point, its parent, its need and its offer, as far as there are any,
and whether its group is hidden."""


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    points=st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2)), max_size=4),
    items=st.lists(
        st.tuples(
            st.integers(-1, 3),
            st.integers(-1, 6),
            st.integers(-1, 2),
            st.integers(-1, 1),
            st.booleans(),
        ),
        max_size=7,
    ),
)
def test_from_every_place_of_a_story_the_trace_is_that_story(
    database: Database, points: list[tuple[int, int]], items: Plan
) -> None:
    with Session(database.engine) as session:
        joined, hidden = _world(session, points, items)
        unknown = Sight.of(session, None)
        walked = {ref: trace.walk(session, unknown, ref) for ref in joined if ref not in hidden}
        for ref, found in walked.items():
            beyond = _story(joined, hidden, ref)
            assert set(found.rows) == beyond - hidden
            assert found.hidden == len(beyond & hidden)
            assert all({link.source, link.target} <= found.rows.keys() for link in found.links)
            for other in found.rows:
                if {ref.kind, other.kind}.isdisjoint(trace.SHARED):
                    assert walked[other].rows.keys() == found.rows.keys()
                    assert walked[other].links == found.links
                    assert walked[other].hidden == found.hidden
        session.rollback()


def _story(joined: dict[Ref, set[Ref]], hidden: set[Ref], start: Ref) -> set[Ref]:
    """Return what hangs together with ``start``, up to what is hidden, by a plain search."""
    found, waiting = {start}, [start]
    while waiting:
        one = waiting.pop()
        if one in hidden or (one.kind in trace.SHARED and one != start):
            continue
        waiting += joined[one] - found
        found |= joined[one]
    return found


def _world(
    session: Session, points: list[tuple[int, int]], items: Plan
) -> tuple[dict[Ref, set[Ref]], set[Ref]]:
    """Store the plan; return what each thing is linked to, and what is hidden."""
    theme = Theme(slug="a-theme", title="A theme")
    shown = Group(slug="shown", title="Shown", purpose="Meet.", theme_id=theme.id)
    hidden = Group(
        slug="hidden", title="Hidden", purpose="Meet.", theme_id=theme.id, visibility="members"
    )
    session.add(theme)
    session.flush()
    session.add_all([shown, hidden])
    institution = new_id()
    session.add(
        Institution(
            id=institution, name="UNV", organisation_type="40", status="verified", version=1
        )
    )
    supports = [
        Support(
            id=new_id(),
            side=side,
            institution_id=institution,
            title="Help",
            state="published",
            version=1,
        )
        for side in ("need", "need", "need", "offer", "offer")
    ]
    needs, offers = supports[:3], supports[3:]
    meetings = [
        Meeting(
            title="Met",
            held_on=date(2021, 1, 1),
            time_zone="UTC",
            mode="hybrid",
            recorded_by=new_id(),
        )
        for _ in range(3)
    ]
    session.add_all([*supports, *meetings])
    session.flush()
    session.add_all(MeetingGroup(meeting_id=each.id, group_id=shown.id) for each in meetings)
    joined: dict[Ref, set[Ref]] = {
        **{Ref(Kind(each.side), each.id): set() for each in supports},
        **{Ref(Kind.MEETING, each.id): set() for each in meetings},
    }

    def join(one: Ref, other: Ref) -> None:
        joined.setdefault(one, set()).add(other)
        joined.setdefault(other, set()).add(one)

    agreed: list[AgreedPoint] = []
    for number, (meeting, need) in enumerate(points, start=1):
        point = AgreedPoint(
            meeting_id=meetings[meeting].id,
            number=number,
            text="Listen.",
            need_id=needs[need].id if need >= 0 else None,
        )
        agreed.append(point)
        join(Ref(Kind.AGREED_POINT, point.id), Ref(Kind.MEETING, point.meeting_id))
        if point.need_id:
            join(Ref(Kind.AGREED_POINT, point.id), Ref(Kind.NEED, point.need_id))
    session.add_all(agreed)
    session.flush()
    given: list[ActionItem] = []
    for number, (on, parent, need, offer, out_of_sight) in enumerate(items, start=1):
        above = given[parent] if 0 <= parent < len(given) else None
        group = hidden if out_of_sight else shown
        if above is not None and above.group_id != group.id:
            above = None
        of = agreed[on] if 0 <= on < len(agreed) else None
        item = ActionItem(
            group_id=group.id,
            number=number,
            title="Do it",
            institution_id=institution,
            due_date=date(2021, 3, 31),
            agreed_point_id=of.id if of else None,
            meeting_id=of.meeting_id if of else None,
            parent_id=above.id if above else None,
            assigned_by=new_id(),
        )
        session.add(item)
        session.flush()
        given.append(item)
        ref = Ref(Kind.ACTION_ITEM, item.id)
        joined.setdefault(ref, set())
        if of:
            join(ref, Ref(Kind.AGREED_POINT, of.id))
        if above:
            join(ref, Ref(Kind.ACTION_ITEM, above.id))
        for support in (
            needs[need] if need >= 0 else None,
            offers[offer] if offer >= 0 else None,
        ):
            if support:
                session.add(
                    ActionItemSupport(
                        action_item_id=item.id, support_id=support.id, side=support.side
                    )
                )
                join(ref, Ref(Kind(support.side), support.id))
    session.flush()
    of_hidden = {Ref(Kind.ACTION_ITEM, each.id) for each in given if each.group_id == hidden.id}
    return joined, of_hidden
