"""How institutions come to belong to a group: openly, on request, by invitation."""

from collections.abc import Callable
from typing import Any

import pytest

from services.workgroups.membership_lifecycle import TRANSITIONS, Action, State
from shared.events.catalogue import (
    InstitutionSuspended,
    MembershipAskedNoMore,
    MembershipDeclined,
    MembershipInvited,
    MembershipJoined,
    MembershipLeft,
    MembershipRequested,
)
from tests.workgroups.belonging import WHY, Door, door
from tests.workgroups.stage import UNKNOWN
from tests.workgroups.world import Partner, Workgroups, institution_facts


def told(workgroups: Workgroups, kind: type[Any]) -> list[Any]:
    return [data for _, data in workgroups.published() if isinstance(data, kind)]


def test_a_request_is_approved_and_the_institution_takes_part(workgroups: Workgroups) -> None:
    asked, unv = door(workgroups), workgroups.partner("UNV")

    made = asked.request(unv, message="We can train.")

    assert made.status_code == 201, made.text
    request = made.json()
    assert made.headers["location"] == f"/admissions/{request['id']}"
    assert (request["kind"], request["state"], request["message"]) == (
        "request",
        "requested",
        "We can train.",
    )
    assert asked.state_of(unv) is None, "asking is not joining"
    approved = asked.answer(asked.coordinator, request, "approve")
    assert approved.json()["state"] == "active"
    assert approved.json()["decided_by"]["name"] == "Chanda Mwila"
    assert asked.state_of(unv) == "active"
    assert len(told(workgroups, MembershipRequested)) == 1
    assert len(told(workgroups, MembershipJoined)) == 1


def test_a_declined_institution_reads_why_and_may_ask_again(workgroups: Workgroups) -> None:
    asked, unv = door(workgroups), workgroups.partner("UNV")
    request = asked.request(unv).json()

    assert asked.answer(asked.coordinator, request, "decline").json()["state"] == "declined"

    read = workgroups.read(unv.focal_point, f"/admissions/{request['id']}")
    assert read["reason"] == "Because."
    assert [data.reason for data in told(workgroups, MembershipDeclined)] == ["Because."]
    assert asked.request(unv).status_code == 201


def test_an_invited_institution_accepts_or_says_why_not(workgroups: Workgroups) -> None:
    by_invitation = door(workgroups, "invitation", visibility="members")
    unv, fao = workgroups.partner("UNV"), workgroups.partner("FAO")

    accepted, declined = by_invitation.invite(unv).json(), by_invitation.invite(fao).json()

    assert workgroups.send(unv.focal_point, "GET", by_invitation.path).status_code == 404
    assert by_invitation.answer(unv.focal_point, accepted, "accept").status_code == 200
    assert workgroups.send(unv.focal_point, "GET", by_invitation.path).status_code == 200
    assert by_invitation.answer(fao.focal_point, declined, "decline").status_code == 200
    assert (by_invitation.state_of(unv), by_invitation.state_of(fao)) == ("active", None)
    assert len(told(workgroups, MembershipInvited)) == 2


def test_who_asked_takes_it_back(workgroups: Workgroups) -> None:
    asked = door(workgroups)
    unv, fao = workgroups.partner("UNV"), workgroups.partner("FAO")
    request, invitation = asked.request(unv).json(), asked.invite(fao).json()

    assert asked.answer(unv.focal_point, request, "withdraw").json()["state"] == "withdrawn"
    assert asked.answer(asked.coordinator, invitation, "withdraw").json()["state"] == "withdrawn"

    assert len(told(workgroups, MembershipAskedNoMore)) == 2
    assert asked.answer(asked.coordinator, request, "approve").status_code == 409


WAYS_IN = {
    "open": "is open: join with POST /groups",
    "on_request": "is joined on request: ask with POST /groups",
    "invitation": "is joined by invitation: ask who leads it for one",
}


