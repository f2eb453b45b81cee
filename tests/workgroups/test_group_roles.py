"""People in a group: which roles they have, who gives and takes them, and what waits for whom."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.events.catalogue import (
    FocalPointConfirmed,
    FocalPointRemoved,
    GroupLeftWithoutCoordinator,
)
from tests.workgroups.belonging import WHY, Door, door
from tests.workgroups.stage import UNKNOWN
from tests.workgroups.world import Partner, Person, Workgroups


@pytest.fixture
def opened(workgroups: Workgroups) -> tuple[Door, Partner]:
    """A group with a member."""
    asked, unv = door(workgroups, "open"), workgroups.partner("UNV")
    workgroups.join(unv, asked.group)
    return asked, unv


def roles(asked: Door, query: str = "") -> list[tuple[str, str]]:
    found = asked.workgroups.read(asked.coordinator, f"{asked.path}/roles{query}")["items"]
    return [(each["role"], each["state"]) for each in found]


def test_a_group_has_its_coordinator_co_chairs_and_rapporteur(
    workgroups: Workgroups, opened: tuple[Door, Partner]
) -> None:
    asked, unv = opened
    made = asked.give(unv.focal_point, "coordinator")
    assert made.status_code == 201, made.text
    assert made.json()["institution_name"] == "United Nations Volunteers"
    assert made.json()["person"] == {"id": str(unv.focal_point.id), "name": "Ana Souza"}
    assert asked.give(asked.coordinator, "co_chair").json()["institution_id"] is None
    by = unv.focal_point
    assert asked.give(asked.coordinator, "rapporteur", by=by).status_code == 201, "it leads now"
    assert roles(asked) == [
        ("coordinator", "active"),
        ("co_chair", "active"),
        ("rapporteur", "active"),
    ]
    assert roles(asked, "?role=co_chair&role=rapporteur") == [
        ("co_chair", "active"),
        ("rapporteur", "active"),
    ]
    assert workgroups.read(by, made.headers["location"]) == made.json()


def test_the_same_role_is_given_once(opened: tuple[Door, Partner]) -> None:
    asked, unv = opened
    asked.give(unv.focal_point, "rapporteur")
    again = asked.give(unv.focal_point, "rapporteur")
    assert again.status_code == 409
    assert "already" in again.json()["detail"]


@pytest.mark.parametrize(
    ("role", "status"), [("observer", 201), ("adviser", 201), ("rapporteur", 422), ("member", 422)]
)
def test_people_from_outside_observe_and_advise(
    workgroups: Workgroups, opened: tuple[Door, Partner], role: str, status: int
) -> None:
    asked, _ = opened
    fao = workgroups.partner("FAO")
    answer = asked.give(fao.focal_point, role)
    assert answer.status_code == status, answer.text
    if status == 422:
        assert answer.json()["errors"][0]["pointer"] == "/role"


def test_bad_roles_are_refused_in_words(
    workgroups: Workgroups, opened: tuple[Door, Partner]
) -> None:
    asked, unv = opened
    person = unv.focal_point
    fao, ilo = workgroups.partner("FAO"), workgroups.partner("ILO")
    for partner in (fao, ilo):
        workgroups.tell(
            FocalPointConfirmed(
                person_id=fao.focal_point.id,
                institution_id=partner.id,
                person_name="Li",
                role="alternate",
            )
        )
    before = workgroups.everything()
    for body, status, pointer in (
        ({"person_id": UNKNOWN, "role": "adviser"}, 404, "/person_id"),
        ({"person_id": str(workgroups.person().id), "role": "adviser"}, 404, "/person_id"),
        ({"person_id": str(person.id), "role": "chair"}, 422, "/role"),
        (
            {"person_id": str(person.id), "role": "member", "institution_id": str(fao.id)},
            422,
            "/institution_id",
        ),
        ({"person_id": str(fao.focal_point.id), "role": "adviser"}, 422, "/institution_id"),
        ({"person_id": str(asked.coordinator.id), "role": "member"}, 422, "/role"),
        ({"role": "member"}, 422, "/person_id"),
    ):
        refused = workgroups.send(asked.coordinator, "POST", f"{asked.path}/roles", body)
        assert refused.status_code == status, refused.text
        assert refused.json()["errors"][0]["pointer"] == pointer
    assert workgroups.everything() == before


def test_a_member_institution_names_its_own_people(
    workgroups: Workgroups, opened: tuple[Door, Partner]
) -> None:
    asked, unv = opened
    through = {"institution_id": str(unv.id)}
    by = unv.focal_point
    role = asked.give(by, "alternate", by=by, **through)
    assert role.status_code == 201, role.text
    for name in ("coordinator", "rapporteur", "observer"):
        assert asked.give(by, name, by=by, **through).status_code == 403
    assert asked.give(by, "member", by=by).status_code == 403, "through which institution?"
    fao = workgroups.partner("FAO")
    assert asked.give(by, "member", by=fao.focal_point, **through).status_code == 403
    assert asked.end(role.json(), by=fao.focal_point).status_code == 403
    assert asked.end(role.json(), by=by, body={}).status_code == 200


def test_a_role_is_taken_with_a_reason_or_given_back_without(
    workgroups: Workgroups, opened: tuple[Door, Partner]
) -> None:
    asked, unv = opened
    role = asked.give(unv.focal_point, "rapporteur").json()
    refused = asked.end(role, body={})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/reason")
    assert asked.end(role, by=workgroups.person()).status_code == 403
    ended = asked.end(role, by=unv.focal_point, body={})
    assert ended.json()["state"] == "ended"
    assert asked.end(role).status_code == 409
    assert roles(asked) == []
    assert roles(asked, "?state=ended") == [("rapporteur", "ended")]
    history = workgroups.read(
        unv.focal_point, f"{asked.path}/membership-history?person_id={unv.focal_point.id}"
    )["items"]
    assert [(entry["action"], entry["role"], entry["to_state"]) for entry in history] == [
        ("give", "rapporteur", "active"),
        ("end", "rapporteur", "ended"),
    ]


def test_the_last_coordinator_is_not_lost_silently(
    workgroups: Workgroups, opened: tuple[Door, Partner]
) -> None:
    asked, unv = opened
    last = asked.give(unv.focal_point, "coordinator").json()
    refused = asked.end(last)
    assert refused.status_code == 409
    assert "leave_without_coordinator" in refused.json()["detail"]
    other = asked.give(asked.coordinator, "coordinator").json()
    assert asked.end(last).status_code == 200
    said = {**WHY, "leave_without_coordinator": True}
    assert asked.end(other, body=said).status_code == 200
    lost = [d for _, d in workgroups.published() if isinstance(d, GroupLeftWithoutCoordinator)]
    assert [str(data.group_id) for data in lost] == [asked.group["id"]]


def test_of_two_coordinators_who_leave_at_the_same_time_one_stays(
    workgroups: Workgroups, opened: tuple[Door, Partner], at_once: Callable[..., list[Any]]
) -> None:
    asked, unv = opened
    one = asked.give(unv.focal_point, "coordinator").json()
    other = asked.give(asked.coordinator, "coordinator").json()
    answers = at_once(lambda: asked.end(one).status_code, lambda: asked.end(other).status_code)
    assert sorted(answers) == [200, 409]


def test_a_suspended_role_gives_no_rights_and_is_confirmed_through_who_they_speak_for_now(
    workgroups: Workgroups, opened: tuple[Door, Partner]
) -> None:
    asked, unv = opened
    role = asked.give(unv.focal_point, "co_chair").json()
    asked.suspend_role(role)
    title = {"title": "Mine"}
    by = unv.focal_point
    assert workgroups.send(by, "PATCH", asked.path, title, if_match='"1"').status_code == 403
    confirm = f"{asked.path}/roles/{role['id']}/confirm"
    assert workgroups.send(by, "POST", confirm).status_code == 403
    workgroups.tell(FocalPointRemoved(person_id=by.id, institution_id=unv.id))
    gone = workgroups.send(asked.coordinator, "POST", confirm)
    assert gone.status_code == 404, gone.text
    fao = workgroups.partner("FAO")
    workgroups.join(fao, asked.group)
    workgroups.tell(
        FocalPointConfirmed(
            person_id=by.id, institution_id=fao.id, person_name="Ana", role="alternate"
        )
    )
    confirmed = workgroups.send(asked.coordinator, "POST", confirm)
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["institution_id"] == str(fao.id)
    assert workgroups.send(asked.coordinator, "POST", confirm).status_code == 409
    assert workgroups.send(by, "PATCH", asked.path, title, if_match='"1"').status_code == 200


def test_a_role_of_another_group_is_not_found(
    workgroups: Workgroups, opened: tuple[Door, Partner]
) -> None:
    asked, unv = opened
    role = asked.give(unv.focal_point, "rapporteur").json()
    other = door(workgroups, "invitation")
    for path in (f"{other.path}/roles/{role['id']}", f"{asked.path}/roles/{UNKNOWN}"):
        assert workgroups.send(asked.coordinator, "GET", path).status_code == 404
        assert workgroups.send(asked.coordinator, "POST", f"{path}/end", WHY).status_code == 404


def waiting(workgroups: Workgroups, person: Person) -> list[tuple[str, str]]:
    found = workgroups.read(person, "/me/waiting")["items"]
    return [(each["kind"], each["group_title"]) for each in found]


def test_what_waits_is_shown_to_who_can_answer_it(workgroups: Workgroups) -> None:
    asked = door(workgroups)
    unv, fao, ilo = (workgroups.partner(name) for name in ("UNV", "FAO", "ILO"))
    asked.answer(ilo.focal_point, asked.invite(ilo).json(), "accept")
    asked.request(unv)
    asked.invite(fao)
    title = asked.group["title"]

    assert waiting(workgroups, asked.coordinator) == [("request_to_answer", title)]
    assert waiting(workgroups, fao.focal_point) == [("invitation_to_answer", title)]
    assert waiting(workgroups, unv.focal_point) == []

    role = asked.give(ilo.focal_point, "co_chair").json()
    assert waiting(workgroups, asked.coordinator) == [], "the group has who leads it"
    assert waiting(workgroups, ilo.focal_point) == [("request_to_answer", title)]
    asked.suspend_role(role)
    asked.suspend(ilo)
    assert waiting(workgroups, ilo.focal_point) == []
    assert sorted(waiting(workgroups, asked.coordinator)) == [
        ("membership_to_confirm", title),
        ("request_to_answer", title),
        ("role_to_confirm", title),
    ]


def test_one_sees_the_groups_to_which_one_belongs(
    workgroups: Workgroups, opened: tuple[Door, Partner]
) -> None:
    asked, unv = opened
    other = door(workgroups, "invitation")
    adviser = workgroups.partner("FAO").focal_point
    other.give(adviser, "adviser")
    mine = workgroups.read(unv.focal_point, "/me/groups")["items"]
    assert [(group["id"], group["roles"], group["institutions"]) for group in mine] == [
        (asked.group["id"], ["focal_point"], [str(unv.id)])
    ]
    found = workgroups.read(adviser, "/me/groups")["items"]
    assert [(group["id"], group["roles"]) for group in found] == [(other.group["id"], ["adviser"])]
    assert workgroups.read(workgroups.person(), "/me/groups")["items"] == []
    assert workgroups.send(None, "GET", "/me/groups").status_code == 401


def test_who_has_which_role_is_not_shown_to_the_whole_world(
    workgroups: Workgroups, opened: tuple[Door, Partner]
) -> None:
    asked, _ = opened
    assert workgroups.send(None, "GET", f"{asked.path}/roles").status_code == 401