@pytest.mark.parametrize("admission", WAYS_IN)
def test_a_wrong_way_in_is_refused_with_the_right_one(
    workgroups: Workgroups, admission: str
) -> None:
    closed, unv = door(workgroups, admission), workgroups.partner("UNV")
    body = {"institution_id": str(unv.id)}
    joined = workgroups.send(unv.focal_point, "POST", f"{closed.path}/members", body)
    requested = closed.request(unv)
    wrong = requested if admission == "open" else joined

    assert {joined.status_code, requested.status_code} == (
        {409} if admission == "invitation" else {201, 409}
    )
    assert WAYS_IN[admission] in wrong.json()["detail"]


def test_who_is_invited_or_waits_is_told_so_when_joining(workgroups: Workgroups) -> None:
    asked = door(workgroups)
    unv, fao = workgroups.partner("UNV"), workgroups.partner("FAO")
    request, invitation = asked.request(unv).json(), asked.invite(fao).json()
    for partner, expected in (
        (unv, "You have asked already"),
        (fao, f"/admissions/{invitation['id']}/accept"),
    ):
        body = {"institution_id": str(partner.id)}
        refused = workgroups.send(partner.focal_point, "POST", f"{asked.path}/members", body)
        assert (refused.status_code, expected in refused.json()["detail"]) == (409, True)
    assert f"/admissions/{request['id']}" in asked.request(unv).json()["detail"]
    assert f"/admissions/{invitation['id']}" in asked.request(fao).json()["detail"]


def test_a_coordinator_of_the_platform_enrols_whoever_waits(workgroups: Workgroups) -> None:
    asked, unv = door(workgroups), workgroups.partner("UNV")
    request = asked.request(unv).json()
    body = {"institution_id": str(unv.id)}

    workgroups.made(asked.coordinator, f"{asked.path}/members", body)

    read = workgroups.read(unv.focal_point, f"/admissions/{request['id']}")
    assert (read["state"], read["decided_by"]["id"]) == ("active", str(asked.coordinator.id))


ANSWERS = ("approve", "accept", "decline", "withdraw")


def outcome(kind: str, who: str, how: str) -> int:
    """Return what the table says of an answer."""
    side = {"leader": "leader", "platform": "leader", "institution": "institution"}.get(who)
    if side is None:
        return 404
    if how in ("approve", "accept") and (how == "approve") != (kind == "request"):
        return 409
    asking = "institution" if kind == "request" else "leader"
    return 200 if (side == asking) == (how == "withdraw") else 403


@pytest.mark.parametrize("kind", ["request", "invitation"])
@pytest.mark.parametrize("who", ["leader", "platform", "institution", "other", "somebody"])
def test_each_side_answers_what_is_its_to_answer(
    embedded_workgroups: Workgroups, kind: str, who: str
) -> None:
    asked = door(embedded_workgroups)
    unv, fao, ilo = (embedded_workgroups.partner(name) for name in ("UNV", "FAO", "ILO"))
    enrol = {"institution_id": str(ilo.id)}
    embedded_workgroups.made(asked.coordinator, f"{asked.path}/members", enrol)
    assert asked.give(ilo.focal_point, "co_chair").status_code == 201
    callers = {
        "leader": ilo.focal_point,
        "platform": asked.coordinator,
        "institution": unv.focal_point,
        "other": fao.focal_point,
        "somebody": embedded_workgroups.person(),
    }
    for how in ANSWERS:
        made = asked.request(unv) if kind == "request" else asked.invite(unv)
        admission = made.json()

        answer = asked.answer(callers[who], admission, how)

        assert answer.status_code == outcome(kind, who, how), f"{how}: {answer.text}"
        if answer.status_code != 200:
            asker = unv.focal_point if kind == "request" else asked.coordinator
            assert asked.answer(asker, admission, "withdraw").status_code == 200
        elif how in ("approve", "accept"):
            leave = f"{asked.path}/members/{unv.id}"
            embedded_workgroups.send(unv.focal_point, "DELETE", leave)
        path = f"/admissions/{admission['id']}"
        seen = embedded_workgroups.send(callers[who], "GET", path).status_code
        assert seen == (404 if who in ("other", "somebody") else 200)


def test_what_was_answered_is_not_answered_again(workgroups: Workgroups) -> None:
    asked, unv = door(workgroups), workgroups.partner("UNV")
    request = asked.request(unv).json()
    asked.answer(asked.coordinator, request, "approve")
    before = workgroups.everything()
    for by, how in (
        (asked.coordinator, "approve"),
        (asked.coordinator, "decline"),
        (unv.focal_point, "withdraw"),
    ):
        refused = asked.answer(by, request, how)
        assert refused.status_code == 409
        assert "takes part (active)" in refused.json()["detail"]
    assert workgroups.everything() == before


@pytest.mark.parametrize("what", ["requests", "invitations"])
def test_nobody_asks_for_what_can_not_be(workgroups: Workgroups, what: str) -> None:
    asked, unv = door(workgroups), workgroups.partner("UNV")
    by = unv.focal_point if what == "requests" else asked.coordinator
    good = {"institution_id": str(unv.id)}
    for body, status, pointer in (
        ({"institution_id": UNKNOWN}, 404, "/institution_id"),
        ({}, 422, "/institution_id"),
        ({**good, "message": "bell \x07"}, 422, "/message"),
        ({**good, "role": "chair"}, 422, "/role"),
    ):
        before = workgroups.everything()
        refused = workgroups.send(by, "POST", f"{asked.path}/{what}", body)
        assert refused.status_code == status, refused.text
        assert refused.json()["errors"][0]["pointer"] == pointer
        assert workgroups.everything() == before
    facts = institution_facts(institution_id=unv.id, status="suspended", version=9)
    workgroups.tell(InstitutionSuspended(institution=facts, reason="A concern."))
    assert workgroups.send(by, "POST", f"{asked.path}/{what}", good).status_code == 409


def test_only_who_leads_the_group_invites(workgroups: Workgroups) -> None:
    asked, unv = door(workgroups), workgroups.partner("UNV")
    assert asked.invite(unv, by=unv.focal_point).status_code == 403


def test_a_closed_group_takes_no_requests_and_approves_none(workgroups: Workgroups) -> None:
    asked, unv, fao = door(workgroups), workgroups.partner("UNV"), workgroups.partner("FAO")
    request = asked.request(unv).json()
    workgroups.send(asked.coordinator, "POST", f"{asked.path}/conclude", WHY, if_match='"1"')
    assert asked.request(fao).status_code == 409
    assert asked.answer(asked.coordinator, request, "approve").status_code == 409
    assert asked.answer(unv.focal_point, request, "withdraw").status_code == 200


def test_of_an_approval_and_a_withdrawal_at_the_same_time_one_holds(
    workgroups: Workgroups, at_once: Callable[..., list[Any]]
) -> None:
    asked, unv = door(workgroups), workgroups.partner("UNV")
    request = asked.request(unv).json()
    answers = at_once(
        lambda: asked.answer(asked.coordinator, request, "approve").status_code,
        lambda: asked.answer(unv.focal_point, request, "withdraw").status_code,
    )
    assert sorted(answers) == [200, 409]
    assert (asked.state_of(unv) == "active") == (answers[0] == 200)


def test_a_request_sent_twice_with_one_key_is_made_once(workgroups: Workgroups) -> None:
    asked, unv = door(workgroups), workgroups.partner("UNV")
    body = {"institution_id": str(unv.id)}
    first, again = (
        workgroups.send(
            unv.focal_point, "POST", f"{asked.path}/requests", body, idempotency_key="k"
        )
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


def test_lists_are_filtered_and_show_others_only_their_own(workgroups: Workgroups) -> None:
    asked = door(workgroups)
    unv, fao = workgroups.partner("UNV"), workgroups.partner("FAO")
    asked.request(unv)
    asked.answer(asked.coordinator, asked.invite(fao).json(), "withdraw")

    def listed(by: Any, query: str = "") -> list[str]:
        found = workgroups.read(by, f"{asked.path}/admissions{query}")["items"]
        return [each["institution_acronym"] for each in found]

    assert listed(asked.coordinator) == ["UNV", "FAO"]
    assert listed(asked.coordinator, "?state=requested") == ["UNV"]
    assert listed(asked.coordinator, "?kind=invitation") == ["FAO"]
    assert listed(fao.focal_point) == ["FAO"]
    assert listed(workgroups.person()) == []


def remove(asked: Door, partner: Partner, body: Any = WHY) -> Any:
    path = f"{asked.path}/members/{partner.id}/remove"
    return asked.workgroups.send(asked.coordinator, "POST", path, body)


def test_a_member_is_removed_with_a_reason_that_it_reads(workgroups: Workgroups) -> None:
    asked, unv = door(workgroups, "open"), workgroups.partner("UNV")
    workgroups.join(unv, asked.group)
    for body in ({}, {"reason": ""}, {"reason": None}):
        assert remove(asked, unv, body).status_code == 422
    leave = workgroups.send(asked.coordinator, "DELETE", f"{asked.path}/members/{unv.id}")
    assert leave.status_code == 403, "it leaves by itself, or is removed with a reason"

    assert remove(asked, unv).status_code == 204

    assert [data.removed for data in told(workgroups, MembershipLeft)] == [True]
    history = workgroups.read(unv.focal_point, f"{asked.path}/membership-history")["items"]
    assert [(entry["action"], entry["to_state"], entry["reason"]) for entry in history] == [
        ("join", "active", None),
        ("remove", "removed", "Because."),
    ]
    removed = workgroups.read(None, f"{asked.path}/members?state=removed")["items"]
    assert [member["institution_acronym"] for member in removed] == ["UNV"]
    assert remove(asked, unv).status_code == 404


def test_who_still_owes_something_is_not_removed(workgroups: Workgroups) -> None:
    asked, unv = door(workgroups, "open"), workgroups.partner("UNV")
    workgroups.join(unv, asked.group)
    workgroups.assign(asked.coordinator, asked.group, unv)
    refused = remove(asked, unv)
    assert refused.status_code == 409
    assert "(number 1)" in refused.json()["detail"]


def test_a_suspended_member_takes_no_part_until_it_is_confirmed(workgroups: Workgroups) -> None:
    asked, unv = door(workgroups, "open", visibility="partners"), workgroups.partner("UNV")
    workgroups.join(unv, asked.group)
    asked.suspend(unv)
    body = {"kind": "news", "title": "T", "text": "T.", "institution_id": str(unv.id)}

    refused = workgroups.send(unv.focal_point, "POST", f"{asked.path}/updates", body)

    assert refused.status_code == 409
    assert f"/members/{unv.id}/confirm" in refused.json()["detail"]
    listed = workgroups.read(asked.coordinator, f"{asked.path}/members?state=suspended")
    assert [member["institution_acronym"] for member in listed["items"]] == ["UNV"]
    confirm = f"{asked.path}/members/{unv.id}/confirm"
    assert workgroups.send(unv.focal_point, "POST", confirm).status_code == 403
    assert workgroups.send(asked.coordinator, "POST", confirm).json()["state"] == "active"
    assert workgroups.send(asked.coordinator, "POST", confirm).status_code == 409
    assert workgroups.send(unv.focal_point, "POST", f"{asked.path}/updates", body).is_success


def test_a_hidden_group_is_not_joined_by_who_knows_its_id(workgroups: Workgroups) -> None:
    hidden, unv = door(workgroups, "open", visibility="members"), workgroups.partner("UNV")
    body = {"institution_id": str(unv.id)}
    for path in ("members", "requests"):
        answer = workgroups.send(unv.focal_point, "POST", f"{hidden.path}/{path}", body)
        assert answer.status_code == 404


def test_the_table_says_how_each_membership_begins_and_ends() -> None:
    begins = {action for action, step in TRANSITIONS.items() if not step.sources}
    assert begins == {Action.JOIN, Action.ENROL, Action.REQUEST, Action.INVITE}
    for state in State:
        followed = any(state in step.sources for step in TRANSITIONS.values())
        ended = {State.DECLINED, State.WITHDRAWN, State.LEFT, State.REMOVED}
        assert followed == (state not in ended), state


def test_the_table_is_shown_to_everybody(embedded_workgroups: Workgroups) -> None:
    items = embedded_workgroups.read(None, "/transitions/memberships")["items"]
    assert {item["action"]: item["reason_required"] for item in items} == {
        action: step.reason_required for action, step in TRANSITIONS.items()
    }
